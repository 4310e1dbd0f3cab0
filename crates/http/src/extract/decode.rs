//! Turning what a client sent into a type, and what is wrong with it into words. serde's own messages repeat the value,
//! which may be a secret: only what they *expected* is passed on.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;

use crate::problem::{ApiError, Code, FieldProblem};

/// Decodes a JSON object.
pub(super) fn json_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // serde would also read an array as a struct, field by field.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::field(".", FieldProblem::Type("un objet JSON".to_owned())));
    }
    json(body)
}

/// Decodes the named fields of a form, as if they had come after `?`.
pub(crate) fn pairs<T: DeserializeOwned>(fields: &[(String, String)]) -> Result<T, ApiError> {
    let mut text = form_urlencoded::Serializer::new(String::new());
    query(&text.extend_pairs(fields).finish())
}

/// Decodes a JSON array of objects.
pub(super) fn json_array<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, ApiError> {
    let items: Vec<Object<T>> = json(body)?;
    Ok(items.into_iter().map(|item| item.0).collect())
}

/// Something that may only be written as an object.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("un objet JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields))
    }
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value =
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| match error.inner().classify() {
            Category::Data => refused(&error.path().to_string(), &error.inner().to_string()),
            Category::Syntax | Category::Eof | Category::Io => Code::MalformedJson.into(),
        })?;
    deserializer.end().map_err(|_| ApiError::from(Code::MalformedJson))?;
    Ok(value)
}

/// Decodes named values, as forms have them.
pub(super) fn json_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| refused(&error.path().to_string(), &error.inner().to_string()))
}

/// Decodes the part of an address after `?`.
pub(super) fn query<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| refused(&error.path().to_string(), &error.inner().to_string()))
}

/// From serde's message to a field and what is wrong with it.
fn refused(path: &str, message: &str) -> ApiError {
    let named = || message.split('`').nth(1).unwrap_or_default().to_owned();
    let at = |name: String| match path {
        "." | "?" | "" => name,
        _ if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        _ => format!("{path}.{name}"),
    };
    let (field, problem) = if message.starts_with("missing field") {
        (at(named()), FieldProblem::Missing)
    } else if message.starts_with("unknown field") {
        (at(named()), FieldProblem::Unknown)
    } else if message.starts_with("duplicate field") {
        (at(named()), FieldProblem::Duplicate)
    } else {
        // The last one: a value that itself says ", expected " stands before it.
        let expected = message.rsplit_once(", expected ").map(|(_, expected)| expected);
        let expected = expected.or_else(|| message.strip_prefix("expected ")).unwrap_or("une autre valeur");
        let expected = expected.split(" at line ").next().unwrap_or_default().replace('`', "");
        (path.to_owned(), FieldProblem::Type(expected))
    };
    ApiError::field(&field, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Form {
        #[expect(dead_code, reason = "only decoding is tested")]
        count: i64,
        #[expect(dead_code, reason = "only decoding is tested")]
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only decoding is tested")]
        name: String,
    }

    fn field(body: &str) -> (String, &'static str) {
        let error = json_slice::<Form>(body.as_bytes()).unwrap_err();
        assert_eq!(error.code, Code::Validation, "{body}");
        (error.fields[0].name.clone(), error.fields[0].problem.code())
    }

    #[test]
    fn a_refusal_names_the_field() {
        assert_eq!(field("{}"), ("count".into(), "champ_manquant"));
        assert_eq!(field(r#"{"count":1,"other":2}"#), ("other".into(), "champ_inconnu"));
        assert_eq!(field(r#"{"count":"x"}"#), ("count".into(), "type_invalide"));
        assert_eq!(field(r#"{"count":1,"count":2}"#), ("count".into(), "champ_double"));
        assert_eq!(field(r#"{"count":1,"inner":{}}"#), ("inner.name".into(), "champ_manquant"));
        assert_eq!(field(r#"{"count":99999999999999999999}"#), ("count".into(), "type_invalide"));
    }

    #[test]
    fn a_refusal_never_repeats_the_value() {
        let error = json_slice::<Form>(br#"{"count":"Tr3s-Secret!"}"#).unwrap_err();
        assert!(!format!("{error:?}").contains("Secret"), "{error:?}");
        let error = json_slice::<Form>(br#"{"count":"x, expected Tr3s-Secret!"}"#).unwrap_err();
        assert!(!format!("{error:?}").contains("Secret"), "{error:?}");
    }

    #[test]
    fn what_is_not_json_is_400() {
        for body in ["", "{", "{]", "\u{0}", r#"{"count":1} x"#] {
            assert_eq!(json_slice::<Form>(body.as_bytes()).unwrap_err().code, Code::MalformedJson, "{body:?}");
        }
    }
}
