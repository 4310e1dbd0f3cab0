//! A forgotten password while the mail server is down.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN, Answer, Client, Database, PASSWORD, PostOffice, Site, eventually, on_both_databases};

on_both_databases!(a_reset_survives_a_dead_mail_server_and_a_kill, an_invited_user_gets_in_and_changes_address);

const NEW: &str = "Courroie-Verte-42?";
const SOON: Duration = Duration::from_secs(30);

async fn post(client: &Client, path: &str, body: &Value) -> Answer {
    client.send(client.request(Method::POST, &format!("/api/v1{path}")).json(body)).await
}

/// The token of the newest letter to an address.
fn token(post_office: &PostOffice, to: &str) -> Option<String> {
    let letters = post_office.letters();
    let letter = letters.iter().rev().find(|letter| letter.contains(&format!("To: {to}")))?;
    let (_, rest) = letter.split_once("jeton=")?;
    let token: String = rest.chars().take(43).collect();
    Some(token)
}

async fn delivered(post_office: &PostOffice, to: &str) -> String {
    let what = format!("a letter to {to}");
    eventually(&what, SOON, async || token(post_office, to).is_some()).await;
    token(post_office, to).unwrap()
}

async fn a_reset_survives_a_dead_mail_server_and_a_kill(database: Database) {
    let site = Site::new(database).await;
    let post_office = PostOffice::closed();
    let url = post_office.url();
    let settings = [
        ("MIF_MAIL__SMTP_URL", url.as_str()),
        ("MIF_MAIL__FROM", "MIF <mif@usine.test>"),
        ("MIF_HTTP__PUBLIC_URL", "https://gmao.usine.test"),
    ];
    let server = site.start_with(&settings).await;
    let sessions = [server.sign_in(ADMIN, PASSWORD).await, server.sign_in(ADMIN, PASSWORD).await];
    let anonymous = server.client();
    let known = post(&anonymous, "/auth/password-reset/request", &json!({"email": ADMIN})).await.is(202);
    let unknown = json!({"email": "personne@usine.test"});
    assert_eq!(post(&anonymous, "/auth/password-reset/request", &unknown).await.is(202).body, known.body);

    let mut store = site.store().await;
    let failed = "SELECT count(*) FROM outbox WHERE kind = 'send_password_reset' AND last_error IS NOT NULL";
    eventually("a failed attempt", SOON, async || store.number(failed).await == 1).await;
    assert_eq!(store.number("SELECT count(*) FROM outbox").await, 1, "nobody has the other address");
    server.kill();

    post_office.open().await;
    store.execute("UPDATE outbox SET due_at = created_at").await;
    let server = site.start_with(&settings).await;
    let token = delivered(&post_office, ADMIN).await;
    let confirm = |password: &str| json!({"token": token, "new_password": password});
    let anonymous = server.client();
    let path = "/auth/password-reset/confirm";
    post(&anonymous, path, &confirm("azerty")).await.problem(422, "validation");
    for session in &sessions {
        session.client.at(&server).me().await.is(200);
    }
    post(&anonymous, path, &confirm(NEW)).await.is(200);
    for session in &sessions {
        session.client.at(&server).me().await.problem(401, "session_terminee");
        anonymous.refresh(&session.refresh_token).await.problem(401, "jeton_rafraichissement_invalide");
    }
    post(&anonymous, path, &confirm(PASSWORD)).await.problem(422, "jeton_reinitialisation_invalide");
    anonymous.login(ADMIN, PASSWORD).await.problem(401, "identifiants_invalides");
    server.sign_in(ADMIN, NEW).await;
    assert_eq!(store.events("auth.password.reset").await, 1);
    assert_eq!(store.number("SELECT count(*) FROM password_resets").await, 0);
    assert!(!server.output().contains(&token), "no token in the log");
}

async fn an_invited_user_gets_in_and_changes_address(database: Database) {
    let site = Site::new(database).await;
    let post_office = PostOffice::closed();
    post_office.open().await;
    let url = post_office.url();
    let settings = [
        ("MIF_MAIL__SMTP_URL", url.as_str()),
        ("MIF_MAIL__FROM", "mif@usine.test"),
        ("MIF_HTTP__PUBLIC_URL", "https://gmao.usine.test"),
    ];
    let server = site.start_with(&settings).await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    let hind = json!({"email": "hind@usine.test", "invitation": true, "role": "technicien"});
    admin.create_user(&hind).await.is(201);
    let token = delivered(&post_office, "hind@usine.test").await;
    let body = json!({"jeton": token, "new_password": NEW});
    post(&server.client(), "/auth/password-reset/confirm", &body).await.is(200);

    let hind = server.sign_in("hind", NEW).await.client;
    let wanted = json!({"email": "h.alami@usine.test", "current_password": NEW});
    let answer = hind.send(hind.request(Method::PUT, "/api/v1/users/update").json(&wanted)).await.is(200);
    assert_eq!(
        ["email", "email_en_attente"].map(|field| answer.text(field)),
        ["hind@usine.test", "h.alami@usine.test"]
    );
    let token = delivered(&post_office, "h.alami@usine.test").await;
    post(&server.client(), "/auth/email/confirm", &json!({"token": token})).await.is(200);
    let me = hind.me().await.is(200);
    assert_eq!((me.text("email").as_str(), &me.body["email_en_attente"]), ("h.alami@usine.test", &Value::Null));
    let told = |letter: &String| letter.contains("To: hind@usine.test") && letter.contains("h***@usine.test");
    eventually("word to the old address", SOON, async || post_office.letters().iter().any(told)).await;
}
