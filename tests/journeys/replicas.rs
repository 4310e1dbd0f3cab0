//! Two processes on one PostgreSQL database and one key folder behave as one.

use std::time::Duration;

use serde_json::json;

use crate::harness::{ADMIN, Client, Database, PASSWORD, Server, Session, Site, eventually};

/// DESIGN promises 1 s; the rest is for the question itself on a loaded machine.
const WITHIN: Duration = Duration::from_millis(1200);

/// Two servers that share a database and a key folder and nothing else, started at the same instant.
async fn two(site: &Site) -> (Server, Server) {
    let data = ["data-a", "data-b"].map(|name| site.folder(name).display().to_string());
    let [a, b] = data.map(|data| Server::spawn(site, &[("MIF_DATA_DIR", &data)]));
    (a.ready().await, b.ready().await)
}

/// Somebody who was made and signed in at the first server and is being served by the second.
async fn a_technician(admin: &Client, a: &Server, b: &Server) -> (i64, Session, Client) {
    let id = admin.hire("karim", "technicien").await;
    let session = a.sign_in("karim", PASSWORD).await;
    let at_b = session.client.at(b);
    // Often enough for whatever is remembered to be remembered.
    for _ in 0..10 {
        at_b.me().await.is(200);
    }
    (id, session, at_b)
}

async fn is_shut(client: &Client) -> bool {
    let answer = client.me().await;
    if answer.status == 200 {
        return false;
    }
    answer.problem(401, "session_terminee");
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_start_at_once_agree_on_one_administrator_and_one_key() {
    let site = Site::new(Database::Postgres).await;
    let (a, b) = two(&site).await;

    let mut store = site.store().await;
    assert_eq!(store.number("SELECT count(*) FROM users").await, 1);
    assert_eq!(store.number("SELECT count(*) FROM users WHERE role = 'admin' AND is_active").await, 1);
    assert_eq!(store.events("config.started").await, 2);
    let keys = a.client().jwks().await.is(200).body;
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(1));
    assert_eq!(b.client().jwks().await.is(200).body, keys);
    for server in [&a, &b] {
        server.client().ready().await.is(200);
        server.sign_in(ADMIN, PASSWORD).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_one_is_a_session_of_the_other() {
    let site = Site::new(Database::Postgres).await;
    let (a, b) = two(&site).await;
    let session = a.sign_in(ADMIN, PASSWORD).await;

    session.client.at(&b).me().await.is(200);
    let renewed = b.client().refresh(&session.refresh_token).await.is(200);
    let again = a.client().refresh(&session.refresh_token).await.is(200);
    assert_eq!(again.text("refresh_token"), renewed.text("refresh_token"));
    a.client().session(&renewed).client.me().await.is(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deactivating_a_user_shuts_the_other_door_within_a_second() {
    let site = Site::new(Database::Postgres).await;
    let (a, b) = two(&site).await;
    let admin = a.sign_in(ADMIN, PASSWORD).await.client;
    let (id, session, at_b) = a_technician(&admin, &a, &b).await;

    admin.deactivate_user(id).await.is(204);
    session.client.me().await.problem(401, "session_terminee");
    b.client().refresh(&session.refresh_token).await.problem(401, "jeton_rafraichissement_invalide");
    let took = eventually("the other replica refuses", WITHIN, async || is_shut(&at_b).await).await;
    println!("deactivation reached the other replica after {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_at_one_reaches_the_other_within_a_second() {
    let site = Site::new(Database::Postgres).await;
    let (a, b) = two(&site).await;
    let admin = a.sign_in(ADMIN, PASSWORD).await.client;
    let (_, session, at_b) = a_technician(&admin, &a, &b).await;

    session.client.logout().await.is(200);
    session.client.me().await.problem(401, "session_terminee");
    b.client().refresh(&session.refresh_token).await.problem(401, "jeton_rafraichissement_invalide");
    let took = eventually("the other replica refuses", WITHIN, async || is_shut(&at_b).await).await;
    println!("signing out reached the other replica after {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_role_reaches_the_other_within_a_second() {
    let site = Site::new(Database::Postgres).await;
    let (a, b) = two(&site).await;
    let admin = a.sign_in(ADMIN, PASSWORD).await.client;
    let (id, _, at_b) = a_technician(&admin, &a, &b).await;
    at_b.users().await.problem(403, "permission_refusee");

    admin.change_user(id, &json!({"role": "admin"})).await.is(200);
    let took = eventually("the new role counts", WITHIN, async || at_b.users().await.status == 200).await;
    println!("a promotion reached the other replica after {took:?}");
    admin.change_user(id, &json!({"role": "technicien"})).await.is(200);
    let took = eventually("the old role counts", WITHIN, async || at_b.users().await.status == 403).await;
    println!("a demotion reached the other replica after {took:?}");
}
