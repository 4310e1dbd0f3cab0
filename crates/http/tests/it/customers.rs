//! Customers.

use actix_web::test::TestRequest;
use mif_domain::users::Role;
use serde_json::{Value, json};

use crate::app::{App, bearer};

#[actix_web::test]
async fn a_customer_is_entered_read_changed_and_deleted() {
    let app = App::start().await;
    let token = app.admin().await;
    let body = json!({
        "nom": "  Conserverie Atlas ", "contact": "Leïla Chraïbi", "email": "achats@atlas.ma", "telephone": "+212 524 1",
        "adresse": "12, zone industrielle", "ville": "Safi", "ice": "001 523 478 000 061", "niveau_service": "PREMIUM"
    });
    let made = app.post("/api/v1/clients/", &token, body).await.expect(201);
    let customer = made.json();
    let expected = json!({
        "id": customer["id"], "nom": "Conserverie Atlas", "contact": "Leïla Chraïbi", "email": "achats@atlas.ma",
        "telephone": "+212 524 1", "adresse": "12, zone industrielle", "ville": "Safi", "ice": "001523478000061",
        "niveau_service": "premium", "is_active": true, "created_at": customer["created_at"],
        "updated_at": customer["updated_at"], "version": 1
    });
    assert_eq!(customer, expected);
    let path = made.header("location").unwrap();
    assert_eq!(path, format!("/api/v1/clients/{}", customer["id"]));
    let etag = made.header("etag").unwrap();
    assert_eq!(app.get(&path, &token).await.expect(200).header("etag"), Some(etag.clone()));

    let patch = |value: &str| TestRequest::patch().uri(&path).insert_header(("if-match", value));
    let changed = bearer(patch(&etag), &token).set_json(json!({"ice": null, "is_active": false}));
    let changed = app.send(changed).await.expect(200).json();
    assert_eq!((&changed["ice"], &changed["is_active"], &changed["version"]), (&Value::Null, &json!(false), &json!(2)));
    let stale = bearer(patch(&etag), &token).set_json(json!({"nom": "Autre"}));
    app.send(stale).await.expect_problem(412, "version_perimee");
    let delete = TestRequest::delete().uri(&path).insert_header(("if-match", etag.as_str()));
    app.send(bearer(delete, &token)).await.expect_problem(412, "version_perimee");
    app.delete(&path, &token).await.expect(204);
    app.get(&path, &token).await.expect_problem(404, "introuvable");
}

#[actix_web::test]
async fn a_customer_that_something_points_at_stays() {
    let app = App::start().await;
    let token = app.admin().await;
    let (owner, employer) = (app.customer("Atlas").await, app.customer("Souss").await);
    app.machine("Presse", Some(owner)).await;
    app.user("leila", Role::Customer, Some(employer)).await;
    for id in [owner, employer] {
        app.delete(&format!("/api/v1/clients/{}", id.0), &token).await.expect_problem(409, "client_utilise");
    }
}

#[actix_web::test]
async fn customers_are_searched_filtered_and_paged() {
    let app = App::start().await;
    let token = app.admin().await;
    for (name, city, level) in [
        ("Électro Atlas", "Safi", "premium"),
        ("Textiles du Souss", "Agadir", "standard"),
        ("Minoterie", "Fès", "premium"),
    ] {
        let body = json!({"nom": name, "ville": city, "niveau_service": level, "is_active": name != "Minoterie"});
        app.post("/api/v1/clients", &token, body).await.expect(201);
    }
    let names = async |query: &str| {
        let list = app.get(&format!("/api/v1/clients?total=true&{query}"), &token).await.expect(200);
        let rows = list.json();
        let names: Vec<_> =
            rows.as_array().unwrap().iter().map(|row| row["nom"].as_str().unwrap().to_owned()).collect();
        (names, list.header("x-total-count").unwrap())
    };
    assert_eq!(names("q=electro").await, (vec!["Électro Atlas".to_owned()], "1".to_owned()));
    assert_eq!(names("q=fes").await.0, ["Minoterie"]);
    assert_eq!(names("niveau_service=Premium&tri=-nom").await.0, ["Électro Atlas", "Minoterie"]);
    assert_eq!(names("is_active=false").await.0, ["Minoterie"]);
    assert_eq!(names("tri=ville").await.0, ["Textiles du Souss", "Minoterie", "Électro Atlas"]);

    for tri in ["id", "-nom", "ville", "-niveau_service", "created_at"] {
        let mut path = format!("/api/v1/clients?limit=2&tri={tri}");
        let first = app.get(&path, &token).await.expect(200);
        let link = first.header("link").unwrap();
        path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
        let second = app.get(&path, &token).await.expect(200);
        assert_eq!((first.json().as_array().unwrap().len(), second.json().as_array().unwrap().len()), (2, 1), "{tri}");
        assert_eq!(second.header("link"), None);
    }
}

#[actix_web::test]
async fn a_user_of_a_customer_sees_it_and_no_other() {
    let app = App::start().await;
    let (own, other) = (app.customer("Atlas").await, app.customer("Souss").await);
    app.user("leila", Role::Customer, Some(own)).await;
    app.user("orphan", Role::Customer, None).await;
    let token = app.sign_in("leila").await.access;
    let list = app.get("/api/v1/clients?total=true", &token).await.expect(200);
    assert_eq!((list.header("x-total-count").as_deref(), list.json()[0]["id"].as_i64()), (Some("1"), Some(own.0)));
    assert_eq!(app.get("/api/v1/clients?q=souss", &token).await.expect(200).json(), json!([]));
    app.get(&format!("/api/v1/clients/{}", other.0), &token).await.expect_problem(404, "introuvable");
    let token = app.sign_in("orphan").await.access;
    assert_eq!(app.get("/api/v1/clients", &token).await.expect(200).json(), json!([]));
    app.get(&format!("/api/v1/clients/{}", own.0), &token).await.expect_problem(404, "introuvable");
}

#[actix_web::test]
async fn a_wrong_customer_is_refused_field_by_field() {
    let app = App::start().await;
    let token = app.admin().await;
    let body = json!({"nom": " ", "email": "nulle-part", "ice": "12345", "telephone": "0".repeat(31)});
    let answer = app.post("/api/v1/clients", &token, body).await.expect_problem(422, "validation");
    let field = |name: &str, code: &str| (name.to_owned(), code.to_owned());
    let expected = [
        field("nom", "champ_vide"),
        field("email", "format_invalide"),
        field("telephone", "trop_long"),
        field("ice", "format_invalide"),
    ];
    assert_eq!(answer.fields(), expected);
    for (body, name, code) in [
        (json!({}), "nom", "champ_manquant"),
        (json!({"nom": "a", "couleur": 1}), "couleur", "champ_inconnu"),
        (json!({"nom": "a", "niveau_service": "or"}), "niveau_service", "type_invalide"),
        (json!({"nom": "a", "is_active": "oui"}), "is_active", "type_invalide"),
        (json!({"nom": "a", "ville": "a\u{0}"}), "ville", "caractere_interdit"),
    ] {
        let answer = app.post("/api/v1/clients", &token, body).await.expect_problem(422, "validation");
        assert_eq!(answer.fields(), [field(name, code)]);
    }
    let path = format!("/api/v1/clients/{}", app.customer("Atlas").await.0);
    let answer = app.patch(&path, &token, json!({"nom": null})).await.expect_problem(422, "validation");
    assert_eq!(answer.fields(), [field("nom", "champ_manquant")]);
    for query in ["niveau_service=or", "is_active=2", "tri=ice", "ville=Safi"] {
        app.get(&format!("/api/v1/clients?{query}"), &token).await.expect_problem(422, "validation");
    }
}

#[actix_web::test]
async fn a_customer_sent_twice_is_entered_once() {
    let app = App::start().await;
    let token = app.admin().await;
    let send = || {
        let request = TestRequest::post().uri("/api/v1/clients").insert_header(("idempotency-key", "one"));
        app.send(bearer(request, &token).set_json(json!({"nom": "Atlas"})))
    };
    assert_eq!(send().await.expect(201).body, send().await.expect(201).body);
    let list = app.get("/api/v1/clients?total=true", &token).await.expect(200);
    assert_eq!(list.header("x-total-count").as_deref(), Some("1"));
}
