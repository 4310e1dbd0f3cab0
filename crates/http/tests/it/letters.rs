//! What letters lead to, on the wire. The letters themselves are tested where they are written.

use actix_web::test::TestRequest;
use mif_domain::users::Role;
use serde_json::json;

use crate::app::{App, bearer};

#[actix_web::test]
async fn asking_for_a_password_is_answered_alike_for_every_address_and_form() {
    let app = App::start().await;
    app.user("karim", Role::Technician, None).await;
    let path = "/api/v1/auth/password-reset/request";
    let boundary = "--x\r\ncontent-disposition: form-data; name=\"email\"\r\n\r\nkarim@mif.ma\r\n--x--\r\n";
    let requests = [
        TestRequest::post().uri(path).set_json(json!({"email": "karim@mif.ma"})),
        TestRequest::post().uri(path).set_json(json!({"email": "personne@mif.ma"})),
        TestRequest::post().uri(path).set_form([("email", "karim@mif.ma")]),
        TestRequest::post()
            .uri(path)
            .insert_header(("content-type", "multipart/form-data; boundary=x"))
            .set_payload(boundary),
    ];
    let mut bodies = Vec::new();
    for request in requests {
        bodies.push(app.send(request).await.expect(202).text());
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    let nonsense = TestRequest::post().uri(path).set_json(json!({"email": "karim"}));
    assert_eq!(app.send(nonsense).await.expect_problem(422, "validation").fields()[0].0, "email");
}

#[actix_web::test]
async fn a_token_that_opens_nothing_is_refused_by_a_code_of_its_own() {
    let app = App::start().await;
    let unknown = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA";
    for name in ["token", "jeton"] {
        let reset = json!({name: unknown, "new_password": "Courroie-Verte-42?"});
        let request = TestRequest::post().uri("/api/v1/auth/password-reset/confirm").set_json(reset);
        let answer = app.send(request).await.expect_problem(422, "jeton_reinitialisation_invalide");
        assert!(!answer.text().contains(unknown));
        let request = TestRequest::post().uri("/api/v1/auth/email/confirm").set_json(json!({name: unknown}));
        app.send(request).await.expect_problem(422, "jeton_confirmation_invalide");
    }
    let missing = TestRequest::post().uri("/api/v1/auth/email/confirm").set_json(json!({}));
    assert_eq!(app.send(missing).await.expect_problem(422, "validation").fields()[0].0, "token");
}

#[actix_web::test]
async fn an_invitation_stands_for_a_password() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = json!({"email": "hind@exemple.ma", "invitation": true, "role": "technicien"});
    let hind = app.post("/api/v1/users/", &admin, made).await.expect(201).json();
    assert_eq!(hind["must_change_password"], true);
    let again = TestRequest::post().uri(&format!("/api/v1/users/{}/invitation", hind["id"]));
    app.send(bearer(again, &admin)).await.expect(202);
    for body in [
        json!({"email": "said@exemple.ma"}),
        json!({"email": "said@exemple.ma", "invitation": false}),
        json!({"email": "said@exemple.ma", "invitation": true, "password": "Courroie-Verte-42?"}),
    ] {
        let refused = app.post("/api/v1/users/", &admin, body).await.expect_problem(422, "validation");
        assert_eq!(refused.fields()[0].0, "password");
    }
}
