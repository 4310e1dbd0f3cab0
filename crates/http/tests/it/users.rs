//! Accounts, as administrators and their owners see them.

use actix_web::test::TestRequest;
use mif_domain::users::Role;
use mif_testkit::PASSWORD;
use serde_json::json;

use crate::app::{App, bearer};

const NEW: &str = "Courroie-Verte-42?";

#[actix_web::test]
async fn an_account_needs_an_address_and_a_password_only() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made =
        app.post("/api/v1/users/", &admin, json!({"email": "Said.B+x@exemple.ma", "password": NEW})).await.expect(201);
    let user = made.json();
    assert_eq!(
        (&user["username"], &user["role"], &user["langue"]),
        (&json!("said.b-x"), &json!("client"), &json!("fr"))
    );
    assert_eq!(made.header("location"), Some(format!("/api/v1/users/{}", user["id"])));
    assert!(made.header("etag").unwrap().starts_with("\"1-"));
    let second =
        app.post("/api/v1/users/", &admin, json!({"email": "said.b-x@autre.ma", "password": NEW})).await.expect(201);
    assert_eq!(second.json()["username"], "said.b-x-2");
    let body = json!({"email": "SAID.B+X@EXEMPLE.MA", "password": NEW});
    app.post("/api/v1/users/", &admin, body).await.expect_problem(409, "email_pris");
    let body = json!({"email": "x@exemple.ma", "username": "Said.B-X", "password": NEW});
    app.post("/api/v1/users/", &admin, body).await.expect_problem(409, "nom_utilisateur_pris");
    let list = app.get("/api/v1/users?total=true&q=SAID", &admin).await.expect(200);
    assert_eq!(list.header("x-total-count").as_deref(), Some("2"));
}

#[actix_web::test]
async fn a_temporary_password_may_only_be_changed() {
    let app = App::start().await;
    let admin = app.admin().await;
    let karim = app.user("karim", Role::Technician, None).await;
    let before = app.sign_in("karim").await;
    app.post(&format!("/api/v1/users/{}/password", karim.0), &admin, json!({"password": NEW})).await.expect(204);
    app.get("/api/v1/auth/me", &before.access).await.expect_problem(401, "session_terminee");

    let sign_in = TestRequest::post().uri("/api/v1/auth/token").set_json(json!({"username": "karim", "password": NEW}));
    let token = crate::app::Tokens::of(&app.send(sign_in).await.expect(200)).access;
    assert_eq!(app.get("/api/v1/auth/me", &token).await.expect(200).json()["must_change_password"], true);
    for path in ["/api/v1/equipements", "/api/v1/users/me", "/api/v1/auth/sessions"] {
        app.get(path, &token).await.expect_problem(403, "mot_de_passe_a_changer");
    }
    let change = json!({"current_password": NEW, "new_password": "Pompe-Rouge-58;"});
    app.post("/api/v1/auth/change-password", &token, change).await.expect(200);
    app.get("/api/v1/equipements", &token).await.expect(200);
}

#[actix_web::test]
async fn deactivating_shuts_the_door_at_once() {
    let app = App::start().await;
    let admin = app.admin().await;
    let karim = app.user("karim", Role::Technician, None).await;
    let token = app.sign_in("karim").await;
    app.get("/api/v1/auth/me", &token.access).await.expect(200);
    let path = format!("/api/v1/users/{}", karim.0);
    app.delete(&path, &admin).await.expect(204);
    app.get("/api/v1/auth/me", &token.access).await.expect_problem(401, "session_terminee");
    let refresh = TestRequest::post().uri("/api/v1/auth/refresh").set_json(json!({"refresh_token": token.refresh}));
    app.send(refresh).await.expect(401);
    assert_eq!(app.get(&path, &admin).await.expect(200).json()["is_active"], false);
    app.patch(&format!("{path}/activate"), &admin, json!({})).await.expect(200);
    app.get("/api/v1/auth/me", &token.access).await.expect_problem(401, "session_terminee");
    app.sign_in("karim").await;
}

#[actix_web::test]
async fn the_last_administrator_stays() {
    let app = App::start().await;
    let admin = app.admin().await;
    let me = app.get("/api/v1/users/me", &admin).await.expect(200).json()["id"].as_i64().unwrap();
    let path = format!("/api/v1/users/{me}");
    app.delete(&path, &admin).await.expect_problem(409, "dernier_admin");
    app.patch(&path, &admin, json!({"role": "technicien"})).await.expect_problem(409, "dernier_admin");
    app.patch(&path, &admin, json!({"is_active": false})).await.expect_problem(409, "dernier_admin");
    app.user("second", Role::Admin, None).await;
    app.patch(&path, &admin, json!({"role": "RESPONSABLE"})).await.expect(200);
    app.get("/api/v1/users", &admin).await.expect_problem(403, "permission_refusee");
}

#[actix_web::test]
async fn an_edit_of_an_account_can_insist_on_its_version() {
    let app = App::start().await;
    let admin = app.admin().await;
    let karim = app.user("karim", Role::Technician, None).await;
    let path = format!("/api/v1/users/{}", karim.0);
    let etag = app.get(&path, &admin).await.expect(200).header("etag").unwrap();
    let edit = |value: &str| {
        TestRequest::patch().uri(&path).insert_header(("if-match", etag.as_str())).set_json(json!({"full_name": value}))
    };
    app.send(bearer(edit("Karim Neuf"), &admin)).await.expect(200);
    app.send(bearer(edit("Karim El Alaoui"), &admin)).await.expect_problem(412, "version_perimee");
    assert_eq!(app.get(&path, &admin).await.json()["full_name"], "Karim Neuf");
    app.patch(&path, &admin, json!({"client_id": 999})).await.expect_problem(422, "validation");
}

#[actix_web::test]
async fn one_changes_ones_own_profile_and_proves_who_one_is_where_it_matters() {
    let app = App::start().await;
    app.user("karim", Role::Technician, None).await;
    app.user("hind", Role::Technician, None).await;
    let token = app.sign_in("karim").await.access;
    let put = |body: serde_json::Value| {
        app.send(bearer(TestRequest::put().uri("/api/v1/users/update"), &token).set_json(body))
    };
    let changed = put(json!({"full_name": "Karim Alaoui", "langue": "EN"})).await.expect(200).json();
    assert_eq!((&changed["full_name"], &changed["langue"]), (&json!("Karim Alaoui"), &json!("en")));
    for body in [json!({"email": "neuf@exemple.ma"}), json!({"password": NEW})] {
        let answer = put(body).await.expect_problem(422, "validation");
        assert_eq!(answer.fields(), [("current_password".into(), "champ_manquant".into())]);
    }
    let wrong =
        put(json!({"password": NEW, "current_password": "Faux-Mot-42!"})).await.expect_problem(422, "validation");
    assert_eq!(wrong.fields()[0].1, "mot_de_passe_incorrect");
    put(json!({"role": "admin"})).await.expect_problem(422, "validation");
    let wanted = json!({"email": "neuf@exemple.ma", "password": NEW, "current_password": PASSWORD});
    let answer = put(wanted).await.expect(200).json();
    let old = changed["email"].clone();
    assert_eq!((&answer["email"], &answer["email_en_attente"]), (&old, &json!("neuf@exemple.ma")));
    for path in ["/api/v1/auth/me", "/api/v1/users/me"] {
        assert_eq!(app.get(path, &token).await.expect(200).json()["email_en_attente"], "neuf@exemple.ma");
    }
    let sign_in = TestRequest::post().uri("/api/v1/auth/token").set_json(json!({"email": old, "password": NEW}));
    app.send(sign_in).await.expect(200);
}
