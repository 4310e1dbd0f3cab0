//! The second factor on the wire.

use actix_web::test::TestRequest;
use mif_domain::Clock as _;
use mif_domain::users::Role;
use mif_testkit::{PASSWORD, authenticator_code};
use serde_json::{Value, json};

use crate::app::{Answer, App, Options, Tokens, bearer};

const MFA: &str = "/api/v1/auth/mfa";

fn posted(path: &str, body: &Value) -> TestRequest {
    TestRequest::post().uri(path).set_json(body)
}

/// Sets it up, and returns the secret and the recovery codes. The next code is unused.
pub(crate) async fn enrol(app: &App, token: &str) -> (String, Vec<String>) {
    let enrolling =
        app.post(&format!("{MFA}/enroler"), token, json!({"current_password": PASSWORD})).await.expect(200).json();
    let secret = enrolling["secret"].as_str().unwrap().to_owned();
    assert!(enrolling["uri"].as_str().unwrap().starts_with("otpauth://totp/MIF:"), "{enrolling}");
    let code = authenticator_code(&secret, app.clock.now());
    let confirmed = app.post(&format!("{MFA}/confirmer"), token, json!({ "code": code })).await.expect(200).json();
    let codes = confirmed["codes_secours"].as_array().unwrap();
    app.clock.advance(chrono::TimeDelta::seconds(30));
    (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

pub(crate) async fn challenge(app: &App) -> String {
    let credentials = json!({"username": "karim", "password": PASSWORD});
    let answer = app.send(posted("/api/v1/auth/login", &credentials)).await.expect_problem(401, "mfa_requise");
    assert!(!answer.text().contains("access_token"));
    answer.json()["defi"].as_str().unwrap().to_owned()
}

pub(crate) async fn verify(app: &App, defi: &str, code: &str) -> Answer {
    app.send(posted(&format!("{MFA}/verifier"), &json!({"defi": defi, "code": code}))).await
}

#[actix_web::test]
async fn a_sign_in_takes_two_steps_once_a_second_factor_is_active() {
    let app = App::start().await;
    app.user("karim", Role::Technician, None).await;
    let token = app.sign_in("karim").await.access;
    assert_eq!(app.get("/api/v1/auth/me", &token).await.expect(200).json()["mfa_active"], false);
    let (secret, codes) = enrol(&app, &token).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(app.get("/api/v1/auth/me", &token).await.expect(200).json()["mfa_active"], true);

    let defi = challenge(&app).await;
    verify(&app, &defi, "AAAA-AAAA-AAAA-AAAA").await.expect_problem(401, "code_invalide");
    let form = [("defi", defi.as_str()), ("code", &authenticator_code(&secret, app.clock.now()))];
    let answer = app.send(TestRequest::post().uri(&format!("{MFA}/verifier")).set_form(form)).await.expect(200);
    app.get("/api/v1/users/me", &Tokens::of(&answer).access).await.expect(200);
    verify(&app, &defi, &codes[0]).await.expect_problem(401, "defi_expire");
    let defi = challenge(&app).await;
    verify(&app, &defi, &codes[0]).await.expect(200);
    let defi = challenge(&app).await;
    verify(&app, &defi, &codes[0]).await.expect_problem(401, "code_invalide");
}

#[actix_web::test]
async fn a_challenge_ends_after_five_tries_and_after_five_minutes() {
    let app = App::start().await;
    app.user("karim", Role::Technician, None).await;
    let token = app.sign_in("karim").await.access;
    let (_, codes) = enrol(&app, &token).await;
    let late = challenge(&app).await;
    app.clock.advance(chrono::TimeDelta::minutes(5));
    verify(&app, &late, &codes[0]).await.expect_problem(401, "defi_expire");
    let defi = challenge(&app).await;
    for _ in 0..5 {
        verify(&app, &defi, "nonsense").await.expect_problem(401, "code_invalide");
    }
    verify(&app, &defi, &codes[0]).await.expect_problem(401, "defi_expire");
}

#[actix_web::test]
async fn recovery_codes_are_replaced_and_the_factor_turned_off_by_a_code() {
    let app = App::start().await;
    app.user("karim", Role::Technician, None).await;
    let token = app.sign_in("karim").await.access;
    let off = |code: &str| {
        let body = json!({"current_password": PASSWORD, "code": code});
        bearer(TestRequest::delete().uri(MFA), &token).set_json(body)
    };
    app.send(off("123456")).await.expect_problem(409, "mfa_inactive");
    let (_, codes) = enrol(&app, &token).await;
    let again = app.post(&format!("{MFA}/enroler"), &token, json!({"current_password": PASSWORD})).await;
    again.expect_problem(409, "mfa_deja_active");
    let replace = |code: &str| app.send(bearer(posted(&format!("{MFA}/codes"), &json!({ "code": code })), &token));
    let wrong = replace("nonsense").await.expect_problem(422, "validation");
    assert_eq!(wrong.fields(), [("code".to_owned(), "format_invalide".to_owned())]);
    let fresh = replace(&codes[0]).await.expect(200).json()["codes_secours"][0].as_str().unwrap().to_owned();
    assert_eq!(app.send(off(&codes[1])).await.expect_problem(422, "validation").fields()[0].0, "code");
    app.send(off(&fresh)).await.expect(204);
    app.sign_in("karim").await;
}

#[actix_web::test]
async fn who_needs_a_second_factor_may_do_nothing_but_set_it_up() {
    let app = App::start_with(Options { mfa_roles: vec![Role::Technician], ..Options::default() }).await;
    app.user("karim", Role::Technician, None).await;
    let token = app.sign_in("karim").await.access;
    for path in ["equipements", "users/me", "auth/sessions", "interventions"] {
        app.get(&format!("/api/v1/{path}"), &token).await.expect_problem(403, "mfa_a_activer");
    }
    app.get("/api/v1/auth/me", &token).await.expect(200);
    let (_, codes) = enrol(&app, &token).await;
    app.get("/api/v1/equipements", &token).await.expect(200);
    let body = json!({"current_password": PASSWORD, "code": codes[0]});
    let off = bearer(TestRequest::delete().uri(MFA), &token).set_json(body);
    app.send(off).await.expect_problem(409, "mfa_obligatoire");
    // Nobody else is asked.
    let admin = app.admin().await;
    app.get("/api/v1/equipements", &admin).await.expect(200);
}

#[actix_web::test]
async fn an_administrator_helps_who_lost_everything() {
    let app = App::start().await;
    let karim = app.user("karim", Role::Technician, None).await;
    let token = app.sign_in("karim").await.access;
    enrol(&app, &token).await;
    let admin = app.admin().await;
    let path = format!("/api/v1/users/{}", karim.0);
    assert_eq!(app.get(&path, &admin).await.expect(200).json()["mfa_active"], true);
    app.delete(&format!("{path}/mfa"), &admin).await.expect(204);
    app.get("/api/v1/auth/me", &token).await.expect_problem(401, "session_terminee");
    assert_eq!(app.get(&path, &admin).await.expect(200).json()["mfa_active"], false);
    app.sign_in("karim").await;
}
