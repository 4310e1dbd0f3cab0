//! Technicians, their skills and their load.

use actix_web::test::TestRequest;
use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::{NewIntervention, Reference};
use mif_domain::technicians::TechnicianId;
use mif_domain::users::Role;
use mif_testkit::{T0, a_slot, an_intervention};
use serde_json::{Value, json};

use crate::app::{App, bearer};

const NEW: &str = "Courroie-Verte-42?";

/// Gives a technician something to do from one hour after the beginning until two.
async fn give_work(app: &App, technician: TechnicianId) {
    let machine = EquipmentId(app.machine("Presse", None).await);
    let draft = an_intervention("Fuite", machine).slot(a_slot(3600, 7200)).build();
    let mut work = app.core.work.begin().await.unwrap();
    let reference: Reference = work.interventions().next_reference(2026).await.unwrap();
    let new = NewIntervention { technician_id: Some(technician), ..NewIntervention::reported(reference, draft) };
    work.interventions().insert(new, T0).await.unwrap();
    work.commit().await.unwrap();
}

async fn skill(app: &App, token: &str, name: &str) -> i64 {
    let body = json!({"nom": name, "domaine": "presse"});
    let made = app.post("/api/v1/techniciens/competences", token, body).await.expect(201);
    made.json()["id"].as_i64().unwrap()
}

fn fields(answer: &crate::app::Answer) -> Vec<(String, String)> {
    answer.fields()
}

#[actix_web::test]
async fn a_technician_is_made_with_the_account_and_follows_its_role() {
    let app = App::start().await;
    let admin = app.admin().await;
    let body = json!({"email": "karim@exemple.ma", "password": NEW, "role": "technicien", "full_name": "Karim Alaoui"});
    let user = app.post("/api/v1/users", &admin, body).await.expect(201).json()["id"].as_i64().unwrap();
    let list = app.get("/api/v1/techniciens/", &admin).await.expect(200).json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    let technician = &list[0];
    let expected = json!({
        "id": technician["id"],
        "user": {"id": user, "username": "karim", "full_name": "Karim Alaoui", "email": "karim@exemple.ma", "is_active": true},
        "equipe": null, "disponibilite": "disponible", "niveau": "intermediaire", "zone": null, "astreinte": false,
        "telephone": null, "competences": [], "archive": false, "created_at": technician["created_at"],
        "updated_at": technician["updated_at"], "version": 1
    });
    assert_eq!(*technician, expected);
    app.post("/api/v1/techniciens", &admin, json!({"user_id": user})).await.expect_problem(409, "technicien_existe");

    let account = format!("/api/v1/users/{user}");
    app.patch(&account, &admin, json!({"role": "responsable"})).await.expect(200);
    assert_eq!(app.get("/api/v1/techniciens", &admin).await.json(), json!([]));
    let archived = app.get("/api/v1/techniciens?archives=true", &admin).await.json();
    assert_eq!((&archived[0]["archive"], &archived[0]["id"]), (&json!(true), &technician["id"]));
    app.patch(&account, &admin, json!({"role": "technicien"})).await.expect(200);
    let back = app.get("/api/v1/techniciens", &admin).await.json();
    assert_eq!((&back[0]["id"], &back[0]["archive"]), (&technician["id"], &json!(false)));
}

#[actix_web::test]
async fn who_has_open_work_keeps_role_and_place() {
    let app = App::start().await;
    let admin = app.admin().await;
    let technician = app.technician("karim").await;
    give_work(&app, technician.id).await;
    let path = format!("/api/v1/techniciens/{}", technician.id.0);
    app.delete(&path, &admin).await.expect_problem(409, "technicien_occupe");
    app.patch(&path, &admin, json!({"archive": true})).await.expect_problem(409, "technicien_occupe");
    let account = format!("/api/v1/users/{}", technician.user_id.0);
    app.patch(&account, &admin, json!({"role": "client"})).await.expect_problem(409, "technicien_occupe");
    assert_eq!(app.get(&account, &admin).await.json()["role"], "technicien");
    assert_eq!(app.get(&path, &admin).await.json()["archive"], false);
}

#[actix_web::test]
async fn an_archived_technician_can_be_taken_back() {
    let app = App::start().await;
    let admin = app.admin().await;
    let technician = app.technician("karim").await;
    let path = format!("/api/v1/techniciens/{}", technician.id.0);
    app.delete(&path, &admin).await.expect(204);
    app.delete(&path, &admin).await.expect(204);
    let archived = app.get(&path, &admin).await.expect(200).json();
    assert_eq!((&archived["archive"], &archived["version"]), (&json!(true), &json!(2)));
    let missing = json!({"user_id": technician.user_id.0});
    app.post("/api/v1/techniciens", &admin, missing).await.expect_problem(409, "technicien_existe");
    let back = app.patch(&path, &admin, json!({"archive": false, "zone": "Safi"})).await.expect(200).json();
    assert_eq!((&back["archive"], &back["zone"]), (&json!(false), &json!("Safi")));

    let account = format!("/api/v1/users/{}", technician.user_id.0);
    app.patch(&account, &admin, json!({"role": "client"})).await.expect(200);
    let refused = app.patch(&path, &admin, json!({"archive": false})).await.expect_problem(422, "validation");
    assert_eq!(fields(&refused), [("archive".into(), "format_invalide".into())]);
}

#[actix_web::test]
async fn a_missing_technician_is_completed() {
    let app = App::start().await;
    let admin = app.admin().await;
    let user = app.user("karim", Role::Technician, None).await;
    let body = json!({
        "user_id": user.0, "equipe": "Mécanique", "disponibilite": "Congé", "niveau": "EXPERT", "zone": "Atelier B",
        "astreinte": true, "telephone": "+212 600"
    });
    let send = || {
        let request = TestRequest::post().uri("/api/v1/techniciens").insert_header(("idempotency-key", "one"));
        app.send(bearer(request, &admin).set_json(body.clone()))
    };
    let made = send().await.expect(201);
    assert_eq!(made.body, send().await.expect(201).body);
    let technician = made.json();
    for (name, value) in [
        ("equipe", json!("Mécanique")),
        ("disponibilite", json!("conge")),
        ("niveau", json!("expert")),
        ("zone", json!("Atelier B")),
        ("astreinte", json!(true)),
        ("telephone", json!("+212 600")),
    ] {
        assert_eq!(technician[name], value, "{name}");
    }
    let path = made.header("location").unwrap();
    assert_eq!(app.get(&path, &admin).await.expect(200).header("etag"), made.header("etag"));
    let me = app.get("/api/v1/users/me", &admin).await.json()["id"].clone();
    for user in [me, json!(999)] {
        let refused = app.post("/api/v1/techniciens", &admin, json!({"user_id": user})).await;
        let refused = refused.expect_problem(422, "validation");
        assert_eq!(fields(&refused), [("user_id".into(), "reference_inconnue".into())]);
    }
}

#[actix_web::test]
async fn skills_are_unique_whatever_their_case_and_are_replaced_together() {
    let app = App::start().await;
    let admin = app.admin().await;
    let (hydraulics, froid) = (skill(&app, &admin, "Hydraulique").await, skill(&app, &admin, "Froid").await);
    let body = json!({"nom": "HYDRAULIQUE", "domaine": "autre"});
    app.post("/api/v1/techniciens/competences", &admin, body).await.expect_problem(409, "competence_existe");
    let list = app.get("/api/v1/techniciens/competences?tri=nom&total=true", &admin).await.expect(200);
    assert_eq!(list.json()[0], json!({"id": froid, "nom": "Froid", "domaine": "presse"}));
    assert_eq!(list.header("x-total-count").as_deref(), Some("2"));
    assert_eq!(app.get("/api/v1/techniciens/competences?domaine=autre", &admin).await.json(), json!([]));

    let path = format!("/api/v1/techniciens/{}", app.technician("karim").await.id.0);
    let etag = app.get(&path, &admin).await.header("etag").unwrap();
    let skills = format!("{path}/competences");
    let both =
        json!([{"competence_id": hydraulics, "niveau": "expert"}, {"competence_id": froid, "niveau": "debutant"}]);
    let set = app.put(&skills, &admin, both).await.expect(200).json();
    let expected = json!([
        {"id": froid, "nom": "Froid", "domaine": "presse", "niveau": "debutant"},
        {"id": hydraulics, "nom": "Hydraulique", "domaine": "presse", "niveau": "expert"}
    ]);
    assert_eq!((&set["competences"], &set["version"]), (&expected, &json!(2)));
    let stale = TestRequest::put().uri(&skills).insert_header(("if-match", etag)).set_json(json!([]));
    app.send(bearer(stale, &admin)).await.expect_problem(412, "version_perimee");
    let found = app.get(&format!("/api/v1/techniciens?competence_id={froid}"), &admin).await.json();
    assert_eq!(found.as_array().unwrap().len(), 1);
    let fewer = app.put(&skills, &admin, json!([{"competence_id": froid, "niveau": "avance"}])).await.expect(200);
    assert_eq!(fewer.json()["competences"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn wrong_skills_are_refused_and_nothing_is_replaced() {
    let app = App::start().await;
    let admin = app.admin().await;
    let known = skill(&app, &admin, "Hydraulique").await;
    let path = format!("/api/v1/techniciens/{}/competences", app.technician("karim").await.id.0);
    let one = json!({"competence_id": known, "niveau": "expert"});
    app.put(&path, &admin, json!([one])).await.expect(200);
    let many: Vec<_> = (1..=51).map(|id| json!({"competence_id": id, "niveau": "expert"})).collect();
    let cases: Vec<(Value, &str, &str)> = vec![
        (json!({}), ".", "type_invalide"),
        (json!("x"), ".", "type_invalide"),
        (json!([[known, "expert"]]), "[0]", "type_invalide"),
        (json!([{"competence_id": known}]), "[0].niveau", "champ_manquant"),
        (json!([one, {"competence_id": known, "niveau": "maître"}]), "[1].niveau", "type_invalide"),
        (json!([{"competence_id": known, "niveau": "expert", "x": 1}]), "[0].x", "champ_inconnu"),
        (json!([one, one]), "[1].competence_id", "champ_double"),
        (json!([{"competence_id": 999, "niveau": "expert"}]), "competence_id", "reference_inconnue"),
        (Value::Array(many), ".", "format_invalide"),
    ];
    for (body, field, code) in cases {
        let refused = app.put(&path, &admin, body.clone()).await.expect_problem(422, "validation");
        assert_eq!(fields(&refused), [(field.to_owned(), code.to_owned())], "{body}");
    }
    let broken = TestRequest::put().uri(&path).insert_header(("content-type", "application/json"));
    app.send(bearer(broken, &admin).set_payload("[{")).await.expect_problem(400, "json_invalide");
    let technician = app.get(path.trim_end_matches("/competences"), &admin).await.json();
    assert_eq!(technician["competences"][0]["id"], known);
}

#[actix_web::test]
async fn technicians_are_searched_filtered_and_changed() {
    let app = App::start().await;
    let admin = app.admin().await;
    let karim = app.technician("karim").await;
    app.technician("hind").await;
    let path = format!("/api/v1/techniciens/{}", karim.id.0);
    let etag = app.get(&path, &admin).await.header("etag").unwrap();
    let body = json!({"equipe": "Électricité", "disponibilite": "formation", "niveau": "debutant", "zone": null, "astreinte": true});
    app.patch(&path, &admin, body).await.expect(200);
    let stale = TestRequest::patch().uri(&path).insert_header(("if-match", etag)).set_json(json!({"zone": "x"}));
    app.send(bearer(stale, &admin)).await.expect_problem(412, "version_perimee");
    for query in
        ["q=karim@", "equipe=%C3%89lectricit%C3%A9", "disponibilite=Formation", "niveau=debutant", "q=KARIM%40&limit=1"]
    {
        let list = app.get(&format!("/api/v1/techniciens?{query}&total=true"), &admin).await.expect(200);
        assert_eq!(list.header("x-total-count").as_deref(), Some("1"), "{query}");
        assert_eq!(list.json()[0]["id"], karim.id.0, "{query}");
    }
    for query in ["disponibilite=parti", "niveau=9", "competence_id=x", "archives=oui", "tri=telephone", "q=a%00"] {
        app.get(&format!("/api/v1/techniciens?{query}"), &admin).await.expect_problem(422, "validation");
    }
    for tri in ["id", "-username", "equipe", "-zone", "disponibilite"] {
        let first = app.get(&format!("/api/v1/techniciens?limit=1&tri={tri}"), &admin).await.expect(200);
        let link = first.header("link").unwrap();
        let next = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
        let second = app.get(&next, &admin).await.expect(200);
        assert_ne!(first.json()[0]["id"], second.json()[0]["id"], "{tri}");
        assert_eq!(second.header("link"), None, "{tri}");
    }
    let refused = app.patch(&path, &admin, json!({"niveau": null, "telephone": "0".repeat(31)})).await;
    let refused = refused.expect_problem(422, "validation");
    let names: Vec<_> = fields(&refused).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["niveau", "telephone"]);
}

#[actix_web::test]
async fn the_load_is_that_of_a_period() {
    let app = App::start().await;
    let admin = app.admin().await;
    let technician = app.technician("karim").await;
    give_work(&app, technician.id).await;
    let path = format!("/api/v1/techniciens/{}/charge", technician.id.0);
    let load = app.get(&path, &admin).await.expect(200).json();
    let expected = json!({
        "technicien_id": technician.id.0, "du": "2026-01-05T07:00:00.000000Z", "au": "2026-01-12T07:00:00.000000Z",
        "planifiees": 1, "minutes_planifiees": 60, "non_planifiees": 0, "en_retard": 0
    });
    assert_eq!(load, expected);
    for (query, planned) in [
        ("du=2026-01-05", 1),
        ("du=2026-01-05&au=2026-01-05", 1),
        ("du=2026-01-06", 0),
        ("du=2026-01-05T08:00:00Z&au=2026-01-05T09:00:00Z", 1),
        ("du=2026-01-05T08:30:00%2B01:00&au=2026-01-05T08:00:00Z", 0),
    ] {
        let load = app.get(&format!("{path}?{query}"), &admin).await.expect(200).json();
        assert_eq!(load["planifiees"], planned, "{query}");
    }
    for (query, field) in [
        ("du=demain", "du"),
        ("au=2026-13-01", "au"),
        ("du=2026-01-07&au=2026-01-05", "au"),
        ("au=2025-01-01", "au"),
        ("de=2026-01-01", "de"),
    ] {
        let refused = app.get(&format!("{path}?{query}"), &admin).await.expect_problem(422, "validation");
        assert_eq!(refused.fields()[0].0, field, "{query}");
    }
}
