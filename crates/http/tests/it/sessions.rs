//! Signing in, refreshing and signing out, as a client sees it.

use actix_web::test::TestRequest;
use chrono::TimeDelta;
use mif_domain::users::Role;
use mif_testkit::PASSWORD;
use serde_json::{Value, json};

use crate::app::{Answer, App, Tokens, bearer};

async fn refresh(app: &App, token: &str) -> Answer {
    let request = TestRequest::post().uri("/api/v1/auth/refresh").set_json(json!({ "refresh_token": token }));
    app.send(request).await
}

#[actix_web::test]
async fn one_signs_in_by_form_multipart_or_json_with_a_name_or_an_address() {
    let app = App::start().await;
    app.user("karim", Role::Technician, None).await;
    let email = {
        let token = app.sign_in("karim").await.access;
        app.get("/api/v1/auth/me", &token).await.expect(200).json()["email"].as_str().unwrap().to_owned()
    };
    for path in ["/api/v1/auth/token", "/api/v1/auth/login/"] {
        for (field, name) in
            [("username", "KARIM"), ("email", "karim"), ("username", &*email.to_uppercase()), ("email", &*email)]
        {
            let json = TestRequest::post().uri(path).set_json(json!({ field: name, "password": PASSWORD }));
            let form = TestRequest::post().uri(path).set_form([
                (field, name),
                ("password", PASSWORD),
                ("grant_type", "password"),
            ]);
            let parts = [(field, name), ("password", PASSWORD)].map(|(field, value)| {
                format!("--b\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n")
            });
            let multipart = TestRequest::post()
                .uri(path)
                .insert_header(("content-type", "multipart/form-data; boundary=b"))
                .set_payload(format!("{}--b--\r\n", parts.concat()));
            for request in [json, form, multipart] {
                let tokens = app.send(request).await.expect(200).json();
                assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(900)));
            }
        }
    }
}

#[actix_web::test]
async fn forms_that_are_not_quite_right_are_refused() {
    let app = App::start().await;
    let path = "/api/v1/auth/token";
    let twice = TestRequest::post().uri(path).set_form([("username", "a"), ("username", "b"), ("password", "c")]);
    let answer = app.send(twice).await.expect_problem(422, "validation");
    assert_eq!(answer.fields(), [("username".into(), "champ_double".into())]);
    let nameless = TestRequest::post().uri(path).set_form([("password", "c")]);
    assert_eq!(app.send(nameless).await.expect(422).fields()[0].0, "email");
    let unknown = TestRequest::post().uri(path).set_form([("username", "a"), ("password", "c"), ("admin", "1")]);
    assert_eq!(app.send(unknown).await.expect(422).fields()[0].1, "champ_inconnu");
    let broken = TestRequest::post()
        .uri(path)
        .insert_header(("content-type", "multipart/form-data; boundary=b"))
        .set_payload("--b\r\nx");
    app.send(broken).await.expect_problem(400, "formulaire_invalide");
    let boundless =
        TestRequest::post().uri(path).insert_header(("content-type", "multipart/form-data")).set_payload("x");
    app.send(boundless).await.expect_problem(400, "formulaire_invalide");
}

#[actix_web::test]
async fn failures_to_sign_in_look_the_same() {
    let app = App::start().await;
    app.user("karim", Role::Technician, None).await;
    let closed = app.user("ferme", Role::Technician, None).await;
    let admin = app.admin().await;
    app.delete(&format!("/api/v1/users/{}", closed.0), &admin).await.expect(204);
    let mut bodies = Vec::new();
    for (name, password) in
        [("inconnu", PASSWORD), ("karim", "Faux-Mot-42!"), ("ferme", PASSWORD), ("karim", ""), ("a@b@c", "x")]
    {
        let request =
            TestRequest::post().uri("/api/v1/auth/token").set_json(json!({"username": name, "password": password}));
        let mut body = app.send(request).await.expect_problem(401, "identifiants_invalides").json();
        body["trace_id"] = Value::Null;
        bodies.push(body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[actix_web::test]
async fn a_lost_answer_can_be_asked_for_again_and_a_stolen_token_ends_the_session() {
    let app = App::start().await;
    app.user("karim", Role::Technician, None).await;
    let first = app.sign_in("karim").await;
    let second = Tokens::of(&refresh(&app, &first.refresh).await.expect(200));
    app.clock.advance(TimeDelta::seconds(9));
    let again = Tokens::of(&refresh(&app, &first.refresh).await.expect(200));
    assert_eq!(again.refresh, second.refresh);
    let third = Tokens::of(&refresh(&app, &second.refresh).await.expect(200));
    app.get("/api/v1/auth/me", &third.access).await.expect(200);
    refresh(&app, &first.refresh).await.expect_problem(401, "jeton_rafraichissement_invalide");
    refresh(&app, &third.refresh).await.expect_problem(401, "jeton_rafraichissement_invalide");
    app.get("/api/v1/auth/me", &third.access).await.expect_problem(401, "session_terminee");
}

#[actix_web::test]
async fn both_spellings_of_the_refresh_token_and_all_three_forms_are_understood() {
    let app = App::start().await;
    app.user("karim", Role::Technician, None).await;
    let mut token = app.sign_in("karim").await.refresh;
    for field in ["refresh_token", "token"] {
        let json = TestRequest::post().uri("/api/v1/auth/refresh").set_json(json!({ field: token }));
        token = Tokens::of(&app.send(json).await.expect(200)).refresh;
        let form = TestRequest::post().uri("/api/v1/auth/refresh/").set_form([(field, &token)]);
        token = Tokens::of(&app.send(form).await.expect(200)).refresh;
    }
    for nonsense in ["", "x", &"A".repeat(43), &"é".repeat(43)] {
        refresh(&app, nonsense).await.expect_problem(401, "jeton_rafraichissement_invalide");
    }
}

#[actix_web::test]
async fn after_signing_out_nothing_of_the_session_works() {
    let app = App::start().await;
    app.user("karim", Role::Technician, None).await;
    let (here, there) = (app.sign_in("karim").await, app.sign_in("karim").await);
    let request = bearer(TestRequest::post().uri("/api/v1/auth/logout"), &here.access);
    app.send(request).await.expect(200);
    app.get("/api/v1/auth/me", &here.access).await.expect_problem(401, "session_terminee");
    refresh(&app, &here.refresh).await.expect(401);
    app.get("/api/v1/auth/me", &there.access).await.expect(200);
    let another = app.sign_in("karim").await;
    app.post("/api/v1/auth/logout", &there.access, json!({"tout": true})).await.expect(200);
    for tokens in [there, another] {
        app.get("/api/v1/auth/me", &tokens.access).await.expect(401);
        refresh(&app, &tokens.refresh).await.expect(401);
    }
}

#[actix_web::test]
async fn sessions_are_listed_and_closed_one_by_one() {
    let app = App::start().await;
    app.user("karim", Role::Technician, None).await;
    app.user("hind", Role::Technician, None).await;
    let (phone, desk, other) = (app.sign_in("karim").await, app.sign_in("karim").await, app.sign_in("hind").await);
    let list = app.get("/api/v1/auth/sessions", &desk.access).await.expect(200).json();
    assert_eq!(
        (list.as_array().unwrap().len(), &list[0]["courante"], &list[1]["courante"]),
        (2, &json!(true), &json!(false))
    );
    assert_eq!(list[0]["ip"], "203.0.113.9");
    let path = format!("/api/v1/auth/sessions/{}", list[1]["id"]);
    app.get(&path, &desk.access).await.expect(200);
    app.get(&path, &other.access).await.expect_problem(404, "introuvable");
    app.delete(&path, &other.access).await.expect_problem(404, "introuvable");
    app.delete(&path, &desk.access).await.expect(204);
    app.delete(&path, &desk.access).await.expect_problem(404, "introuvable");
    app.get("/api/v1/auth/me", &phone.access).await.expect(401);
    let third = app.sign_in("karim").await;
    app.delete("/api/v1/auth/sessions", &desk.access).await.expect(204);
    app.get("/api/v1/auth/me", &third.access).await.expect(401);
    app.get("/api/v1/auth/me", &desk.access).await.expect(200);
}

#[actix_web::test]
async fn changing_the_password_ends_the_other_sessions() {
    let app = App::start().await;
    app.user("karim", Role::Technician, None).await;
    let (here, there) = (app.sign_in("karim").await, app.sign_in("karim").await);
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    let path = "/api/v1/auth/change-password";
    let wrong = app
        .post(path, &here.access, change("Faux-Mot-42!", "Courroie-Verte-42?"))
        .await
        .expect_problem(422, "validation");
    assert_eq!(wrong.fields(), [("current_password".into(), "mot_de_passe_incorrect".into())]);
    let weak = app.post(path, &here.access, change(PASSWORD, "karim")).await.expect_problem(422, "validation");
    assert!(weak.fields().len() >= 4, "{:?}", weak.fields());
    app.get("/api/v1/auth/me", &there.access).await.expect(200);
    app.post(path, &here.access, change(PASSWORD, "Courroie-Verte-42?")).await.expect(200);
    app.get("/api/v1/auth/me", &here.access).await.expect(200);
    app.get("/api/v1/auth/me", &there.access).await.expect_problem(401, "session_terminee");
    refresh(&app, &there.refresh).await.expect(401);
}
