//! A day with the product: in, work, out.

use serde_json::json;

use crate::harness::{ADMIN, Database, PASSWORD, Site, machine, on_both_databases};

on_both_databases!(
    a_session_goes_from_sign_in_to_sign_out,
    every_kind_of_form_opens_a_session,
    a_machine_is_entered_read_changed_and_deleted,
    signing_out_everywhere_ends_every_session,
    no_secret_reaches_the_log,
);

async fn every_kind_of_form_opens_a_session(database: Database) {
    let site = Site::new(database).await;
    let server = site.start().await;
    let anonymous = server.client();

    let answers = [
        anonymous.login_by_form(ADMIN, PASSWORD).await,
        anonymous.login_by_form("admin", PASSWORD).await,
        anonymous.login_by_multipart(ADMIN, PASSWORD).await,
        anonymous.login(ADMIN, PASSWORD).await,
    ];
    for answer in answers {
        let answer = answer.is(200);
        assert_eq!(answer.body["token_type"], "bearer");
        assert_eq!(answer.body["expires_in"], 900);
        let me = anonymous.session(&answer).client.me().await.is(200);
        assert_eq!((me.text("email").as_str(), me.text("role").as_str()), (ADMIN, "admin"));
    }
    anonymous.login(ADMIN, "Courroie-Verte-42?").await.problem(401, "identifiants_invalides");
}

async fn a_session_goes_from_sign_in_to_sign_out(database: Database) {
    let site = Site::new(database).await;
    let server = site.start().await;
    let first = server.sign_in(ADMIN, PASSWORD).await;
    first.client.me().await.is(200);

    let renewed = first.client.refresh(&first.refresh_token).await.is(200);
    let again = first.client.refresh(&first.refresh_token).await.is(200);
    assert_eq!(again.text("refresh_token"), renewed.text("refresh_token"), "a lost answer can be asked for again");
    let second = server.client().session(&renewed);
    assert_ne!(second.refresh_token, first.refresh_token);
    second.client.me().await.is(200);
    first.client.me().await.is(200);

    second.client.logout().await.is(200);
    second.client.me().await.problem(401, "session_terminee");
    first.client.me().await.problem(401, "session_terminee");
    for token in [&first.refresh_token, &second.refresh_token] {
        server.client().refresh(token).await.problem(401, "jeton_rafraichissement_invalide");
    }
    server.client().me().await.problem(401, "authentification_requise");
}

async fn a_machine_is_entered_read_changed_and_deleted(database: Database) {
    let site = Site::new(database).await;
    let (_server, admin) = site.open().await;

    let made = admin.create_equipment(&machine("PR-001")).await.is(201);
    let id = made.id();
    assert_eq!(made.header("location"), format!("/api/v1/equipements/{id}"));
    admin.create_equipment(&machine("PR-001")).await.problem(409, "code_pris");

    let read = admin.equipment(id).await.is(200);
    assert_eq!(read.body, made.body);
    let page = admin.list_equipment("total=true&q=presse").await.is(200);
    assert_eq!((page.rows().len(), page.header("x-total-count")), (1, "1"));

    let tag = read.header("etag").to_owned();
    let changed = admin.change_equipment(id, &tag, &json!({"statut": "panne", "code": null})).await.is(200);
    assert_eq!(changed.text("statut"), "panne");
    assert!(changed.body["code"].is_null());
    assert_eq!(changed.text("nom"), read.text("nom"), "what a patch does not name stays");
    admin.change_equipment(id, &tag, &json!({"statut": "operationnel"})).await.problem(412, "version_perimee");
    assert_eq!(admin.equipment(id).await.text("statut"), "panne");

    admin.delete_equipment(id).await.is(204);
    admin.equipment(id).await.problem(404, "introuvable");
    assert!(admin.all_equipment().await.is_empty());
}

async fn signing_out_everywhere_ends_every_session(database: Database) {
    let site = Site::new(database).await;
    let server = site.start().await;
    let (phone, desk) = (server.sign_in(ADMIN, PASSWORD).await, server.sign_in(ADMIN, PASSWORD).await);
    desk.client.me().await.is(200);

    let everywhere = phone.client.request(reqwest::Method::POST, "/api/v1/auth/logout").json(&json!({"tout": true}));
    phone.client.send(everywhere).await.is(200);
    desk.client.me().await.problem(401, "session_terminee");
    desk.client.refresh(&desk.refresh_token).await.problem(401, "jeton_rafraichissement_invalide");
}

async fn no_secret_reaches_the_log(database: Database) {
    let site = Site::new(database).await;
    let server = site.start_with(&[("MIF_LOG__FILTER", "trace")]).await;
    let session = server.sign_in(ADMIN, PASSWORD).await;
    let renewed = session.client.session(&session.client.refresh(&session.refresh_token).await.is(200));
    renewed.client.me().await.is(200);
    renewed.client.change_password(PASSWORD, "Courroie-Verte-42?").await.is(200);
    server.client().login(ADMIN, "Tr3s-Secret!").await.problem(401, "identifiants_invalides");

    let output = server.output();
    assert!(output.contains("/api/v1/auth/change-password"), "the log is there at all");
    let secrets = [PASSWORD, "Courroie-Verte-42?", "Tr3s-Secret!", "$argon2id$"];
    let tokens = [&session, &renewed].map(|session| [session.client.token(), &session.refresh_token]);
    for secret in secrets.into_iter().chain(tokens.into_iter().flatten()) {
        let line = output.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{line:?}");
    }
}
