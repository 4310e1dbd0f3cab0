//! The document itself is complete.

use std::collections::HashSet;

use serde_json::Value;

use crate::app::App;
use crate::documented::{DOCUMENT, operations, resolve};

#[test]
fn every_operation_has_a_stable_name_a_success_and_a_problem() {
    let mut names = HashSet::new();
    for (path, method, operation) in operations() {
        let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no operationId"));
        assert!(names.insert(name), "{name} is used twice");
        assert!(operation["summary"].is_string(), "{name} has no summary");
        assert!(operation["security"].is_array(), "{name} does not say who may call it");
        let responses = operation["responses"].as_object().unwrap();
        assert!(
            responses.keys().any(|status| status.starts_with('2') || status.starts_with('3')),
            "{name}: no success"
        );
        let problems: Vec<_> = responses.iter().filter(|(status, _)| status.starts_with(['4', '5'])).collect();
        assert!(!problems.is_empty(), "{name}: no problem");
        for (status, problem) in problems {
            let kinds: Vec<_> =
                problem["content"].as_object().into_iter().flatten().map(|(kind, _)| kind.as_str()).collect();
            let own = name.starts_with("pret") && status == "503";
            assert!(own || kinds == ["application/problem+json"], "{name} {status}: {kinds:?}");
        }
    }
    assert!(names.len() >= 34, "{} operations", names.len());
}

#[test]
fn every_reference_resolves_and_every_described_body_has_an_example() {
    fn walk(value: &Value) {
        if value.get("$ref").is_some() {
            resolve(value);
        }
        match value {
            Value::Object(map) => map.values().for_each(walk),
            Value::Array(items) => items.iter().for_each(walk),
            _ => {}
        }
    }
    walk(&DOCUMENT);
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        let is_word = schema.get("enum").is_some();
        let is_part = name == "ProblemeChamp";
        assert!(
            is_word || is_part || ["example", "examples"].iter().any(|key| schema.get(key).is_some()),
            "{name} has no example"
        );
    }
}

#[test]
fn two_types_never_share_a_schema_name() {
    // utoipa lets the second one win without a word; each name is declared once in the sources.
    let sources = [
        include_str!("../../src/wire/audit.rs"),
        include_str!("../../src/wire/auth.rs"),
        include_str!("../../src/wire/users.rs"),
        include_str!("../../src/wire/letters.rs"),
        include_str!("../../src/wire/mfa.rs"),
        include_str!("../../src/wire/customers.rs"),
        include_str!("../../src/wire/technicians.rs"),
        include_str!("../../src/wire/notifications.rs"),
        include_str!("../../src/wire/equipment.rs"),
        include_str!("../../src/wire/equipment_csv.rs"),
        include_str!("../../src/wire/documents.rs"),
        include_str!("../../src/routes/health.rs"),
        include_str!("../../src/problem/mod.rs"),
    ];
    let mut names = HashSet::new();
    for line in sources.iter().flat_map(|source| source.lines()) {
        if let Some((_, rest)) = line.split_once("#[schema(as = ") {
            let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
            assert!(names.insert(name.clone()), "{name} is declared twice");
        }
    }
    assert!(names.len() >= 15, "{names:?}");
}

#[test]
fn words_are_spelled_as_they_are_on_the_wire() {
    let mut words = 0;
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        for word in schema["enum"].as_array().into_iter().flatten() {
            let word = word.as_str().unwrap();
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}: {word}");
            words += 1;
        }
    }
    assert!(words > 50, "{words}");
}

#[test]
fn what_is_refused_everywhere_is_bounded_everywhere() {
    let mut seen = HashSet::new();
    for operation in DOCUMENT["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values())
    {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let bounded = match (parameter["in"].as_str().unwrap(), name) {
                ("path", "id") => schema["minimum"] == 1,
                ("header", "If-Match") | ("query", "q" | "tri") => schema["pattern"].is_string(),
                ("header", "Idempotency-Key") => schema["pattern"].is_string() && schema["maxLength"] == 255,
                _ => continue,
            };
            assert!(bounded, "{} {name}: {schema}", operation["operationId"]);
            seen.insert(name);
        }
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}

#[actix_web::test]
async fn the_document_and_its_pages_are_served_without_a_network() {
    let app = App::start().await;
    let served = app.get("/openapi.json", "").await.expect(200).json();
    assert_eq!(served["openapi"], "3.1.0");
    assert_eq!(served, *DOCUMENT);
    let page = app.get("/docs/", "").await.expect(200).text();
    assert!(!page.contains("https://"), "the page loads something from elsewhere: {page}");
    app.get("/docs", "").await.expect(308);
    app.get("/docs/swagger-ui-bundle.js", "").await.expect(200);
    app.get("/docs/swagger-initializer.js", "").await.expect(200);
}
