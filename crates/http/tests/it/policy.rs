//! Every route x role x {own, other's, absent}, generated from the document and held against a table of statuses.

use chrono::TimeDelta;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use mif_domain::Clock as _;
use mif_domain::notifications::NotificationKind;
use mif_domain::users::Role;
use serde_json::{Value, json};

use crate::app::{App, bearer};
use crate::documented::operations;
use crate::documents::Form;

#[actix_web::test]
async fn without_a_token_every_closed_route_answers_401() {
    let app = App::start().await;
    let mut closed = 0;
    for (path, method, operation) in operations() {
        if operation["security"].as_array().unwrap().is_empty() {
            continue;
        }
        closed += 1;
        let request = TestRequest::default()
            .method(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap())
            .uri(&path.replace("{id}", "1"));
        app.send(request.set_json(json!({}))).await.expect_problem(401, "authentification_requise");
    }
    assert!(closed >= 21, "{closed} closed routes");
}

#[actix_web::test]
async fn rights_that_are_lost_while_a_body_arrives_are_lost_for_that_body_too() {
    let app = App::start().await;
    let mut tried = 0;
    for (path, method, operation) in operations() {
        let Some(body) = operation["requestBody"]["content"].as_object() else { continue };
        let name = operation["operationId"].as_str().unwrap();
        // Uploads look again by themselves when they are complete.
        if operation["security"].as_array().unwrap().is_empty() || name.starts_with("deposer") {
            continue;
        }
        tried += 1;
        for (loss, status) in [("closed", 401), ("demoted", 403)] {
            let username = format!("{loss}.{tried}");
            let id = app.user(&username, Role::Admin, None).await;
            let token = app.sign_in(&username).await.access;
            // From now on the server knows the session, and need not look it up for a second.
            app.get("/api/v1/auth/me", &token).await.expect(200);
            let (core, clock) = (app.core.clone(), app.clock.clone());
            let meanwhile = async move {
                let mut work = core.work.begin().await.unwrap();
                let mut user = work.users().find_for_update(id).await.unwrap().unwrap();
                match loss {
                    "closed" => user.is_active = false,
                    _ => user.role = Role::Manager,
                }
                work.users().update(&user, clock.now()).await.unwrap();
                work.commit().await.unwrap();
                clock.advance(TimeDelta::seconds(2));
            };
            let request = TestRequest::default()
                .method(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap())
                .uri(&path.replace("{id}", "1"))
                .insert_header(("content-type", body.keys().next().unwrap().as_str()));
            app.send_slowly(bearer(request, &token), "{}", meanwhile).await.expect(status);
        }
    }
    assert!(tried >= 20, "{tried} routes take a body");
}

/// What a route is tried on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Target {
    /// The user's own account, technician, customer, notification or work; a machine of their customer.
    Own,
    /// Somebody else's; a machine of nobody's.
    Others,
    /// Nothing has this identifier.
    Absent,
}

/// The statuses for the roles admin, responsable, technicien, client on a target.
const EXPECTED: &[(&str, Target, [u16; 4])] = &[
    ("listerUtilisateurs", Target::Own, [200, 403, 403, 403]),
    ("creerUtilisateur", Target::Own, [422, 422, 422, 422]),
    ("lireUtilisateur", Target::Own, [200; 4]),
    ("lireUtilisateur", Target::Others, [200, 404, 404, 404]),
    ("lireUtilisateur", Target::Absent, [404; 4]),
    ("modifierUtilisateur", Target::Own, [200, 403, 403, 403]),
    ("modifierUtilisateur", Target::Others, [200, 404, 404, 404]),
    ("modifierUtilisateur", Target::Absent, [404; 4]),
    ("activerUtilisateur", Target::Own, [200, 403, 403, 403]),
    ("activerUtilisateur", Target::Others, [200, 404, 404, 404]),
    ("activerUtilisateur", Target::Absent, [404; 4]),
    ("deverrouillerUtilisateur", Target::Own, [200, 403, 403, 403]),
    ("deverrouillerUtilisateur", Target::Others, [200, 404, 404, 404]),
    ("deverrouillerUtilisateur", Target::Absent, [404; 4]),
    ("inviterUtilisateur", Target::Own, [409, 403, 403, 403]),
    ("inviterUtilisateur", Target::Others, [202, 404, 404, 404]),
    ("inviterUtilisateur", Target::Absent, [404; 4]),
    ("desactiverUtilisateur", Target::Others, [204, 404, 404, 404]),
    ("desactiverUtilisateur", Target::Absent, [404; 4]),
    // Nobody here has a second factor.
    ("reinitialiserMfa", Target::Own, [409, 403, 403, 403]),
    ("reinitialiserMfa", Target::Others, [409, 404, 404, 404]),
    ("reinitialiserMfa", Target::Absent, [404; 4]),
    ("listerClients", Target::Own, [200; 4]),
    ("creerClient", Target::Own, [422; 4]),
    ("lireClient", Target::Own, [200; 4]),
    ("lireClient", Target::Others, [200, 200, 200, 404]),
    ("lireClient", Target::Absent, [404; 4]),
    ("modifierClient", Target::Own, [200, 200, 403, 403]),
    ("modifierClient", Target::Others, [200, 200, 403, 404]),
    ("modifierClient", Target::Absent, [404; 4]),
    // It owns a machine.
    ("supprimerClient", Target::Own, [409, 409, 403, 403]),
    ("supprimerClient", Target::Others, [204, 204, 403, 404]),
    ("supprimerClient", Target::Absent, [404; 4]),
    ("listerTechniciens", Target::Own, [200, 200, 200, 403]),
    ("creerTechnicien", Target::Own, [422; 4]),
    ("lireTechnicien", Target::Own, [200, 200, 200, 403]),
    ("lireTechnicien", Target::Others, [200, 200, 200, 403]),
    ("lireTechnicien", Target::Absent, [404, 404, 404, 403]),
    ("modifierTechnicien", Target::Own, [200, 200, 403, 403]),
    ("modifierTechnicien", Target::Others, [200, 200, 403, 403]),
    ("modifierTechnicien", Target::Absent, [404, 404, 404, 403]),
    ("archiverTechnicien", Target::Own, [204, 204, 403, 403]),
    ("archiverTechnicien", Target::Others, [204, 204, 403, 403]),
    ("archiverTechnicien", Target::Absent, [404, 404, 404, 403]),
    ("lireChargeTechnicien", Target::Own, [200, 200, 200, 403]),
    ("lireChargeTechnicien", Target::Absent, [404, 404, 404, 403]),
    ("listerCompetences", Target::Own, [200, 200, 200, 403]),
    ("creerCompetence", Target::Own, [422; 4]),
    ("definirCompetences", Target::Own, [200, 200, 403, 403]),
    ("definirCompetences", Target::Absent, [404, 404, 404, 403]),
    ("listerNotificationsUtilisateur", Target::Own, [200; 4]),
    ("listerNotificationsUtilisateur", Target::Others, [404; 4]),
    ("listerNotificationsUtilisateur", Target::Absent, [404; 4]),
    ("marquerNotificationLue", Target::Own, [200; 4]),
    ("marquerNotificationLue", Target::Others, [404; 4]),
    ("marquerNotificationLue", Target::Absent, [404; 4]),
    ("listerInterventions", Target::Own, [200; 4]),
    ("filtrerInterventions", Target::Own, [200; 4]),
    ("creerIntervention", Target::Own, [422; 4]),
    ("lireIntervention", Target::Own, [200; 4]),
    ("lireIntervention", Target::Others, [200, 200, 404, 404]),
    ("lireIntervention", Target::Absent, [404; 4]),
    ("modifierIntervention", Target::Own, [200; 4]),
    ("modifierIntervention", Target::Others, [200, 200, 404, 404]),
    ("modifierIntervention", Target::Absent, [404; 4]),
    ("changerStatutIntervention", Target::Own, [200, 200, 200, 403]),
    ("changerStatutIntervention", Target::Others, [200, 200, 404, 404]),
    ("changerStatutIntervention", Target::Absent, [404; 4]),
    ("affecterIntervention", Target::Own, [200, 200, 403, 403]),
    ("affecterIntervention", Target::Others, [200, 200, 404, 404]),
    ("affecterIntervention", Target::Absent, [404; 4]),
    // It is given to somebody already.
    ("prendreIntervention", Target::Own, [403, 403, 409, 403]),
    ("prendreIntervention", Target::Others, [403, 403, 404, 404]),
    ("prendreIntervention", Target::Absent, [404; 4]),
    ("planifierIntervention", Target::Own, [200, 200, 403, 403]),
    ("planifierIntervention", Target::Others, [200, 200, 404, 404]),
    ("planifierIntervention", Target::Absent, [404; 4]),
    ("lireHistoriqueIntervention", Target::Own, [200; 4]),
    ("lireHistoriqueIntervention", Target::Others, [200, 200, 404, 404]),
    ("lireHistoriqueIntervention", Target::Absent, [404; 4]),
    ("commenterIntervention", Target::Own, [204; 4]),
    ("commenterIntervention", Target::Others, [204, 204, 404, 404]),
    ("commenterIntervention", Target::Absent, [404; 4]),
    ("suggererTechniciens", Target::Own, [200, 200, 403, 403]),
    ("suggererTechniciens", Target::Others, [200, 200, 404, 404]),
    ("suggererTechniciens", Target::Absent, [404; 4]),
    ("lireHistoriqueEquipement", Target::Own, [200; 4]),
    ("lireHistoriqueEquipement", Target::Others, [200, 200, 200, 404]),
    ("lireHistoriqueEquipement", Target::Absent, [404; 4]),
    ("listerEquipements", Target::Own, [200; 4]),
    ("creerEquipement", Target::Own, [422; 4]),
    ("lireEquipement", Target::Own, [200; 4]),
    ("lireEquipement", Target::Others, [200, 200, 200, 404]),
    ("lireEquipement", Target::Absent, [404; 4]),
    ("modifierEquipement", Target::Own, [200, 200, 403, 403]),
    ("modifierEquipement", Target::Others, [200, 200, 403, 404]),
    ("modifierEquipement", Target::Absent, [404; 4]),
    ("supprimerEquipement", Target::Own, [204, 204, 403, 403]),
    ("supprimerEquipement", Target::Others, [204, 204, 403, 404]),
    ("supprimerEquipement", Target::Absent, [404; 4]),
    ("listerAudit", Target::Own, [200, 403, 403, 403]),
    // No linker runs here.
    ("lirePointDeControleAudit", Target::Own, [404, 403, 403, 403]),
    ("importerEquipements", Target::Own, [415; 4]),
    ("lireEtiquetteEquipement", Target::Own, [200; 4]),
    ("lireEtiquetteEquipement", Target::Others, [200, 200, 200, 404]),
    ("lireEtiquetteEquipement", Target::Absent, [404; 4]),
    ("listerDocuments", Target::Own, [200; 4]),
    ("deposerDocument", Target::Own, [201; 4]),
    ("deposerDocument", Target::Others, [201, 201, 404, 404]),
    ("deposerDocument", Target::Absent, [404; 4]),
    ("deposerDocumentUpload", Target::Own, [201; 4]),
    ("deposerDocumentUpload", Target::Others, [201, 201, 404, 404]),
    ("deposerDocumentUpload", Target::Absent, [404; 4]),
    ("listerDocumentsIntervention", Target::Own, [200; 4]),
    ("listerDocumentsIntervention", Target::Others, [200, 200, 404, 404]),
    ("listerDocumentsIntervention", Target::Absent, [404; 4]),
    // Customers see their machines, but not what is kept about them.
    ("listerDocumentsEquipement", Target::Own, [200, 200, 200, 403]),
    ("listerDocumentsEquipement", Target::Others, [200, 200, 200, 404]),
    ("listerDocumentsEquipement", Target::Absent, [404; 4]),
    ("lireDocument", Target::Own, [200; 4]),
    ("lireDocument", Target::Others, [200, 200, 404, 404]),
    ("lireDocument", Target::Absent, [404; 4]),
    ("telechargerDocument", Target::Own, [200; 4]),
    ("telechargerDocument", Target::Others, [200, 200, 404, 404]),
    ("telechargerDocument", Target::Absent, [404; 4]),
    // The technician stored it, and the work is open.
    ("supprimerDocument", Target::Own, [204, 204, 204, 403]),
    ("supprimerDocument", Target::Others, [204, 204, 404, 404]),
    ("supprimerDocument", Target::Absent, [404; 4]),
];

fn expected(operation: &str, target: Target) -> Option<[u16; 4]> {
    let row = EXPECTED.iter().find(|(name, on, _)| *name == operation && *on == target);
    row.map(|(_, _, statuses)| *statuses)
}

/// Routes about oneself, which every role may call; their effects have tests of their own.
const EVERYBODY: &[&str] = &[
    "seDeconnecter",
    "lireMonCompte",
    "changerMotDePasse",
    "enrolerMfa",
    "confirmerMfa",
    "remplacerCodesSecours",
    "desactiverMfa",
    "listerMesSessions",
    "lireMaSession",
    "fermerMesAutresSessions",
    "fermerMaSession",
    "lireMonProfil",
    "modifierMonProfil",
    "definirMotDePasse",
    "listerNotifications",
    "listerMesNotifications",
    "marquerNotificationsLues",
    "santeAlias",
];

#[test]
fn every_closed_route_is_in_the_table() {
    for (path, method, operation) in operations() {
        let name = operation["operationId"].as_str().unwrap();
        let open = operation["security"].as_array().unwrap().is_empty();
        let known =
            [Target::Own, Target::Others, Target::Absent].iter().any(|target| expected(name, *target).is_some());
        assert!(open || known || EVERYBODY.contains(&name), "{method} {path} ({name}) has no row in this test");
    }
}

#[actix_web::test]
async fn what_each_role_may_do_is_what_the_policy_says() {
    let roles = [Role::Admin, Role::Manager, Role::Technician, Role::Customer];
    for (path, method, operation) in operations() {
        let name = operation["operationId"].as_str().unwrap();
        for target in [Target::Own, Target::Others, Target::Absent] {
            let Some(statuses) = expected(name, target) else { continue };
            for (role, status) in roles.into_iter().zip(statuses) {
                // Fresh each time: some of these delete what they are tried on.
                let app = App::start().await;
                let request = prepare(&app, role, path, method, target).await;
                let answer = app.send(request).await;
                assert_eq!(answer.status.as_u16(), status, "{name} as {role:?} on {target:?}: {}", answer.text());
            }
        }
    }
}

async fn prepare(app: &App, role: Role, path: &str, method: &str, target: Target) -> TestRequest {
    let customer = app.customer("Conserverie Atlas").await;
    let own_customer = (role == Role::Customer).then_some(customer);
    let other = app.technician("other").await;
    let (own, technician) = if role == Role::Technician {
        let own = app.technician("own").await;
        (own.user_id, own.id)
    } else {
        (app.user("own", role, own_customer).await, other.id)
    };
    let theirs = app.machine("Presse", Some(customer)).await;
    let token = app.sign_in("own").await.access;
    let kind = path.trim_start_matches("/api/v1/").split('/').next().unwrap();
    let kind = if path.starts_with("/api/v1/notifications/user") { "users" } else { kind };
    let id = match (kind, target) {
        (_, Target::Absent) => 999_999,
        ("users", Target::Own) => own.0,
        ("users", Target::Others) => other.user_id.0,
        ("clients", Target::Own) => customer.0,
        ("clients", Target::Others) => app.customer("Textiles du Souss").await.0,
        ("techniciens", Target::Own) => technician.0,
        ("techniciens", Target::Others) => other.id.0,
        ("notifications", Target::Own) => app.tell(own, NotificationKind::Information).await,
        ("notifications", Target::Others) => app.tell(other.user_id, NotificationKind::Information).await,
        ("interventions" | "documents", Target::Own) => app.intervention(theirs, technician, Some(customer)).await,
        ("interventions" | "documents", Target::Others) => {
            let pump = app.machine("Pompe", None).await;
            app.intervention(pump, other.id, None).await
        }
        (_, Target::Own) => theirs,
        (_, Target::Others) => app.machine("Pompe", None).await,
    };
    if kind == "documents" && method == "post" {
        let path = format!("{path}?intervention_id={id}");
        return Form::default().file("rapport.pdf", b"%PDF-1.7").to(&path, &token);
    }
    // A document of the work that is theirs, or is not.
    let id = if kind == "documents" && target != Target::Absent { app.document(id, own).await } else { id };
    let request = TestRequest::default()
        .method(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap())
        .uri(&path.replace("{id}", &id.to_string()));
    let request = bearer(request, &token);
    if method == "get" || method == "delete" {
        request
    } else if path.ends_with("/{id}/competences") {
        request.set_json(json!([]))
    } else if path.ends_with("/{id}/statut") {
        request.set_json(json!({"statut": "en_cours"}))
    } else if path.ends_with("/{id}/affecter") {
        request.set_json(json!({"technicien_id": other.id.0}))
    } else if path.ends_with("/{id}/commentaires") {
        request.set_json(json!({"commentaire": "Vu"}))
    } else {
        request.set_json(Value::Object(serde_json::Map::new()))
    }
}

#[actix_web::test]
async fn creating_is_for_those_who_may() {
    let cases = [
        ("users", json!({"email": "neuf@exemple.ma", "password": "Courroie-Verte-42?"}), [201, 403, 403, 403]),
        ("equipements", json!({"nom": "Presse", "type": "presse", "localisation": "Atelier"}), [201, 201, 403, 403]),
        ("clients", json!({"nom": "Conserverie Atlas"}), [201, 201, 403, 403]),
        ("techniciens/competences", json!({"nom": "Hydraulique", "domaine": "presse"}), [201, 201, 403, 403]),
    ];
    for (column, role) in [Role::Admin, Role::Manager, Role::Technician, Role::Customer].into_iter().enumerate() {
        let app = App::start().await;
        let customer = app.customer("Textiles du Souss").await;
        app.user("own", role, Some(customer).filter(|_| role == Role::Customer)).await;
        let token = app.sign_in("own").await.access;
        for (path, body, statuses) in &cases {
            app.post(&format!("/api/v1/{path}/"), &token, body.clone()).await.expect(statuses[column]);
        }
        for (machine, statuses) in [
            (app.machine("Sertisseuse", Some(customer)).await, [201; 4]),
            (app.machine("Pompe", None).await, [201, 201, 201, 422]),
        ] {
            let report = json!({"titre": "Fuite", "type": "corrective", "equipement_id": machine});
            app.post("/api/v1/interventions", &token, report).await.expect(statuses[column]);
        }
        let file = TestRequest::post().uri("/api/v1/equipements/import").insert_header(("content-type", "text/csv"));
        let file = file.set_payload("nom;type;localisation\nTour;tour;Atelier\n");
        app.send(bearer(file, &token)).await.expect([201, 201, 403, 403][column]);
        let missing = app.user("missing", Role::Technician, None).await;
        let technician = app.post("/api/v1/techniciens", &token, json!({"user_id": missing.0})).await;
        technician.expect([201, 201, 403, 403][column]);
    }
}

#[actix_web::test]
async fn a_customer_sees_only_its_own_machines_in_lists_and_counts() {
    let app = App::start().await;
    let own = app.customer("Conserverie Atlas").await;
    let other = app.customer("Textiles du Souss").await;
    app.user("leila", Role::Customer, Some(own)).await;
    app.user("orphan", Role::Customer, None).await;
    app.machine("Sertisseuse", Some(own)).await;
    app.machine("Sertisseuse bis", Some(other)).await;
    app.machine("Sertisseuse ter", None).await;
    let token = app.sign_in("leila").await.access;
    for query in ["total=true", "total=true&q=sertisseuse", "total=true&tri=-nom"] {
        let list = app.get(&format!("/api/v1/equipements?{query}"), &token).await.expect(200);
        assert_eq!(list.header("x-total-count").as_deref(), Some("1"), "{query}");
        assert_eq!(list.json().as_array().unwrap().len(), 1, "{query}");
    }
    let filtered = app.get(&format!("/api/v1/equipements?client_id={}", other.0), &token).await.expect(200);
    assert_eq!(filtered.json(), json!([]));
    let token = app.sign_in("orphan").await.access;
    let nothing = app.get("/api/v1/equipements?total=true", &token).await.expect(200);
    assert_eq!((nothing.header("x-total-count").as_deref(), nothing.json()), (Some("0"), json!([])));
}
