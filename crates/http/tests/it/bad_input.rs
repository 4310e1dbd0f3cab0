//! What clients send by mistake or on purpose: each time a problem with a stable code, never a 5xx, nothing half-written.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::app::{App, bearer};

fn machine(name: &str) -> Value {
    json!({"nom": name, "type": "presse", "localisation": "Atelier"})
}

async fn raw(app: &App, token: &str, body: &[u8]) -> crate::app::Answer {
    let request = TestRequest::post().uri("/api/v1/equipements").insert_header(("content-type", "application/json"));
    app.send(bearer(request, token).set_payload(body.to_vec())).await
}

#[actix_web::test]
async fn a_body_that_is_not_json_is_400() {
    let app = App::start().await;
    let token = app.admin().await;
    for body in
        ["", "{", "{]", "nul", "{\"nom\": \"a\", \"type\": \"b\", \"localisation\": \"c\"} trailing", "\u{feff}{}"]
    {
        raw(&app, &token, body.as_bytes()).await.expect_problem(400, "json_invalide");
    }
    raw(&app, &token, &[0xff, 0xfe, b'{', b'}']).await.expect_problem(400, "json_invalide");
}

#[actix_web::test]
async fn wrong_types_and_fields_are_named() {
    let app = App::start().await;
    let token = app.admin().await;
    let cases = [
        (json!({}), "nom", "champ_manquant"),
        (json!([]), ".", "type_invalide"),
        (json!({"nom": 5, "type": "a", "localisation": "b"}), "nom", "type_invalide"),
        (json!({"nom": "a", "type": "a", "localisation": "b", "couleur": "c"}), "couleur", "champ_inconnu"),
        (json!({"nom": "a", "type": "a", "localisation": "b", "statut": "cassé"}), "statut", "type_invalide"),
        (json!({"nom": "a", "type": "a", "localisation": "b", "parent_id": "1"}), "parent_id", "type_invalide"),
        (json!({"nom": "a", "type": "a", "localisation": "b", "parent_id": 999}), "parent_id", "reference_inconnue"),
        (json!({"nom": "a", "type": "a", "localisation": "b", "client_id": 999}), "client_id", "reference_inconnue"),
        (json!({"nom": "a", "type": "a", "localisation": "b", "client_id": 1e30}), "client_id", "type_invalide"),
        (
            json!({"nom": "a", "type": "a", "localisation": "b", "frequence_entretien": 0}),
            "frequence_entretien",
            "format_invalide",
        ),
        (
            json!({"nom": "a", "type": "a", "localisation": "b", "date_mise_en_service": "2026-02-30"}),
            "date_mise_en_service",
            "type_invalide",
        ),
        (json!({"nom": "a\u{0}b", "type": "a", "localisation": "b"}), "nom", "caractere_interdit"),
        (json!({"nom": "a\nb", "type": "a", "localisation": "b"}), "nom", "caractere_interdit"),
        (json!({"nom": "é".repeat(300), "type": "a", "localisation": "b"}), "nom", "trop_long"),
        (json!({"nom": "  ", "type": "a", "localisation": "b"}), "nom", "champ_vide"),
    ];
    for (body, field, code) in cases {
        let answer = app.post("/api/v1/equipements", &token, body.clone()).await.expect_problem(422, "validation");
        assert_eq!(answer.fields(), [(field.to_owned(), code.to_owned())], "{body}");
    }
    let none = app.get("/api/v1/equipements?total=true", &token).await.expect(200);
    assert_eq!(none.header("x-total-count").as_deref(), Some("0"));
}

#[actix_web::test]
async fn every_wrong_field_is_told_at_once() {
    let app = App::start().await;
    let token = app.admin().await;
    let body = json!({"nom": "", "type": "x".repeat(101), "localisation": "a\u{7}"});
    let answer = app.post("/api/v1/equipements", &token, body).await.expect_problem(422, "validation");
    let codes: Vec<_> = answer.fields().into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["champ_vide", "trop_long", "caractere_interdit"]);
}

#[actix_web::test]
async fn bodies_have_a_limit_and_a_type() {
    let app = App::start().await;
    let token = app.admin().await;
    raw(&app, &token, &vec![b' '; 1024 * 1024]).await.expect_problem(413, "corps_trop_volumineux");
    let long = json!({"nom": "a", "type": "a", "localisation": "b", "description": "x".repeat(64 * 1024)});
    app.post("/api/v1/equipements", &token, long).await.expect_problem(413, "corps_trop_volumineux");
    let form = json!({"email": "nadia", "password": "x".repeat(5000)});
    let request = TestRequest::post().uri("/api/v1/auth/token").set_json(form);
    app.send(request).await.expect_problem(413, "corps_trop_volumineux");
    let request = TestRequest::post().uri("/api/v1/equipements").insert_header(("content-type", "text/plain"));
    let answer = app.send(bearer(request, &token).set_payload("{}")).await;
    answer.expect_problem(415, "type_non_supporte");
    let request = TestRequest::post().uri("/api/v1/auth/token").insert_header(("content-type", "text/xml"));
    app.send(request.set_payload("<a/>")).await.expect_problem(415, "type_non_supporte");
}

#[actix_web::test]
async fn parameters_are_checked_like_bodies() {
    let app = App::start().await;
    let token = app.admin().await;
    let cases = [
        ("couleur=rouge", "couleur"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("offset=10001", "offset"),
        ("offset=-1", "offset"),
        ("tri=couleur", "tri"),
        ("statut=cass%C3%A9", "statut"),
        ("q=a%00b", "q"),
        ("limit=1&limit=2", "limit"),
        ("total=oui", "total"),
        ("parent_id=99999999999999999999", "parent_id"),
    ];
    for (query, field) in cases {
        let answer = app.get(&format!("/api/v1/equipements?{query}"), &token).await.expect_problem(422, "validation");
        assert_eq!(answer.fields()[0].0, field, "{query}");
    }
    for cursor in ["x", "e30", "AAAA", &"a".repeat(5000)] {
        let answer = app.get(&format!("/api/v1/equipements?cursor={cursor}"), &token).await;
        answer.expect_problem(422, "curseur_invalide");
    }
}

#[actix_web::test]
async fn a_cursor_made_by_hand_is_refused_or_harmless() {
    let app = App::start().await;
    let token = app.admin().await;
    for value in
        [json!({"s": "a\u{0}"}), json!({"i": 5}), json!({"d": "2026-01-01T00:00:00Z"}), json!("0"), json!({"s": "%_"})]
    {
        let cursor = json!({"t": "nom", "f": "000000000000", "v": value, "i": 1});
        let cursor = URL_SAFE_NO_PAD.encode(cursor.to_string());
        let answer = app.get(&format!("/api/v1/equipements?tri=nom&cursor={cursor}"), &token).await;
        answer.expect_problem(422, "curseur_invalide");
    }
}

#[actix_web::test]
async fn identifiers_are_positive_64_bit_integers() {
    let app = App::start().await;
    let token = app.admin().await;
    for id in ["0", "-1", "abc", "9223372036854775808", "99999999999999999999", "1.5", "%00"] {
        let answer = app.get(&format!("/api/v1/equipements/{id}"), &token).await.expect_problem(422, "validation");
        assert_eq!(answer.fields()[0].0, "id", "{id}");
    }
    app.get("/api/v1/equipements/9223372036854775807", &token).await.expect_problem(404, "introuvable");
}

#[actix_web::test]
async fn addresses_and_methods_that_do_not_exist() {
    let app = App::start().await;
    let token = app.admin().await;
    for path in ["/", "/api", "/api/v1", "/api/v1/nulle-part", "/api/v1/equipements/1/2/3", "/api/v2/users"] {
        app.get(path, &token).await.expect_problem(404, "route_inconnue");
    }
    let cases = [
        (Method::PUT, "/api/v1/equipements", "GET, HEAD, POST"),
        (Method::POST, "/api/v1/equipements/1", "GET, HEAD, PATCH, DELETE"),
        (Method::GET, "/api/v1/auth/token", "POST"),
        (Method::DELETE, "/api/v1/auth/me", "GET, HEAD"),
        (Method::from_bytes(b"BREW").unwrap(), "/ready", "GET, HEAD"),
    ];
    for (method, path, allowed) in cases {
        let request = TestRequest::default().method(method).uri(path);
        let answer = app.send(bearer(request, &token)).await.expect_problem(405, "methode_interdite");
        assert_eq!(answer.header("allow").as_deref(), Some(allowed), "{path}");
    }
}

#[actix_web::test]
async fn tokens_that_are_not_ours_are_refused() {
    let app = App::start().await;
    let token = app.admin().await;
    let [header, payload, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    claims["sub"] = json!("2");
    let tampered = URL_SAFE_NO_PAD.encode(claims.to_string());
    let with_header = |header: Value| format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode(header.to_string()));
    let forged = [
        format!("{header}.{tampered}.{signature}"),
        format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(r#"{"typ":"at+jwt","alg":"none"}"#)),
        with_header(json!({"typ": "at+jwt", "alg": "HS256", "kid": "x"})),
        with_header(json!({"typ": "JWT", "alg": "EdDSA", "kid": "x"})),
        format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode([7; 64])),
        "x".repeat(10_000),
        "a.b.c".to_owned(),
        "é".to_owned(),
    ];
    for forged in forged {
        let request = TestRequest::get()
            .uri("/api/v1/auth/me")
            .insert_header(("authorization", format!("Bearer {forged}").into_bytes()));
        let answer = app.send(request).await.expect(401);
        assert!(["jeton_invalide", "authentification_requise"].contains(&answer.code().as_str()), "{}", answer.text());
        assert!(answer.header("www-authenticate").is_some());
    }
    let other = App::start().await;
    let foreign = other.admin().await;
    app.get("/api/v1/auth/me", &foreign).await.expect_problem(401, "jeton_invalide");
    app.clock.advance(chrono::TimeDelta::minutes(16));
    app.get("/api/v1/auth/me", &token).await.expect_problem(401, "jeton_expire");
}

#[actix_web::test]
async fn a_secret_is_never_echoed() {
    let app = App::start().await;
    let token = app.admin().await;
    let secret = "Tres-Secret-42";
    let bodies = [
        json!({"email": secret, "password": {"a": secret}}),
        json!({"email": "x@exemple.ma", "password": secret, "role": secret}),
        json!({"email": "x@exemple.ma", "password": [secret]}),
    ];
    for body in bodies {
        let answer = app.post("/api/v1/users", &token, body).await.expect(422);
        assert!(!answer.text().contains(secret), "{}", answer.text());
    }
    let request = TestRequest::post().uri("/api/v1/auth/token").set_json(json!({"email": 5, "password": secret}));
    assert!(!app.send(request).await.expect(422).text().contains(secret));
}

#[actix_web::test]
async fn conditions_and_keys_that_cannot_be_read() {
    let app = App::start().await;
    let token = app.admin().await;
    let id = app.machine("Presse", None).await;
    let request =
        TestRequest::patch().uri(&format!("/api/v1/equipements/{id}")).insert_header(("if-match", "\"1\", \"2\""));
    app.send(bearer(request, &token).set_json(json!({}))).await.expect_problem(400, "if_match_invalide");
    for key in ["", &"k".repeat(256), "clé"] {
        let request = TestRequest::post().uri("/api/v1/equipements").insert_header(("idempotency-key", key.as_bytes()));
        let answer = app.send(bearer(request, &token).set_json(machine("Presse 2"))).await;
        answer.expect_problem(400, "cle_idempotence_invalide");
    }
}
