use serde_json::{Value, json};

use super::{crates, violations};

/// A workspace in which `dependant` has one dependency and the given names are members.
fn found(members: &[&str], dependant: &str, dependency: &str, kind: &Value) -> Vec<String> {
    let packages: Vec<Value> = members
        .iter()
        .map(|name| {
            let dependencies =
                if *name == dependant { vec![json!({"name": dependency, "kind": kind})] } else { Vec::new() };
            json!({"name": name, "dependencies": dependencies})
        })
        .collect();
    violations(&crates(&json!({ "packages": packages })).unwrap())
}

const MEMBERS: &[&str] = &[
    "mif-domain",
    "mif-application",
    "mif-persistence",
    "mif-migrations",
    "mif-security",
    "mif-telemetry",
    "mif-http",
    "mif-server",
    "mif-testkit",
    "mif-journeys",
    "xtask",
];

fn allowed(dependant: &str, dependency: &str) -> bool {
    found(MEMBERS, dependant, dependency, &Value::Null).is_empty()
}

#[test]
fn a_violation_names_both_crates_and_the_rule() {
    let found = found(MEMBERS, "mif-http", "mif-persistence", &Value::Null);
    let sentence =
        "mif-http depends on mif-persistence: of the workspace it may depend only on mif-domain and mif-application.";
    assert_eq!(found, [sentence]);
}

#[test]
fn the_domain_sees_no_workspace_crate_and_few_others() {
    assert!(allowed("mif-domain", "chrono"));
    assert!(!allowed("mif-domain", "sea-orm"));
    assert!(!allowed("mif-domain", "serde"));
    assert!(!allowed("mif-domain", "tokio"));
    assert!(!allowed("mif-domain", "mif-application"));
}

#[test]
fn the_application_sees_the_domain_only() {
    assert!(allowed("mif-application", "mif-domain"));
    assert!(allowed("mif-application", "tracing"));
    assert!(!allowed("mif-application", "mif-persistence"));
    assert!(!allowed("mif-application", "mif-testkit"));
    assert!(!allowed("mif-application", "serde_json"));
}

#[test]
fn adapters_do_not_see_each_other() {
    assert!(allowed("mif-security", "mif-domain"));
    assert!(allowed("mif-persistence", "mif-migrations"));
    assert!(!allowed("mif-security", "mif-persistence"));
    assert!(!allowed("mif-security", "mif-migrations"));
    assert!(!allowed("mif-telemetry", "mif-http"));
    assert!(!allowed("mif-security", "mif-clamav"), "also while that crate does not exist yet");
}

#[test]
fn only_two_crates_see_the_database_library_and_only_two_the_web_framework() {
    assert!(allowed("mif-persistence", "sea-orm"));
    assert!(allowed("mif-migrations", "sea-orm-migration"));
    assert!(!allowed("mif-server", "sqlx"));
    assert!(!allowed("mif-http", "sea-orm"));
    assert!(allowed("mif-http", "actix-cors"));
    assert!(allowed("mif-server", "actix-web"));
    assert!(!allowed("mif-telemetry", "actix-web"));
    assert!(!allowed("xtask", "actix-rt"));
}

#[test]
fn the_server_sees_everything_that_ships() {
    assert!(allowed("mif-server", "mif-persistence"));
    assert!(allowed("mif-server", "mif-http"));
    assert!(!allowed("mif-server", "mif-testkit"));
    assert!(!allowed("mif-server", "xtask"));
}

#[test]
fn tests_may_use_more_but_the_core_stays_small() {
    let dev = |dependant, dependency| found(MEMBERS, dependant, dependency, &json!("dev")).is_empty();
    assert!(dev("mif-persistence", "mif-testkit"));
    assert!(dev("mif-security", "actix-web"));
    assert!(dev("mif-domain", "mif-testkit"));
    assert!(dev("mif-application", "proptest"));
    assert!(!dev("mif-domain", "sea-orm"));
    assert!(!dev("mif-application", "mif-persistence"));
    assert!(dev("mif-journeys", "reqwest"));
    assert!(!dev("mif-journeys", "mif-server"));
}

#[test]
fn build_dependencies_are_held_to_the_same_rule() {
    assert_eq!(found(MEMBERS, "mif-domain", "serde", &json!("build")).len(), 1);
}

#[test]
fn an_unknown_crate_is_a_violation() {
    let found = found(&["mif-billing"], "mif-billing", "serde", &Value::Null);
    assert_eq!(found, ["mif-billing is not in the table of crates: decide what it may depend on."]);
}
