//! Interventions, as four people see them.

use actix_web::test::TestRequest;
use chrono::TimeDelta;
use mif_domain::customers::CustomerId;
use mif_domain::users::Role;
use serde_json::{Value, json};

use crate::app::{Answer, App, bearer};

/// A plant: two customers, a machine of each and one of nobody's, and somebody of every role, signed in.
struct Plant {
    app: App,
    admin: String,
    manager: String,
    karim: String,
    hind: String,
    leila: String,
    hamid: String,
    karim_id: i64,
    hind_id: i64,
    atlas: CustomerId,
    atlas_press: i64,
    souss_loom: i64,
    pump: i64,
}

impl Plant {
    async fn new() -> Self {
        let app = App::start().await;
        let (atlas, souss) = (app.customer("Conserverie Atlas").await, app.customer("Textiles du Souss").await);
        app.user("nadia", Role::Admin, None).await;
        app.user("youssef", Role::Manager, None).await;
        let (karim, hind) =
            (app.user("karim", Role::Technician, None).await, app.user("hind", Role::Technician, None).await);
        app.user("leila", Role::Customer, Some(atlas)).await;
        app.user("hamid", Role::Customer, Some(souss)).await;
        let admin = app.sign_in("nadia").await.access;
        let mut technicians = Vec::new();
        for user in [karim, hind] {
            let made = app.post("/api/v1/techniciens", &admin, json!({"user_id": user.0})).await.expect(201);
            technicians.push(made.json()["id"].as_i64().unwrap());
        }
        Self {
            manager: app.sign_in("youssef").await.access,
            karim: app.sign_in("karim").await.access,
            hind: app.sign_in("hind").await.access,
            leila: app.sign_in("leila").await.access,
            hamid: app.sign_in("hamid").await.access,
            karim_id: technicians[0],
            hind_id: technicians[1],
            atlas,
            atlas_press: app.machine("Presse Atlas", Some(atlas)).await,
            souss_loom: app.machine("Métier Souss", Some(souss)).await,
            pump: app.machine("Pompe", None).await,
            admin,
            app,
        }
    }

    async fn report(&self, token: &str, machine: i64, title: &str) -> String {
        let body = json!({"titre": title, "type": "corrective", "equipement_id": machine});
        self.app.post("/api/v1/interventions/", token, body).await.expect(201).header("location").unwrap()
    }

    async fn step(&self, path: &str, token: &str, body: Value) -> Answer {
        self.app.patch(&format!("{path}/statut"), token, body).await
    }

    async fn assign(&self, path: &str, technician: i64) {
        let body = json!({"technicien_id": technician});
        self.app.post(&format!("{path}/affecter"), &self.manager, body).await.expect(200);
    }

    async fn actions(&self, path: &str, token: &str) -> Value {
        self.app.get(path, token).await.expect(200).json()["actions"].clone()
    }
}

#[actix_web::test]
async fn the_whole_life_of_an_intervention_as_four_people() {
    let plant = Plant::new().await;
    let path = plant.report(&plant.leila, plant.atlas_press, "Fuite d'huile").await;
    let seen = plant.app.get(&path, &plant.leila).await.expect(200).json();
    assert_eq!(
        (&seen["statut"], &seen["priorite"], &seen["client_id"]),
        (&json!("ouverte"), &json!("normale"), &json!(plant.atlas.0))
    );
    assert_eq!(
        (&seen["reference"], &seen["equipement_nom"], &seen["actions"]),
        (&json!("INT-2026-000001"), &json!("Presse Atlas"), &json!([]))
    );
    assert_eq!(plant.actions(&path, &plant.manager).await, json!(["affecter", "annuler"]));
    assert_eq!(plant.actions(&path, &plant.karim).await, json!(["prendre"]));

    plant.assign(&path, plant.karim_id).await;
    plant.app.get(&path, &plant.hind).await.expect_problem(404, "introuvable");
    assert_eq!(plant.actions(&path, &plant.karim).await, json!(["demarrer"]));
    let started = plant.step(&path, &plant.karim, json!({"statut": "EN_COURS"})).await.expect(200).json();
    assert!(started["date_debut"].is_string());
    let machine = format!("/api/v1/equipements/{}", plant.atlas_press);
    assert_eq!(plant.app.get(&machine, &plant.admin).await.json()["statut"], "maintenance");

    let mute = plant.step(&path, &plant.karim, json!({"statut": "en_attente"})).await.expect_problem(422, "validation");
    assert_eq!(mute.fields(), [("remarque".into(), "champ_manquant".into())]);
    plant.step(&path, &plant.karim, json!({"statut": "en_attente", "remarque": "Joint commandé"})).await.expect(200);
    plant.step(&path, &plant.karim, json!({"statut": "en_cours"})).await.expect(200);
    let closing = json!({"statut": "cloturee", "rapport": "Joint remplacé", "cause_panne": "Usure", "temps_arret": 45});
    let closed = plant.step(&path, &plant.karim, closing).await.expect(200).json();
    assert_eq!(
        (&closed["rapport"], &closed["temps_arret"], &closed["actions"]),
        (&json!("Joint remplacé"), &json!(45), &json!([]))
    );
    assert!(closed["date_cloture"].is_string() && closed["date_fin"].is_string());
    assert_eq!(plant.app.get(&machine, &plant.admin).await.json()["statut"], "operationnel");

    plant.app.patch(&path, &plant.leila, json!({"satisfaction": 5})).await.expect(200);
    assert_eq!(plant.actions(&path, &plant.manager).await, json!(["archiver", "rouvrir"]));
    plant.step(&path, &plant.manager, json!({"statut": "archivee"})).await.expect(200);
    plant.app.patch(&path, &plant.manager, json!({"titre": "x"})).await.expect_problem(409, "intervention_archivee");

    let ours = plant.app.get(&format!("{path}/historique"), &plant.manager).await.expect(200).json();
    let states: Vec<_> = ours.as_array().unwrap().iter().map(|entry| entry["statut"].as_str().unwrap()).collect();
    assert_eq!(states, ["ouverte", "affectee", "en_cours", "en_attente", "en_cours", "cloturee", "archivee"]);
    assert_eq!(ours[3]["remarque"], "Joint commandé");
    let theirs = plant.app.get(&format!("{path}/historique"), &plant.leila).await.expect(200);
    assert_eq!(theirs.json().as_array().unwrap().len(), 7);
    assert!(!theirs.text().contains("Joint commandé"), "an internal remark reached the customer");
}

#[actix_web::test]
async fn what_the_state_does_not_allow_is_409_and_tells_what_is() {
    let plant = Plant::new().await;
    let path = plant.report(&plant.manager, plant.pump, "Bruit").await;
    let refused = plant
        .step(&path, &plant.manager, json!({"statut": "cloturee"}))
        .await
        .expect_problem(409, "transition_interdite");
    assert_eq!(
        (&refused.json()["statut_actuel"], &refused.json()["actions"]),
        (&json!("ouverte"), &json!(["affecter", "annuler"]))
    );
    plant.assign(&path, plant.karim_id).await;
    plant
        .step(&path, &plant.karim, json!({"statut": "annulee", "remarque": "x"}))
        .await
        .expect_problem(403, "permission_refusee");
    plant.step(&path, &plant.karim, json!({"statut": "en_cours"})).await.expect(200);
    let body = json!({"technicien_id": plant.hind_id});
    plant.app.post(&format!("{path}/affecter"), &plant.manager, body).await.expect_problem(409, "transition_interdite");
    let legacy = TestRequest::patch().uri(&format!("{path}/statut?statut=EN_ATTENTE&remarque=Pause"));
    plant.app.send(bearer(legacy, &plant.karim)).await.expect(200);
    plant.step(&path, &plant.karim, json!({"statut": "cloturee"})).await.expect(200);
    plant.step(&path, &plant.karim, json!({"statut": "en_cours"})).await.expect_problem(403, "permission_refusee");
    plant.app.clock.advance(TimeDelta::days(31));
    let manager = plant.app.sign_in("youssef").await.access;
    let late = plant.step(&path, &manager, json!({"statut": "en_cours", "remarque": "Encore"})).await;
    late.expect_problem(409, "transition_interdite");
}

#[actix_web::test]
async fn nobody_sees_what_is_not_theirs() {
    let plant = Plant::new().await;
    let atlas = plant.report(&plant.leila, plant.atlas_press, "Fuite chez Atlas").await;
    let souss = plant.report(&plant.hamid, plant.souss_loom, "Casse chez Souss").await;
    let own = plant.report(&plant.manager, plant.pump, "Révision").await;
    plant.assign(&own, plant.karim_id).await;
    let count = async |token: &str, query: &str| {
        let list = plant.app.get(&format!("/api/v1/interventions?total=true&{query}"), token).await.expect(200);
        assert_eq!(list.header("x-total-count"), Some(list.json().as_array().unwrap().len().to_string()), "{query}");
        list.json().as_array().unwrap().len()
    };
    let seen = [
        count(&plant.admin, "").await,
        count(&plant.karim, "").await,
        count(&plant.hind, "").await,
        count(&plant.leila, "").await,
        count(&plant.hamid, "").await,
    ];
    assert_eq!(seen, [3, 3, 2, 1, 1]);
    assert_eq!(count(&plant.leila, "q=casse").await, 0);
    assert_eq!(count(&plant.leila, &format!("equipement_id={}", plant.souss_loom)).await, 0);
    plant.app.get(&souss, &plant.leila).await.expect_problem(404, "introuvable");
    plant.app.get(&format!("{souss}/historique"), &plant.leila).await.expect_problem(404, "introuvable");
    plant.app.patch(&souss, &plant.leila, json!({"titre": "x"})).await.expect_problem(404, "introuvable");
    let comment = json!({"commentaire": "Bonjour"});
    plant.app.post(&format!("{souss}/commentaires"), &plant.leila, comment).await.expect_problem(404, "introuvable");
    // The machine changes hands; what happened before stays where it was.
    let machine = format!("/api/v1/equipements/{}", plant.atlas_press);
    plant.app.patch(&machine, &plant.admin, json!({"client_id": null})).await.expect(200);
    plant.app.get(&atlas, &plant.leila).await.expect(200);
    plant.app.get(&machine, &plant.leila).await.expect_problem(404, "introuvable");
}

#[actix_web::test]
async fn who_may_report_and_edit_what() {
    let plant = Plant::new().await;
    let new = |machine: i64, more: Value| {
        let mut body = json!({"titre": "Fuite", "equipement_id": machine});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let post = async |token: &str, body: Value| plant.app.post("/api/v1/interventions", token, body).await;
    post(&plant.leila, new(plant.souss_loom, json!({}))).await.expect_problem(422, "validation");
    post(&plant.leila, new(plant.atlas_press, json!({"priorite": "CRITIQUE"}))).await.expect_problem(422, "validation");
    post(&plant.leila, new(plant.atlas_press, json!({"technicien_id": plant.karim_id})))
        .await
        .expect_problem(403, "permission_refusee");
    post(&plant.karim, new(plant.pump, json!({"technicien_id": plant.hind_id})))
        .await
        .expect_problem(403, "permission_refusee");
    let own = post(&plant.karim, new(plant.pump, json!({"technicien_id": plant.karim_id}))).await.expect(201);
    assert_eq!((&own.json()["statut"], &own.json()["actions"]), (&json!("affectee"), &json!(["demarrer"])));
    post(&plant.manager, new(plant.pump, json!({"technicien_id": 999}))).await.expect_problem(422, "validation");
    post(&plant.manager, new(999, json!({}))).await.expect_problem(422, "validation");
    post(&plant.manager, new(plant.pump, json!({"statut": "CLOTUREE"}))).await.expect_problem(422, "validation");
    post(&plant.manager, new(plant.pump, json!({"statut": "OUVERTE", "priorite": "MOYENNE"}))).await.expect(201);

    let path = plant.report(&plant.leila, plant.atlas_press, "Fuite").await;
    plant.app.patch(&path, &plant.leila, json!({"titre": "Grosse fuite"})).await.expect(200);
    plant.app.patch(&path, &plant.leila, json!({"priorite": "basse"})).await.expect_problem(403, "permission_refusee");
    plant
        .app
        .patch(&path, &plant.leila, json!({"satisfaction": 1}))
        .await
        .expect_problem(409, "intervention_non_terminee");
    plant.app.patch(&path, &plant.manager, json!({"statut": "cloturee"})).await.expect_problem(422, "validation");
    plant.assign(&path, plant.karim_id).await;
    plant
        .app
        .patch(&path, &plant.leila, json!({"titre": "Fuite énorme"}))
        .await
        .expect_problem(403, "permission_refusee");
    plant.app.patch(&path, &plant.karim, json!({"rapport": "Vu"})).await.expect(200);
    plant.app.patch(&path, &plant.karim, json!({"priorite": "basse"})).await.expect_problem(403, "permission_refusee");
}

#[actix_web::test]
async fn of_two_who_reach_for_it_one_gets_it() {
    let plant = Plant::new().await;
    let path = plant.report(&plant.manager, plant.pump, "Bruit").await;
    let take = |token: &str| plant.app.send(bearer(TestRequest::post().uri(&format!("{path}/prendre")), token));
    take(&plant.leila).await.expect_problem(404, "introuvable");
    take(&plant.manager).await.expect_problem(403, "permission_refusee");
    let taken = take(&plant.karim).await.expect(200).json();
    assert_eq!((&taken["technicien_id"], &taken["statut"]), (&json!(plant.karim_id), &json!("affectee")));
    take(&plant.hind).await.expect_problem(404, "introuvable");
    take(&plant.karim).await.expect_problem(409, "transition_interdite");
}

#[actix_web::test]
async fn a_technician_is_in_one_place_at_a_time() {
    let plant = Plant::new().await;
    let (one, two) =
        (plant.report(&plant.manager, plant.pump, "Un").await, plant.report(&plant.manager, plant.pump, "Deux").await);
    let slot = |start: &str, end: &str| json!({"debut_prevu": format!("2026-01-06T{start}:00Z"), "fin_prevue": format!("2026-01-06T{end}:00Z")});
    let plan = async |path: &str, body: Value| plant.app.patch(&format!("{path}/creneau"), &plant.manager, body).await;
    plan(&one, slot("10:00", "09:00")).await.expect_problem(422, "validation");
    plan(&one, json!({"debut_prevu": "2026-01-06T08:00:00Z"})).await.expect_problem(422, "validation");
    plan(&one, slot("08:00", "10:00")).await.expect(200);
    plan(&two, slot("09:00", "11:00")).await.expect(200);
    plant.assign(&one, plant.karim_id).await;
    let body = json!({"technicien_id": plant.karim_id});
    let busy = plant
        .app
        .post(&format!("{two}/affecter"), &plant.manager, body.clone())
        .await
        .expect_problem(409, "creneau_occupe");
    assert_eq!(busy.json()["intervention"]["reference"], "INT-2026-000001");
    plan(&two, slot("10:00", "11:00")).await.expect(200);
    plant.app.post(&format!("{two}/affecter"), &plant.manager, body).await.expect(200);
    plan(&two, slot("09:59", "11:00")).await.expect_problem(409, "creneau_occupe");
    let mut forced = slot("09:59", "11:00");
    forced["forcer"] = json!(true);
    plan(&two, forced).await.expect(200);
    let load = plant
        .app
        .get(&format!("/api/v1/techniciens/{}/charge?du=2026-01-06&au=2026-01-06", plant.karim_id), &plant.manager)
        .await;
    load.expect(200);
    let ranked = plant.app.get(&format!("{one}/candidats"), &plant.manager).await.expect(200).json();
    assert_eq!(ranked[0]["technicien_id"], json!(plant.hind_id), "{ranked}");
    assert!(!ranked[1]["raisons"].as_array().unwrap().is_empty());
    plant.app.get(&format!("{one}/candidats"), &plant.karim).await.expect_problem(403, "permission_refusee");
}

#[actix_web::test]
async fn comments_are_internal_unless_said_otherwise() {
    let plant = Plant::new().await;
    let path = plant.report(&plant.leila, plant.atlas_press, "Fuite").await;
    let say =
        async |token: &str, body: Value| plant.app.post(&format!("{path}/commentaires"), token, body).await.expect(204);
    say(&plant.manager, json!({"commentaire": "Le client a mal serré"})).await;
    say(&plant.manager, json!({"commentaire": "Nous passons demain", "interne": false})).await;
    say(&plant.leila, json!({"commentaire": "Merci", "interne": true})).await;
    let theirs = plant.app.get(&format!("{path}/historique"), &plant.leila).await.expect(200);
    assert!(theirs.text().contains("Nous passons demain") && theirs.text().contains("Merci"));
    assert!(!theirs.text().contains("mal serré"));
    let ours = plant.app.get(&format!("{path}/historique"), &plant.manager).await.expect(200);
    assert!(ours.text().contains("mal serré"));
}

#[actix_web::test]
async fn lists_are_filtered_searched_and_sorted() {
    let plant = Plant::new().await;
    let titles = ["Électricité en panne", "Fuite d'huile", "Révision électrique"];
    for title in titles {
        plant.report(&plant.manager, plant.pump, title).await;
        plant.app.clock.advance(TimeDelta::seconds(1));
    }
    plant
        .app
        .patch(
            "/api/v1/interventions/2",
            &plant.manager,
            json!({"date_limite": "2026-01-01T00:00:00Z", "priorite": "urgente"}),
        )
        .await
        .expect(200);
    let ids = async |query: &str| -> Vec<i64> {
        let list = plant.app.get(&format!("/api/v1/interventions?{query}"), &plant.manager).await.expect(200).json();
        list.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
    };
    let cases = [
        ("q=electricite", vec![1]),
        ("q=ELECTRI", vec![1, 3]),
        ("q=INT-2026-000002", vec![2]),
        ("q=%25", vec![]),
        ("en_retard=true", vec![2]),
        ("en_retard=false", vec![1, 3]),
        ("priorite=CRITIQUE", vec![2]),
        ("statut=ouverte,affectee", vec![1, 2, 3]),
        ("statut=cloturee", vec![]),
        ("tri=-id", vec![3, 2, 1]),
        ("tri=date_limite", vec![2, 1, 3]),
        ("tri=titre", vec![2, 3, 1]),
        ("du=2026-01-05&au=2026-01-05", vec![1, 2, 3]),
        ("du=2026-01-06", vec![]),
        ("technicien_id=1", vec![]),
    ];
    for (query, expected) in cases {
        assert_eq!(ids(query).await, expected, "{query}");
        assert_eq!(
            plant
                .app
                .get(&format!("/api/v1/filters/interventions?{query}"), &plant.manager)
                .await
                .expect(200)
                .json()
                .as_array()
                .unwrap()
                .len(),
            expected.len()
        );
    }
    for (query, field) in
        [("statut=perdue", "statut"), ("du=hier", "du"), ("urgence=oui", "urgence"), ("couleur=x", "couleur")]
    {
        let refused = plant
            .app
            .get(&format!("/api/v1/interventions?{query}"), &plant.manager)
            .await
            .expect_problem(422, "validation");
        assert_eq!(refused.fields()[0].0, field);
    }
}

#[actix_web::test]
async fn assignment_and_closing_are_told_to_whom_they_concern() {
    let plant = Plant::new().await;
    let path = plant.report(&plant.leila, plant.atlas_press, "Fuite").await;
    plant.assign(&path, plant.karim_id).await;
    plant.step(&path, &plant.karim, json!({"statut": "en_cours"})).await.expect(200);
    plant.step(&path, &plant.karim, json!({"statut": "cloturee"})).await.expect(200);
    let kinds = async |token: &str| -> Vec<String> {
        let list = plant.app.get("/api/v1/notifications", token).await.expect(200).json();
        list.as_array().unwrap().iter().map(|row| row["type"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&plant.karim).await, ["affectation"]);
    assert_eq!(kinds(&plant.leila).await, ["cloture"]);
    assert_eq!(kinds(&plant.manager).await, ["cloture"]);
    assert_eq!(kinds(&plant.hamid).await, Vec::<String>::new());
}

#[actix_web::test]
async fn an_author_who_went_to_another_customer_is_told_nothing() {
    let plant = Plant::new().await;
    let path = plant.report(&plant.leila, plant.atlas_press, "Fuite").await;
    plant.assign(&path, plant.karim_id).await;
    let leila = plant.app.get("/api/v1/auth/me", &plant.leila).await.expect(200).json()["id"].clone();
    let hamid = plant.app.get("/api/v1/auth/me", &plant.hamid).await.expect(200).json();
    let moved = json!({"client_id": hamid["client_id"]});
    plant.app.patch(&format!("/api/v1/users/{leila}"), &plant.admin, moved).await.expect(200);
    plant.app.get(&path, &plant.leila).await.expect(404);
    plant.step(&path, &plant.karim, json!({"statut": "en_cours"})).await.expect(200);
    plant.step(&path, &plant.karim, json!({"statut": "cloturee"})).await.expect(200);
    assert_eq!(plant.app.get("/api/v1/notifications", &plant.leila).await.expect(200).json(), json!([]));
}

#[actix_web::test]
async fn a_machine_with_a_history_is_retired_not_deleted() {
    let plant = Plant::new().await;
    plant.report(&plant.manager, plant.pump, "Bruit").await;
    let path = format!("/api/v1/equipements/{}", plant.pump);
    plant.app.delete(&path, &plant.admin).await.expect_problem(409, "equipement_utilise");
    plant.app.patch(&path, &plant.admin, json!({"statut": "retire"})).await.expect(200);
}
