//! Holds an answer against the OpenAPI document: status, media type, and the fields of what it describes.

use std::sync::LazyLock;

use actix_web::http::Method;
use serde_json::Value;

use crate::app::Answer;

/// The document as clients get it.
pub(crate) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&mif_http::document().to_json().unwrap()).unwrap());

/// Every operation: path, method, description.
pub(crate) fn operations() -> Vec<(&'static str, &'static str, &'static Value)> {
    let methods = ["get", "post", "put", "patch", "delete"];
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let described = |method: &&'static str| item.get(*method).map(|operation| (path.as_str(), *method, operation));
        methods.iter().filter_map(described).collect::<Vec<_>>()
    });
    operations.collect()
}

/// Fails when the document does not know this answer. What no route has (404, 405) needs no description.
#[track_caller]
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let path = if path.starts_with("/api/") { path.trim_end_matches('/') } else { path };
    let method = method.as_str().to_lowercase();
    let best = operations()
        .into_iter()
        .filter(|(template, known, _)| *known == method && matches(template, path))
        .min_by_key(|(template, _, _)| template.matches('{').count());
    let Some((template, _, operation)) = best else {
        // 400 is for the preflight of an origin that is not allowed.
        let status = answer.status.as_u16();
        assert!(matches!(status, 200 | 204 | 400 | 404 | 405 | 429), "{method} {path}: {status}");
        return;
    };
    let place = format!("{method} {template} -> {}", answer.status.as_u16());
    let response =
        operation["responses"].get(answer.status.as_str()).unwrap_or_else(|| panic!("{place} is not documented"));
    let Some(content) = response.get("content").and_then(Value::as_object) else { return };
    if answer.body.is_empty() {
        return;
    }
    let kind = answer.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap().to_owned();
    let Some(described) = content.get(&kind).or_else(|| content.get("*/*")) else {
        assert!(path.starts_with("/docs"), "{place}: the media type {kind} is not documented");
        return;
    };
    if kind.ends_with("json") {
        check_fields(&described["schema"], &answer.json(), &place);
    }
}

/// The fields of objects: all that are required, none that is unknown.
#[track_caller]
fn check_fields(schema: &Value, value: &Value, place: &str) {
    let schema = resolve(schema);
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        return values.iter().for_each(|value| check_fields(items, value, place));
    }
    let (Some(known), Some(found)) = (schema.get("properties").and_then(Value::as_object), value.as_object()) else {
        return;
    };
    for name in found.keys() {
        assert!(known.contains_key(name), "{place}: the field {name} is not documented");
    }
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        assert!(found.contains_key(name.as_str().unwrap()), "{place}: the field {name} is missing");
    }
}

/// Follows a reference.
pub(crate) fn resolve(schema: &Value) -> &Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => {
            let found = DOCUMENT.pointer(reference.trim_start_matches('#'));
            found.unwrap_or_else(|| panic!("{reference} points at nothing"))
        }
        None => schema,
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (mut expected, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (expected.next(), given.next()) {
            (None, None) => return true,
            (Some(literal), Some(text)) if literal == text || literal.starts_with('{') => {}
            _ => return false,
        }
    }
}
