//! Every route x role x {own, other's, absent}, generated from the document and held against the table of DOMAIN 7.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use mif_domain::users::Role;
use serde_json::{Value, json};

use crate::app::{App, bearer};
use crate::documented::operations;

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

/// What a route is tried on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Target {
    /// The user's own account; a machine of their customer.
    Own,
    /// Somebody else's account; a machine of nobody's.
    Others,
    /// Nothing has this identifier.
    Absent,
}

/// The statuses of DOMAIN 7 for the roles admin, responsable, technicien, client on a target.
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
    ("desactiverUtilisateur", Target::Others, [204, 404, 404, 404]),
    ("desactiverUtilisateur", Target::Absent, [404; 4]),
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
];

fn expected(operation: &str, target: Target) -> Option<[u16; 4]> {
    let row = EXPECTED.iter().find(|(name, on, _)| *name == operation && *on == target);
    row.map(|(_, _, statuses)| *statuses)
}

/// Routes about oneself, which every role may call; their effects have tests of their own.
const EVERYBODY: [&str; 11] = [
    "seDeconnecter",
    "lireMonCompte",
    "changerMotDePasse",
    "listerMesSessions",
    "lireMaSession",
    "fermerMesAutresSessions",
    "fermerMaSession",
    "lireMonProfil",
    "modifierMonProfil",
    "definirMotDePasse",
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
    let own = app.user("own", role, own_customer).await;
    let other = app.user("other", Role::Technician, None).await;
    let theirs = app.machine("Presse", Some(customer)).await;
    let nobodys = app.machine("Pompe", None).await;
    let token = app.sign_in("own").await.access;
    let id = match (path.contains("/users"), target) {
        (_, Target::Absent) => 999_999,
        (true, Target::Own) => own.0,
        (true, Target::Others) => other.0,
        (false, Target::Own) => theirs,
        (false, Target::Others) => nobodys,
    };
    let request = TestRequest::default()
        .method(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap())
        .uri(&path.replace("{id}", &id.to_string()));
    let request = bearer(request, &token);
    if method == "get" || method == "delete" {
        request
    } else {
        request.set_json(Value::Object(serde_json::Map::new()))
    }
}

#[actix_web::test]
async fn creating_is_for_those_who_may() {
    let machine = json!({"nom": "Presse", "type": "presse", "localisation": "Atelier"});
    let user = json!({"email": "neuf@exemple.ma", "password": "Courroie-Verte-42?"});
    let expected =
        [(Role::Admin, 201, 201), (Role::Manager, 403, 201), (Role::Technician, 403, 403), (Role::Customer, 403, 403)];
    for (role, users, machines) in expected {
        let app = App::start().await;
        app.user("own", role, None).await;
        let token = app.sign_in("own").await.access;
        app.post("/api/v1/users/", &token, user.clone()).await.expect(users);
        app.post("/api/v1/equipements/", &token, machine.clone()).await.expect(machines);
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
