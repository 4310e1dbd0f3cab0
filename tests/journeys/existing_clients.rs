//! What clients of the former server send, word for word, each with a token of its own.

use reqwest::Method;
use serde_json::json;

use crate::harness::{ADMIN, Answer, Client, Database, PASSWORD, Server, Site, on_both_databases};

on_both_databases!(
    machines_technicians_and_accounts_are_listed,
    interventions_are_entered_and_listed,
    an_address_and_a_password_are_enough_for_an_account,
    a_state_is_changed_by_the_address,
);

/// A token as they get it: by a form, with the address as the username.
async fn token(server: &Server) -> Client {
    let anonymous = server.client();
    let answer = anonymous.login_by_form(ADMIN, PASSWORD).await.is(200);
    assert_eq!(answer.text("token_type"), "bearer");
    anonymous.session(&answer).client
}

async fn ask(client: &Client, method: Method, path: &str) -> Answer {
    client.send(client.request(method, &format!("/api/v1{path}"))).await
}

async fn machines_technicians_and_accounts_are_listed(database: Database) {
    let site = Site::new(database).await;
    let (server, admin) = site.open().await;
    admin.new_machine("ONE").await;
    server.technician(&admin, "karim").await;
    for (path, rows) in [("/equipements", 1), ("/techniciens", 1), ("/users", 2)] {
        for end in ["", "/"] {
            let list = ask(&token(&server).await, Method::GET, &format!("{path}{end}")).await.is(200);
            assert_eq!(list.rows().len(), rows, "{path}{end}");
        }
    }
}

async fn interventions_are_entered_and_listed(database: Database) {
    let site = Site::new(database).await;
    let (server, admin) = site.open().await;
    assert_eq!(admin.new_machine("ONE").await, 1, "the first machine of a new database is number 1");
    let body = json!({
        "titre": "Test", "type": "corrective", "equipement_id": 1, "priorite": "HAUTE", "statut": "OUVERTE",
    });
    let made = token(&server).await.create_intervention(&body).await.is(201);
    assert_eq!(
        ["titre", "type", "priorite", "statut"].map(|field| made.text(field)),
        ["Test", "corrective", "haute", "ouverte"]
    );
    assert_eq!(made.body["equipement_id"], 1);
    for path in ["/interventions/", "/interventions", "/filters/interventions?statut=OUVERTE&priorite=HAUTE"] {
        let list = ask(&token(&server).await, Method::GET, path).await.is(200);
        assert_eq!(list.rows().iter().map(|row| row["id"].as_i64()).collect::<Vec<_>>(), [Some(made.id())], "{path}");
    }
    let other = "/filters/interventions?statut=CLOTUREE";
    assert!(ask(&token(&server).await, Method::GET, other).await.is(200).rows().is_empty());
}

async fn an_address_and_a_password_are_enough_for_an_account(database: Database) {
    let site = Site::new(database).await;
    let server = site.start().await;
    let body = json!({"email": "nouveau@exemple.ma", "password": "Courroie-Verte-42?"});
    let made = token(&server).await.create_user(&body).await.is(201);
    assert_eq!((made.text("role"), made.text("username")), ("client".to_owned(), "nouveau".to_owned()));
    let theirs = server.sign_in("nouveau@exemple.ma", "Courroie-Verte-42?").await.client;
    assert_eq!(theirs.me().await.is(200).id(), made.id());
}

async fn a_state_is_changed_by_the_address(database: Database) {
    let site = Site::new(database).await;
    let (server, admin) = site.open().await;
    let id = admin.report("Test", admin.new_machine("ONE").await).await;
    let (_, technician) = server.technician(&admin, "karim").await;
    admin.assign(id, technician).await.is(200);
    let client = token(&server).await;
    let steps = [
        ("statut=EN_COURS", "en_cours", None),
        ("statut=EN_ATTENTE&remarque=Pi%C3%A8ce%20command%C3%A9e", "en_attente", Some("Pièce commandée")),
        ("statut=en_cours", "en_cours", None),
        ("statut=CLOTUREE&remarque=Fini", "cloturee", Some("Fini")),
    ];
    for (query, reached, remark) in steps {
        let path = format!("/interventions/{id}/statut?{query}");
        assert_eq!(ask(&client, Method::PATCH, &path).await.is(200).text("statut"), reached);
        let history = client.history(id).await.is(200);
        let last = history.rows().last().unwrap();
        assert_eq!((&last["statut"], &last["remarque"]), (&json!(reached), &json!(remark)));
    }
    let path = format!("/interventions/{id}/statut");
    ask(&client, Method::PATCH, &path).await.problem(422, "validation").names("statut", "champ_manquant");
}
