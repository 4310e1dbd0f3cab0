//! What holds for every parameter and every text of its kind, so that no route has to repeat it.

use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{AdditionalProperties, SchemaType};
use utoipa::openapi::{Object, RefOr, Schema, Type};

/// What `Line` takes: no control character, and not blanks alone.
const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
/// What `Paragraph` takes: line breaks and tabs as well.
const PARAGRAPH: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
/// What one searches for: perhaps nothing, never a control character.
const SEARCH: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// The longest text that is one line.
const LONGEST_LINE: usize = 300;
/// Any tag, or one entity tag: which version that is, the server knows.
const IF_MATCH: &str = r#"^(\*|"[^",]*")$"#;
/// Printable ASCII.
const IDEMPOTENCY_KEY: &str = "^[ -~]+$";

/// Completes a parameter.
pub(super) fn bound_parameter(parameter: &mut RefOr<Parameter>) {
    let RefOr::T(parameter) = parameter else { return };
    let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema else { return };
    match (&parameter.parameter_in, parameter.name.as_str()) {
        (ParameterIn::Path, "id") => schema.minimum = Some(1_i64.into()),
        (ParameterIn::Header, "If-Match") => schema.pattern = Some(IF_MATCH.to_owned()),
        (ParameterIn::Header, "Idempotency-Key") => {
            schema.pattern = Some(IDEMPOTENCY_KEY.to_owned());
            (schema.min_length, schema.max_length) = (Some(1), Some(255));
        }
        (ParameterIn::Query, "q") => {
            schema.pattern = Some(SEARCH.to_owned());
            schema.max_length = Some(100);
        }
        (ParameterIn::Query, _) => {
            // `?name=` is a text without characters, not null.
            present(&mut schema.schema_type);
            bound_text(schema);
        }
        _ => {}
    }
    if matches!(parameter.parameter_in, ParameterIn::Header | ParameterIn::Query) {
        present(&mut schema.schema_type);
    }
}

/// Completes the texts of what clients send: an object that takes no unknown field.
pub(super) fn bound_body(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    let closed = matches!(object.additional_properties.as_deref(), Some(AdditionalProperties::FreeForm(false)));
    if !closed {
        return;
    }
    for property in object.properties.values_mut() {
        if let RefOr::T(Schema::Object(property)) = property {
            bound_text(property);
        }
    }
}

/// A text with a largest length is a `Line` or a `Paragraph`, unless it says more about itself.
fn bound_text(schema: &mut Object) {
    let is_text = match &schema.schema_type {
        SchemaType::Type(kind) => *kind == Type::String,
        SchemaType::Array(kinds) => kinds.contains(&Type::String),
        SchemaType::AnyValue => false,
    };
    let Some(longest) = schema.max_length.filter(|_| is_text) else { return };
    schema.min_length.get_or_insert(1);
    if schema.format.is_none() && schema.pattern.is_none() {
        let pattern = if longest <= LONGEST_LINE { LINE } else { PARAGRAPH };
        schema.pattern = Some(pattern.to_owned());
    }
}

/// Takes `null` away.
fn present(schema_type: &mut SchemaType) {
    if let SchemaType::Array(kinds) = schema_type {
        kinds.retain(|kind| *kind != Type::Null);
        if let [kind] = kinds.as_slice() {
            *schema_type = SchemaType::Type(kind.clone());
        }
    }
}
