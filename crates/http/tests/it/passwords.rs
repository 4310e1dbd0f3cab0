//! Which passwords the API lets people set.

use actix_web::test::TestRequest;
use mif_domain::users::Role;
use mif_testkit::PASSWORD;
use serde_json::json;

use crate::app::{Answer, App, bearer};

fn codes(answer: &Answer) -> Vec<String> {
    answer.fields().into_iter().map(|(_, code)| code).collect()
}

#[actix_web::test]
async fn a_decorated_common_word_is_refused_wherever_a_password_is_set() {
    let app = App::start().await;
    let admin = app.admin().await;
    let karim = app.user("karim", Role::Technician, None).await;
    let token = app.sign_in("karim").await.access;
    for weak in ["Casablanca2026!", "P@ssw0rd123"] {
        let made = app.post("/api/v1/users/", &admin, json!({"email": "said@exemple.ma", "password": weak})).await;
        let set = app.post(&format!("/api/v1/users/{}/password", karim.0), &admin, json!({"password": weak})).await;
        let change = json!({"current_password": PASSWORD, "new_password": weak});
        let changed = app.post("/api/v1/auth/change-password", &token, change).await;
        let update = json!({"current_password": PASSWORD, "password": weak});
        let updated = app.put("/api/v1/users/update", &token, update).await;
        for (answer, field) in [(made, "password"), (set, "password"), (changed, "new_password"), (updated, "password")]
        {
            let answer = answer.expect_problem(422, "validation");
            assert_eq!(answer.fields(), [(field.to_owned(), "mot_courant".to_owned())]);
            assert!(!answer.text().contains(weak), "a submitted secret is never echoed");
        }
    }
    app.sign_in("karim").await;
}

#[actix_web::test]
async fn a_word_among_others_may_be_a_password() {
    let app = App::start().await;
    let admin = app.admin().await;
    for (number, good) in ["StrongPass1!", "Bielle-Huile-77!"].into_iter().enumerate() {
        let body = json!({"email": format!("said{number}@exemple.ma"), "password": good});
        app.post("/api/v1/users/", &admin, body).await.expect(201);
    }
}

#[actix_web::test]
async fn every_broken_rule_is_named_at_once() {
    let app = App::start().await;
    let admin = app.admin().await;
    let body = json!({"email": "karim@exemple.ma", "password": "karim"});
    let answer = app.post("/api/v1/users/", &admin, body).await.expect_problem(422, "validation");
    let expected = [
        "mot_de_passe_trop_court",
        "mot_de_passe_sans_majuscule",
        "mot_de_passe_sans_chiffre",
        "mot_de_passe_sans_symbole",
        "mot_de_passe_contient_identite",
        "mot_courant",
    ];
    assert_eq!(codes(&answer), expected);
}

#[actix_web::test]
async fn the_rule_is_explained_in_the_readers_language() {
    let app = App::start().await;
    let admin = app.admin().await;
    for (language, words) in [("fr", "mot courant"), ("en", "common word")] {
        let request = TestRequest::post()
            .uri("/api/v1/users/")
            .insert_header(("accept-language", language))
            .set_json(json!({"email": "said@exemple.ma", "password": "Casablanca2026!"}));
        let answer = app.send(bearer(request, &admin)).await.expect_problem(422, "validation");
        assert!(answer.text().contains(words), "{}", answer.text());
    }
}

#[actix_web::test]
async fn a_password_of_any_script_works_and_a_huge_one_is_refused_by_form() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = |password: String| {
        let body = json!({"email": "said@exemple.ma", "password": password});
        app.post("/api/v1/users/", &admin, body)
    };
    for long in ["x".repeat(129), "\u{fdfa}".repeat(100), "\u{301}".repeat(1500)] {
        let answer = made(long).await.expect_problem(422, "validation");
        assert_eq!(codes(&answer), ["format_invalide"]);
    }
    made("كلمة سر طويلة Xy7!".to_owned()).await.expect(201);
}

#[actix_web::test]
async fn a_password_may_hold_what_other_software_chokes_on() {
    let app = App::start().await;
    let admin = app.admin().await;
    // A lone accent begins the second; the third's are typed apart.
    let odd = ["Clé\0cachée-42!", "\u{301}Manivelle-42!", "Cle\u{301}s-a\u{300}-pipe-42!"];
    for (number, password) in odd.into_iter().enumerate() {
        let email = format!("said{number}@exemple.ma");
        app.post("/api/v1/users/", &admin, json!({"email": email, "password": password})).await.expect(201);
        let sign_in = |typed: &str| app.post("/api/v1/auth/login", "", json!({"email": email, "password": typed}));
        sign_in(password).await.expect(200);
        sign_in(password.split('\0').next().unwrap().trim_end_matches('!')).await.expect(401);
    }
    let huge = json!({"email": "said0@exemple.ma", "password": "x".repeat(1 << 20)});
    app.post("/api/v1/auth/login", "", huge).await.expect_problem(413, "corps_trop_volumineux");
}
