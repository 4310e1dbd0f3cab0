//! The audit trail on the wire, and what is noted when somebody is denied something.

use chrono::TimeDelta;
use mif_application::audit::FlushDenials;
use mif_domain::Clock as _;
use mif_domain::audit::{ChainHash, Mark, MarkKind};
use mif_domain::users::Role;
use serde_json::{Value, json};

use crate::app::App;

async fn events(app: &App, token: &str, query: &str) -> Vec<Value> {
    let answer = app.get(&format!("/api/v1/audit/?{query}"), token).await.expect(200);
    answer.json().as_array().unwrap().clone()
}

#[actix_web::test]
async fn an_administrator_reads_what_happened_the_newest_first() {
    let app = App::start().await;
    let token = app.admin().await;
    let body = json!({"nom": "Presse", "type": "presse", "localisation": "Atelier"});
    let id = app.post("/api/v1/equipements", &token, body).await.expect(201).json()["id"].clone();
    let all = app.get("/api/v1/audit?total=true", &token).await.expect(200);
    assert_eq!(all.header("x-total-count").as_deref(), Some("2"));
    let rows = all.json();
    let newest = &rows[0];
    assert_eq!((&newest["type"], &newest["resultat"]), (&json!("equipment.created"), &json!("succes")));
    assert_eq!(newest["resource"], format!("equipment/{id}"));
    assert_eq!(newest["acteur"]["username"], "nadia");
    assert_eq!((&newest["seq"], &newest["hash"]), (&Value::Null, &Value::Null), "no linker runs here");
    assert_eq!((&newest["ip"], newest["details"].is_object()), (&json!("203.0.113.9"), true));
    assert_eq!(rows[1]["type"], "auth.login.success");
}

#[actix_web::test]
async fn events_are_narrowed_and_paged() {
    let app = App::start().await;
    let token = app.admin().await;
    for name in ["A", "B", "C"] {
        let body = json!({"nom": name, "type": "presse", "localisation": "Atelier"});
        app.post("/api/v1/equipements", &token, body).await.expect(201);
    }
    let newest = events(&app, &token, "limit=1").await[0].clone();
    let (actor, request) = (newest["acteur"]["id"].clone(), newest["request_id"].as_str().unwrap().to_owned());
    for (query, expected) in [
        ("type=equipment.created", 3),
        ("type=Equipment.Created&resultat=echec", 0),
        ("resultat=SUCCES", 4),
        (&format!("acteur={actor}"), 4),
        ("acteur=404", 0),
        (&format!("request_id={request}"), 1),
        ("request_id=404", 0),
        ("du=2026-01-05&au=2026-01-05", 4),
        ("du=2026-01-06", 0),
        ("au=2026-01-04", 0),
    ] {
        assert_eq!(events(&app, &token, query).await.len(), expected, "{query}");
    }
    let first = app.get("/api/v1/audit?limit=3&tri=id", &token).await.expect(200);
    let link = first.header("link").unwrap();
    let next = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
    let rest = app.get(&next, &token).await.expect(200).json();
    assert_eq!(rest.as_array().unwrap().len(), 1);
    for bad in ["type=rien", "tri=type", "acteur=x", "resultat=perhaps", "du=demain", "inconnu=1"] {
        app.get(&format!("/api/v1/audit?{bad}"), &token).await.expect_problem(422, "validation");
    }
}

#[actix_web::test]
async fn the_newest_checkpoint_is_handed_out() {
    let app = App::start().await;
    let token = app.admin().await;
    app.get("/api/v1/audit/checkpoint", &token).await.expect_problem(404, "introuvable");
    let mark = Mark { kind: MarkKind::Checkpoint, seq: 7, hash: ChainHash([171; 32]), at: app.clock.now(), events: 5 };
    app.keep_checkpoint(mark).await;
    let found = app.get("/api/v1/audit/checkpoint", &token).await.expect(200).json();
    assert_eq!((&found["seq"], &found["evenements"]), (&json!(7), &json!(5)));
    assert_eq!(found["hash"], "ab".repeat(32));
    assert!(found["signature"].as_str().is_some_and(|signature| !signature.is_empty()));
}

#[actix_web::test]
async fn twenty_denials_a_minute_are_noted_and_the_others_counted() {
    let app = App::start().await;
    let admin = app.admin().await;
    app.user("karim", Role::Technician, None).await;
    let token = app.sign_in("karim").await.access;
    for _ in 0..25 {
        app.get("/api/v1/users?limit=1", &token).await.expect_problem(403, "permission_refusee");
    }
    // What nobody signed in for is no denial.
    app.get("/api/v1/users", "").await.expect(401);
    let denied = "type=access.denied&limit=200";
    let noted = events(&app, &admin, denied).await;
    assert_eq!(noted.len(), 20);
    assert_eq!(noted[0]["details"], json!({"method": "GET", "path": "/api/v1/users"}));
    assert_eq!((&noted[0]["acteur"]["username"], &noted[0]["resultat"]), (&json!("karim"), &json!("echec")));
    FlushDenials { all: false }.run(&app.core).await.unwrap();
    assert_eq!(events(&app, &admin, denied).await.len(), 20, "the minute is not over");

    app.clock.advance(TimeDelta::seconds(60));
    FlushDenials { all: false }.run(&app.core).await.unwrap();
    FlushDenials { all: true }.run(&app.core).await.unwrap();
    let noted = events(&app, &admin, denied).await;
    assert_eq!((noted.len(), &noted[0]["details"]), (21, &json!({"suppressed": "5"})));
    app.get("/api/v1/audit", &token).await.expect_problem(403, "permission_refusee");
    let noted = events(&app, &admin, denied).await;
    assert_eq!((noted.len(), &noted[0]["details"]["path"]), (22, &json!("/api/v1/audit")));
}

#[actix_web::test]
async fn denials_of_a_minute_that_nobody_closed_are_noted_with_the_next_one() {
    let app = App::start().await;
    let admin = app.admin().await;
    app.user("karim", Role::Technician, None).await;
    let token = app.sign_in("karim").await.access;
    for _ in 0..22 {
        app.get("/api/v1/users", &token).await.expect(403);
    }
    app.clock.advance(TimeDelta::seconds(61));
    app.get("/api/v1/users", &token).await.expect(403);
    let noted = events(&app, &admin, "type=access.denied&limit=200").await;
    assert_eq!((noted.len(), &noted[1]["details"]), (22, &json!({"suppressed": "2"})));
}
