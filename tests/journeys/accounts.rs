//! Accounts, with the habits of existing clients.

use serde_json::json;

use crate::harness::{Database, PASSWORD, Site, on_both_databases};

on_both_databases!(
    an_address_and_a_password_make_a_customer,
    a_temporary_password_only_opens_the_door_to_a_new_one,
    the_last_administrator_stays,
);

async fn an_address_and_a_password_make_a_customer(database: Database) {
    let site = Site::new(database).await;
    let (_server, admin) = site.open().await;
    let only = |email: &str| json!({"email": email, "password": PASSWORD});

    let first = admin.create_user(&only("Fatima.Zahra+gmao@exemple.ma")).await.is(201);
    assert_eq!(first.text("role"), "client");
    assert_eq!(first.text("username"), "fatima.zahra-gmao");
    assert_eq!(first.header("location"), format!("/api/v1/users/{}", first.id()));

    let second = admin.create_user(&only("fatima.zahra+gmao@autre.ma")).await.is(201);
    assert_eq!(second.text("username"), "fatima.zahra-gmao-2");
    admin.create_user(&only("FATIMA.ZAHRA+GMAO@EXEMPLE.MA")).await.problem(409, "email_pris");
    assert_eq!(admin.users().await.rows().len(), 3);
}

async fn a_temporary_password_only_opens_the_door_to_a_new_one(database: Database) {
    const NEW: &str = "Courroie-Verte-42?";
    let site = Site::new(database).await;
    let (server, admin) = site.open().await;
    let given = json!({"username": "hind", "email": "hind@usine.test", "password": PASSWORD, "role": "technicien"});
    admin.create_user(&given).await.is(201);

    let session = server.sign_in("hind", PASSWORD).await;
    assert_eq!(session.client.me().await.is(200).body["must_change_password"], true);
    session.client.list_equipment("limit=1").await.problem(403, "mot_de_passe_a_changer");
    session.client.change_password(PASSWORD, "azerty").await.problem(422, "validation");
    session.client.change_password(PASSWORD, NEW).await.is(200);

    let session = server.sign_in("hind", NEW).await;
    session.client.list_equipment("limit=1").await.is(200);
    server.client().login("hind", PASSWORD).await.problem(401, "identifiants_invalides");
}

async fn the_last_administrator_stays(database: Database) {
    let site = Site::new(database).await;
    let (_server, admin) = site.open().await;
    let id = admin.me().await.id();
    admin.deactivate_user(id).await.problem(409, "dernier_admin");
    admin.change_user(id, &json!({"role": "client"})).await.problem(409, "dernier_admin");
    admin.change_user(id, &json!({"is_active": false})).await.problem(409, "dernier_admin");
    assert_eq!(admin.me().await.is(200).text("role"), "admin");
}
