//! `mif` as administrators use it.

use serde_json::{Value, json};

use crate::harness::{ADMIN, Database, Finished, PASSWORD, Site, on_both_databases};

on_both_databases!(
    an_administrator_made_from_the_command_line_signs_in,
    a_reset_password_must_be_changed,
    a_customer_of_the_demo_sees_its_own_machines_only,
    the_schema_goes_up_and_down,
    settings_are_shown_without_their_secrets,
);

const NEW: &str = "Courroie-Verte-42?";

async fn an_administrator_made_from_the_command_line_signs_in(database: Database) {
    let site = Site::new(database).await;
    let server = site.start().await;

    let nadia = ["admin", "create", "--email", "nadia@usine.test", "--username", "nadia"];
    let output = site.run(&nadia).ok();
    let password = Finished::between(&output, "password: ", "\n");
    let session = server.sign_in("nadia", &password).await;
    assert_eq!(session.client.users().await.is(200).rows().len(), 2);
    site.run(&nadia).refused(&["taken"]);

    let salma = ["admin", "create", "--email", "salma@usine.test", "--username", "salma", "--password-stdin"];
    site.run_with(&salma, &[], "azerty\n").refused(&["password"]);
    site.run_with(&salma, &[], &format!("{NEW}\n")).ok();
    server.sign_in("salma@usine.test", NEW).await;
}

async fn a_reset_password_must_be_changed(database: Database) {
    let site = Site::new(database).await;
    let (server, admin) = site.open().await;

    let output = site.run(&["admin", "reset-password", ADMIN]).ok();
    let temporary = Finished::between(&output, "password: ", "\n");
    server.client().login(ADMIN, PASSWORD).await.problem(401, "identifiants_invalides");
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    admin.me().await.problem(401, "session_terminee");

    let session = server.sign_in(ADMIN, &temporary).await;
    session.client.users().await.problem(403, "mot_de_passe_a_changer");
    session.client.list_equipment("limit=1").await.problem(403, "mot_de_passe_a_changer");
    session.client.me().await.is(200);
    session.client.change_password(&temporary, NEW).await.is(200);
    server.sign_in(ADMIN, NEW).await.client.users().await.is(200);
    site.run(&["admin", "reset-password", "nobody"]).refused(&["no such user"]);
}

async fn a_customer_of_the_demo_sees_its_own_machines_only(database: Database) {
    let site = Site::new(database).await;
    let (server, admin) = site.open().await;
    let output = site.run(&["seed", "demo"]).ok();
    let password = Finished::between(&output, "with the password ", "\n");
    site.run(&["seed", "demo"]).refused(&["already"]);

    let all = admin.all_equipment().await;
    let customer = server.sign_in("demo.client", &password).await.client;
    let theirs = customer.me().await.is(200).body["client_id"].clone();
    assert!(theirs.is_i64());
    let (own, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|row| row["client_id"] == theirs);
    assert!(!own.is_empty() && !others.is_empty());
    assert_eq!(customer.all_equipment().await, own);
    for row in others {
        customer.equipment(row["id"].as_i64().unwrap()).await.problem(404, "introuvable");
    }
    let id = own[0]["id"].as_i64().unwrap();
    customer.delete_equipment(id).await.problem(403, "permission_refusee");
    customer.users().await.problem(403, "permission_refusee");
}

async fn the_schema_goes_up_and_down(database: Database) {
    let site = Site::new(database).await;
    let states = || site.run(&["migrate", "status"]).ok();
    assert!(states().contains("pending") && !states().contains("applied"));
    site.run_with(&["serve"], &[("MIF_DATABASE__MIGRATE", "check")], "").refused(&["pending", "mif migrate up"]);

    site.run(&["migrate", "up"]).ok();
    assert!(states().contains("applied") && !states().contains("pending"));
    site.run(&["migrate", "down"]).ok();
    assert!(states().contains("pending"));
    site.run(&["migrate", "up"]).ok();
    let server = site.start_with(&[("MIF_DATABASE__MIGRATE", "check")]).await;
    server.sign_in(ADMIN, PASSWORD).await;
}

async fn settings_are_shown_without_their_secrets(database: Database) {
    let site = Site::new(database).await;
    assert!(site.run(&["config", "check"]).ok().contains("valid"));
    let url = ("DATABASE_URL", "postgres://mif:Tr3s-Secret@127.0.0.1/mif");
    let shown = site.run_with(&["config", "show"], &[url], "").ok();
    assert!(!shown.contains(PASSWORD) && !shown.contains("Tr3s-Secret"), "{shown}");
    for key in ["bootstrap.admin_password", "environment variable MIF_BOOTSTRAP__ADMIN_PASSWORD", "***", "http.bind"] {
        assert!(shown.contains(key), "{key}: {shown}");
    }
}

#[tokio::test]
async fn a_setting_that_does_not_exist_or_does_not_parse_stops_the_start() {
    let site = Site::new(Database::Sqlite).await;
    for command in ["serve", "config"] {
        let arguments = if command == "config" { vec!["config", "check"] } else { vec![command] };
        site.run_with(&arguments, &[("MIF_HTTP__BINDD", "127.0.0.1:0")], "").refused(&["MIF_HTTP__BINDD", "http.bind"]);
        site.run_with(&arguments, &[("MIF_HTTP__BIND", "everywhere")], "").refused(&["MIF_HTTP__BIND", "everywhere"]);
        site.run_with(&arguments, &[("MIF_CORS__ORIGINS", "*")], "").refused(&["MIF_CORS__ORIGINS"]);
        site.run_with(&arguments, &[("DATABASE_URL", "mysql://u:Tr3s-Secret@h/d")], "").refused(&["DATABASE_URL"]);
    }
    let weak = [("MIF_BOOTSTRAP__ADMIN_PASSWORD", "azerty")];
    site.run_with(&["serve"], &weak, "").refused(&["MIF_BOOTSTRAP__ADMIN_PASSWORD"]);
}

#[tokio::test]
async fn production_refuses_what_would_be_unsafe() {
    let site = Site::new(Database::Sqlite).await;
    let production = ("MIF_PROFILE", "production");
    site.run_with(&["serve"], &[production], "").refused(&["MIF_LIMITS__ENABLED"]);
    let guarded = [
        production,
        ("MIF_LIMITS__ENABLED", "true"),
        ("MIF_DATABASE__MIGRATE", "auto"),
        ("MIF_ANTIVIRUS__ALLOW_OFF", "true"),
    ];
    site.run_with(&["serve"], &guarded, "").refused(&["MIF_MAIL__SMTP_URL"]);
    let mail = [("MIF_MAIL__SMTP_URL", "smtp://localhost"), ("MIF_MAIL__FROM", "mif@usine.test")];
    site.run_with(&["serve"], &[&guarded[..], &mail].concat(), "").refused(&["MIF_KEYS__DIR"]);
    assert!(!site.folder("keys").exists(), "no key is invented in production");
}

#[tokio::test]
async fn the_printed_document_is_the_served_one() {
    let site = Site::new(Database::Sqlite).await;
    let server = site.start().await;
    let printed: Value = serde_json::from_str(&site.run(&["openapi"]).ok()).unwrap();
    let anonymous = server.client();
    let document = anonymous.send(anonymous.request(reqwest::Method::GET, "/openapi.json")).await.is(200).body;
    assert_eq!(printed, document);
    assert!(printed["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")));
    assert_ne!(printed["paths"], json!({}));
}

#[tokio::test]
async fn the_health_check_tells_by_its_exit_code() {
    let site = Site::new(Database::Sqlite).await;
    let server = site.start_with(&[("MIF_HTTP__DRAIN_SECONDS", "5")]).await;
    let address = server.address().to_owned();
    let check = || site.run_with(&["healthcheck"], &[("MIF_HTTP__BIND", &address)], "").code;
    assert_eq!(check(), 0);
    server.terminate();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(check(), 1, "it is draining");
    server.kill();
    assert_eq!(check(), 1, "nobody is there");
}
