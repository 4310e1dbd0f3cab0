//! What a sign-in that fails tells: nothing.

use actix_web::test::TestRequest;
use chrono::TimeDelta;
use mif_domain::users::Role;
use mif_testkit::PASSWORD;
use serde_json::{Value, json};

use crate::app::{Answer, App, Tokens};

const NEW: &str = "Courroie-Verte-42?";

async fn sign_in(app: &App, name: &str, password: &str) -> Answer {
    let body = json!({ "username": name, "password": password });
    app.send(TestRequest::post().uri("/api/v1/auth/token").set_json(body)).await
}

/// Everything that a client sees but for the names of the request.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let names = ["x-request-id", "traceparent", "date"];
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .filter(|(name, _)| !names.contains(&name.as_str()))
        .collect();
    headers.sort();
    let mut body = answer.json();
    body["trace_id"] = Value::Null;
    (answer.status.as_u16(), headers, body)
}

#[actix_web::test]
async fn unknown_wrong_locked_closed_and_over_allowance_look_alike() {
    let app = App::start().await;
    let admin = app.admin().await;
    app.user("karim", Role::Technician, None).await;
    app.user("hind", Role::Technician, None).await;
    let gone = app.user("ancien", Role::Technician, None).await;
    app.delete(&format!("/api/v1/users/{}", gone.0), &admin).await.expect(204);
    for n in 0..5 {
        sign_in(&app, "hind", "Faux-Mot-42!").await.expect(401);
        sign_in(&app, &format!("inconnu{n}"), PASSWORD).await.expect(401);
    }
    let wrong = sign_in(&app, "karim", "Faux-Mot-42!").await.expect_problem(401, "identifiants_invalides");
    assert_eq!(wrong.header("www-authenticate").as_deref(), Some("Bearer realm=\"mif\""));
    let long = "x".repeat(129);
    for (name, password) in
        [("hind", PASSWORD), ("hind", "Faux-Mot-42!"), ("ancien", PASSWORD), ("inconnu", PASSWORD), ("karim", &long)]
    {
        assert_eq!(seen(&sign_in(&app, name, password).await), seen(&wrong), "{name}");
    }
}

#[actix_web::test]
async fn an_administrator_unlocks() {
    let app = App::start().await;
    let admin = app.admin().await;
    let karim = app.user("karim", Role::Technician, None).await;
    let session = app.sign_in("karim").await;
    for _ in 0..5 {
        sign_in(&app, "karim", "Faux-Mot-42!").await.expect(401);
    }
    sign_in(&app, "karim", PASSWORD).await.expect(401);
    app.get("/api/v1/auth/me", &session.access).await.expect(200);
    let unlocked = app.post(&format!("/api/v1/users/{}/unlock", karim.0), &admin, json!({})).await.expect(200);
    assert_eq!(unlocked.json()["username"], "karim");
    app.sign_in("karim").await;
}

#[actix_web::test]
async fn wrong_current_passwords_are_guesses_on_every_route_that_asks_for_one() {
    let app = App::start().await;
    app.user("karim", Role::Technician, None).await;
    let token = app.sign_in("karim").await.access;
    let change = |current: &str| json!({"current_password": current, "new_password": NEW});
    let update = |current: &str| json!({"current_password": current, "email": "neuf@exemple.ma"});
    let ask = async |current: &str, n: usize| {
        if n.is_multiple_of(2) {
            app.post("/api/v1/auth/change-password", &token, change(current)).await
        } else {
            app.put("/api/v1/users/update", &token, update(current)).await
        }
    };
    for n in 0..5 {
        ask("Faux-Mot-42!", n).await.expect_problem(422, "validation");
    }
    for n in 0..2 {
        let locked = ask(PASSWORD, n).await.expect_problem(422, "validation");
        assert_eq!(locked.fields(), [("current_password".into(), "mot_de_passe_incorrect".into())]);
    }
    sign_in(&app, "karim", PASSWORD).await.expect(401);
    app.clock.advance(TimeDelta::minutes(5));
    ask(PASSWORD, 0).await.expect(200);
    Tokens::of(&sign_in(&app, "karim", NEW).await.expect(200));
}

#[actix_web::test]
async fn a_recent_password_is_refused_by_name() {
    let app = App::start().await;
    let admin = app.admin().await;
    let karim = app.user("karim", Role::Technician, None).await;
    let token = app.sign_in("karim").await.access;
    let reused = |field: &str| [(field.to_owned(), "mot_de_passe_deja_utilise".to_owned())];
    let change = json!({"current_password": PASSWORD, "new_password": PASSWORD});
    let answer = app.post("/api/v1/auth/change-password", &token, change).await.expect_problem(422, "validation");
    assert_eq!(answer.fields(), reused("new_password"));
    let path = format!("/api/v1/users/{}/password", karim.0);
    let answer = app.post(&path, &admin, json!({"password": PASSWORD})).await.expect_problem(422, "validation");
    assert_eq!(answer.fields(), reused("password"));
    let update = json!({"current_password": PASSWORD, "password": PASSWORD});
    let answer = app.put("/api/v1/users/update", &token, update).await.expect_problem(422, "validation");
    assert_eq!(answer.fields(), reused("password"));
}
