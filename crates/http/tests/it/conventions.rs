//! The conventions of the wire that hold on every route.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use mif_http::{FloodGuard, FloodLimits};
use serde_json::{Value, json};

use crate::app::{App, Options, bearer};
use crate::broken::Broken;

#[actix_web::test]
async fn collections_answer_with_and_without_a_trailing_slash() {
    let app = App::start().await;
    let token = app.admin().await;
    for collection in ["equipements", "users", "clients", "techniciens", "techniciens/competences", "notifications"] {
        for end in ["", "/", "/?limit=5"] {
            app.get(&format!("/api/v1/{collection}{end}"), &token).await.expect(200);
        }
    }
}

#[actix_web::test]
async fn pages_are_walked_by_their_link_and_nothing_is_missed_or_doubled() {
    let app = App::start().await;
    let token = app.admin().await;
    for n in 0..23 {
        app.machine(&format!("Pompe {}", n % 5), None).await;
    }
    for tri in ["id", "-id", "nom", "-nom", "code", "-code", "updated_at"] {
        let mut path = format!("/api/v1/equipements?limit=5&tri={tri}");
        let mut seen = Vec::new();
        loop {
            let page = app.get(&path, &token).await.expect(200);
            seen.extend(page.json().as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()));
            let Some(link) = page.header("link") else { break };
            assert!(link.ends_with(">; rel=\"next\""), "{link}");
            path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
        }
        let mut sorted = seen.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!((seen.len(), sorted.len()), (23, 23), "{tri}");
    }
    let skipped = app.get("/api/v1/equipements?offset=20&total=true", &token).await.expect(200);
    assert_eq!(skipped.json().as_array().unwrap().len(), 3);
    assert_eq!(skipped.header("x-total-count").as_deref(), Some("23"));
}

#[actix_web::test]
async fn an_etag_protects_an_edit_and_saves_a_download() {
    let app = App::start().await;
    let token = app.admin().await;
    let path = format!("/api/v1/equipements/{}", app.machine("Presse", None).await);
    let first = app.get(&path, &token).await.expect(200).header("etag").unwrap();
    assert!(first.starts_with("\"1-"), "{first}");

    let request = TestRequest::get().uri(&path).insert_header(("if-none-match", first.as_str()));
    let unchanged = app.send(bearer(request, &token)).await.expect(304);
    assert_eq!((unchanged.body.len(), unchanged.header("etag")), (0, Some(first.clone())));

    let edit = |etag: &str| {
        TestRequest::patch().uri(&path).insert_header(("if-match", etag)).set_json(json!({"marque": "Autre marque"}))
    };
    let second = app.send(bearer(edit(&first), &token)).await.expect(200).header("etag").unwrap();
    assert!(second.starts_with("\"2-"), "{second}");
    app.send(bearer(edit(&first), &token)).await.expect_problem(412, "version_perimee");
    app.send(bearer(edit("\"x\""), &token)).await.expect_problem(412, "version_perimee");
    app.patch(&path, &token, json!({"marque": null})).await.expect(200);
    let request = TestRequest::delete().uri(&path).insert_header(("if-match", second.as_str()));
    app.send(bearer(request, &token)).await.expect_problem(412, "version_perimee");
    app.delete(&path, &token).await.expect(204);
    app.get(&path, &token).await.expect_problem(404, "introuvable");
}

#[actix_web::test]
async fn a_patch_keeps_what_it_does_not_name_and_empties_what_is_null() {
    let app = App::start().await;
    let token = app.admin().await;
    let body = json!({"nom": "Presse", "type": "presse", "localisation": "A", "code": "P1", "marque": "Schuler", "statut": "PANNE"});
    let made = app.post("/api/v1/equipements", &token, body).await.expect(201);
    assert_eq!(made.json()["statut"], "panne");
    let path = made.header("location").unwrap();
    let changed = app.patch(&path, &token, json!({"code": null, "localisation": "B"})).await.expect(200).json();
    assert_eq!(
        (&changed["code"], &changed["localisation"], &changed["marque"]),
        (&Value::Null, &json!("B"), &json!("Schuler"))
    );
    let answer = app.patch(&path, &token, json!({"nom": null})).await.expect_problem(422, "validation");
    assert_eq!(answer.fields(), [("nom".into(), "champ_manquant".into())]);
    let request = TestRequest::patch().uri(&path).insert_header(("content-type", "application/merge-patch+json"));
    app.send(bearer(request, &token).set_payload(r#"{"criticite":"critique"}"#)).await.expect(200);
}

#[actix_web::test]
async fn the_tree_of_machines_stays_a_tree() {
    let app = App::start().await;
    let token = app.admin().await;
    let (line, press) = (app.machine("Ligne", None).await, app.machine("Presse", None).await);
    let path = |id: i64| format!("/api/v1/equipements/{id}");
    app.patch(&path(press), &token, json!({"parent_id": line})).await.expect(200);
    app.patch(&path(line), &token, json!({"parent_id": press})).await.expect_problem(409, "cycle_equipement");
    app.patch(&path(line), &token, json!({"parent_id": line})).await.expect_problem(409, "cycle_equipement");
    app.delete(&path(line), &token).await.expect_problem(409, "equipement_utilise");
    app.patch(&path(press), &token, json!({"parent_id": 999})).await.expect_problem(422, "validation");
}

#[actix_web::test]
async fn the_same_idempotency_key_gets_the_same_answer() {
    let app = App::start().await;
    let token = app.admin().await;
    let send = |key: &'static str, body: Value| {
        let request = TestRequest::post().uri("/api/v1/equipements/").insert_header(("idempotency-key", key));
        app.send(bearer(request, &token).set_json(body))
    };
    let machine = json!({"nom": "Presse", "type": "presse", "localisation": "A", "code": "P1"});
    let first = send("one", machine.clone()).await.expect(201);
    let again = send("one", machine.clone()).await.expect(201);
    assert_eq!(first.body, again.body);
    assert_eq!((first.header("location"), first.header("etag")), (again.header("location"), again.header("etag")));
    send("one", json!({"nom": "Autre", "type": "presse", "localisation": "A"}))
        .await
        .expect_problem(422, "cle_idempotence_reutilisee");

    let refused = send("two", machine.clone()).await.expect_problem(409, "code_pris");
    let id = first.json()["id"].as_i64().unwrap();
    app.delete(&format!("/api/v1/equipements/{id}"), &token).await.expect(204);
    let repeated = send("two", machine.clone()).await.expect_problem(409, "code_pris");
    assert_eq!(refused.body, repeated.body, "a refusal is an answer like any other");
    app.clock.advance(chrono::TimeDelta::hours(24));
    let token = app.sign_in("nadia").await.access;
    let request = TestRequest::post().uri("/api/v1/equipements/").insert_header(("idempotency-key", "two"));
    app.send(bearer(request, &token).set_json(machine)).await.expect(201);
}

#[actix_web::test]
async fn every_answer_names_its_request_and_carries_the_headers() {
    let app = App::start().await;
    let token = app.admin().await;
    for (method, path) in
        [("GET", "/ready"), ("GET", "/nulle-part"), ("PUT", "/ready"), ("GET", "/docs/"), ("GET", "/api/v1/users")]
    {
        let request = TestRequest::default().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
        let request = request
            .insert_header(("x-request-id", "abc-1"))
            .insert_header(("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        let answer = app.send(bearer(request, &token)).await;
        assert_eq!(answer.header("x-request-id").as_deref(), Some("abc-1"), "{path}");
        let expected = [
            ("strict-transport-security", "max-age=63072000; includeSubDomains; preload"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
            ("vary", "Origin"),
        ];
        for (name, value) in expected {
            assert_eq!(answer.header(name).as_deref(), Some(value), "{path} {name}");
        }
        for name in [
            "content-security-policy",
            "permissions-policy",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
        ] {
            assert!(answer.header(name).is_some(), "{path} {name}");
        }
        assert!(answer.header("server").is_none());
        let cached = answer.header("cache-control").unwrap();
        assert_eq!(cached == "no-store", !path.starts_with("/docs"), "{path} {cached}");
    }
    for bad in ["a b", "é", &"x".repeat(129), ""] {
        let request = TestRequest::get().uri("/live").insert_header(("x-request-id", bad.as_bytes()));
        let made = app.send(request).await.header("x-request-id").unwrap();
        assert_eq!(made.len(), 32, "{bad:?}");
    }
}

#[actix_web::test]
async fn errors_speak_french_or_english() {
    let app = App::start().await;
    let french = app.get("/nulle-part", "").await.json();
    let request = TestRequest::get().uri("/nulle-part").insert_header(("accept-language", "en-GB,en;q=0.9,fr;q=0.5"));
    let english = app.send(request).await.json();
    assert_eq!(
        (french["title"].as_str(), english["title"].as_str()),
        (Some("Adresse inconnue"), Some("Unknown address"))
    );
    assert_eq!(french["code"], english["code"]);
}

#[actix_web::test]
async fn an_allowed_page_may_read_answers_and_another_may_not() {
    let origins = vec!["https://gmao.exemple.ma".to_owned()];
    let guard = FloodGuard::new(FloodLimits { burst: 100, per_second: 100, per_address_per_minute: 3 });
    let app = App::start_with(Options { origins, guard, ..Options::default() }).await;
    let from = |origin: &'static str| TestRequest::get().uri("/api/v1/auth/me").insert_header(("origin", origin));
    let allowed = app.send(from("https://gmao.exemple.ma")).await.expect(401);
    assert_eq!(allowed.header("access-control-allow-origin").as_deref(), Some("https://gmao.exemple.ma"));
    assert!(allowed.header("vary").unwrap().contains("Origin"));
    let other = app.send(from("https://mal.exemple")).await.expect(401);
    assert_eq!(other.header("access-control-allow-origin"), None);
    let preflight = TestRequest::default()
        .method(Method::OPTIONS)
        .uri("/api/v1/equipements")
        .insert_header(("origin", "https://gmao.exemple.ma"))
        .insert_header(("access-control-request-method", "PATCH"))
        .insert_header(("access-control-request-headers", "authorization,if-match"));
    assert_eq!(app.send(preflight).await.status.as_u16(), 200);
    app.send(from("https://gmao.exemple.ma")).await.expect(401);
    let flooded = app.send(from("https://gmao.exemple.ma")).await.expect_problem(429, "trop_de_requetes");
    assert!(flooded.header("retry-after").is_some());
    assert!(flooded.header("access-control-allow-origin").is_some(), "the page must be able to read it");
    for _ in 0..10 {
        app.get("/live", "").await.expect(200);
    }
}

#[actix_web::test]
async fn health_tells_what_probes_need() {
    let app = App::start().await;
    assert_eq!(app.get("/live", "").await.expect(200).json(), json!({"status": "ok"}));
    let ready = json!({"status": "ready", "database": "ready", "keys": "ready"});
    for path in ["/ready", "/readiness"] {
        assert_eq!(app.get(path, "").await.expect(200).json(), ready);
    }
    for path in ["/health", "/api/v1/health"] {
        assert_eq!(app.get(path, "").await.expect(200).json()["status"], "ok");
    }
    app.lifecycle.start_draining();
    assert_eq!(app.get("/ready", "").await.expect(503).json()["status"], "draining");
    app.get("/live", "").await.expect(200);
    let keys = app.get("/.well-known/jwks.json", "").await.expect(200).json();
    assert_eq!((&keys["keys"][0]["kty"], &keys["keys"][0]["crv"]), (&json!("OKP"), &json!("Ed25519")));
    assert!(keys["keys"][0].get("d").is_none(), "a private key was published");
}

#[actix_web::test]
async fn a_panic_and_a_dead_database_are_problems_that_tell_nothing() {
    let app = App::start_with(Options { queries: Some(Arc::new(Broken)), ..Options::default() }).await;
    let token = app.admin().await;
    let panicked = app.get("/api/v1/equipements/1", &token).await.expect_problem(500, "erreur_interne");
    assert!(panicked.header("x-content-type-options").is_some());
    let corrupt = app.get("/api/v1/equipements", &token).await.expect_problem(500, "erreur_interne");
    let dead = app.get("/api/v1/users/1", &token).await.expect_problem(503, "service_indisponible");
    assert!(dead.header("retry-after").is_some());
    for answer in [panicked, corrupt, dead] {
        assert!(!answer.text().contains("secret detail"), "{}", answer.text());
    }
}
