//! Sign-in withstands guessing, from outside.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::{ADMIN, Answer, Client, Database, PASSWORD, Server, Site, Stopwatch, on_both_databases, rounds};

on_both_databases!(
    a_thousand_parallel_guesses_get_the_allowance_of_five,
    a_lock_outlives_a_kill_and_ends_with_an_unlock,
    whatever_is_wrong_takes_the_same_time,
    a_password_of_the_old_system_works_and_is_renewed,
);

const WRONG: &str = "Faux-Mot-42!";
/// A guesser, and its neighbour.
const GUESSER: &str = "203.0.113.7";
const NEIGHBOUR: &str = "203.0.113.8";

/// Lets the server believe us where a request came from.
const TRUST: (&str, &str) = ("MIF_HTTP__TRUSTED_PROXIES", "127.0.0.1/32");

async fn start(site: &Site) -> Server {
    site.start_with(&[TRUST]).await
}

/// A sign-in from an address.
async fn sign_in(client: &Client, from: &str, name: &str, password: &str) -> Answer {
    let request = client.request(Method::POST, "/api/v1/auth/login").header("x-forwarded-for", from);
    client.send(request.json(&json!({"email": name, "password": password}))).await
}

fn refused(answer: Answer) {
    answer.problem(401, "identifiants_invalides");
}

async fn a_thousand_parallel_guesses_get_the_allowance_of_five(database: Database) {
    const SEEN: &str = "SELECT count(*) FROM audit_events WHERE kind = 'auth.login.failed' \
                          AND details NOT LIKE '%not_checked%'";
    let site = Site::new(database).await;
    // SQLite writes one after the other: the last of a thousand waits longer than people would.
    let patient = ("MIF_DATABASE__ACQUIRE_TIMEOUT_SECONDS", "30");
    let server = site.start_with(&[TRUST, patient]).await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    admin.hire("karim", "technicien").await;
    let owner = server.sign_in("karim", PASSWORD).await;

    let watch = Stopwatch::start();
    let client = server.client();
    let mut guesses = JoinSet::new();
    for n in 0..1000 {
        let client = client.clone();
        guesses.spawn(async move { sign_in(&client, GUESSER, "karim", &format!("Faux-Mot-{n}!")).await });
    }
    let answers = guesses.join_all().await;
    println!("{database:?}: 1000 guesses at once answered in {:?}", watch.elapsed());
    answers.into_iter().for_each(refused);
    let mut store = site.store().await;
    assert_eq!(store.number(SEEN).await, 5);
    assert_eq!(store.events("auth.login.locked").await, 1);

    refused(sign_in(&server.client(), GUESSER, "karim", PASSWORD).await);
    assert_eq!(store.number(SEEN).await, 5);
    owner.client.me().await.is(200);
    let owner = owner.client.session(&server.client().refresh(&owner.refresh_token).await.is(200));
    owner.client.me().await.is(200);
    sign_in(&server.client(), NEIGHBOUR, "karim", PASSWORD).await.is(200);
}

async fn lock(client: &Client) {
    for _ in 0..5 {
        refused(sign_in(client, GUESSER, "karim", WRONG).await);
    }
    refused(sign_in(client, GUESSER, "karim", PASSWORD).await);
}

async fn a_lock_outlives_a_kill_and_ends_with_an_unlock(database: Database) {
    let site = Site::new(database).await;
    let server = start(&site).await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    let karim = admin.hire("karim", "technicien").await;
    lock(&server.client()).await;
    server.kill();

    let server = start(&site).await;
    let (admin, client) = (admin.at(&server), server.client());
    refused(sign_in(&client, GUESSER, "karim", PASSWORD).await);
    sign_in(&client, NEIGHBOUR, "karim", PASSWORD).await.is(200);
    let unlock = admin.request(Method::POST, &format!("/api/v1/users/{karim}/unlock"));
    assert_eq!(admin.send(unlock).await.is(200).id(), karim);
    sign_in(&client, GUESSER, "karim", PASSWORD).await.is(200);

    lock(&client).await;
    site.run(&["admin", "unlock", "karim@usine.test"]).ok();
    sign_in(&client, GUESSER, "karim", PASSWORD).await.is(200);
    site.run(&["admin", "unlock", "inconnu"]).refused(&["no such user"]);
}

async fn whatever_is_wrong_takes_the_same_time(database: Database) {
    let rounds = rounds();
    let site = Site::new(database).await;
    let server = start(&site).await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    admin.hire("karim", "technicien").await;
    admin.hire("hind", "technicien").await;
    admin.hire("driss", "technicien").await;
    let gone = admin.hire("ancien", "technicien").await;
    admin.deactivate_user(gone).await.is(204);
    // Cheaper than the old system's 12, which alone takes most of the 400 ms where all tests run at once.
    let mut store = site.store().await;
    let era = store.execute(
        "UPDATE users SET password_hash = '$2b$10$CCCCCCCCCCCCCCCCCCCCC.y5wEqe.cqU4ykfL6pjKmSMyp4pjVz3C' \
         WHERE username = 'driss'",
    );
    assert_eq!(era.await, 1);
    let client = server.client();
    lock(&client).await;

    let mut times = [(); 5].map(|()| Vec::new());
    for round in 0..rounds {
        let fresh = format!("198.51.100.{round}");
        let cases = [
            (fresh.as_str(), "inconnu", PASSWORD),
            (fresh.as_str(), "hind", WRONG),
            (fresh.as_str(), "driss", WRONG),
            (fresh.as_str(), "ancien", PASSWORD),
            (GUESSER, "karim", PASSWORD),
        ];
        for ((from, name, password), times) in cases.into_iter().zip(&mut times) {
            let watch = Stopwatch::start();
            refused(sign_in(&client, from, name, password).await);
            times.push(watch.elapsed());
        }
    }
    let medians = times.map(|mut times| {
        times.sort();
        times[rounds / 2]
    });
    println!("{database:?}: unknown, wrong, of the old system, deactivated, locked: {medians:?}");
    let (fastest, slowest) = (*medians.iter().min().unwrap(), *medians.iter().max().unwrap());
    assert!(fastest >= Duration::from_millis(400), "{medians:?}");
    assert!(slowest <= fastest + fastest / 20, "{medians:?}");
}

async fn a_password_of_the_old_system_works_and_is_renewed(database: Database) {
    const UNTOUCHED: &str = "SELECT count(*) FROM users WHERE username = 'karim' AND version = 1 \
                               AND password_changed_at = created_at";
    const RENEWED: &str = "SELECT count(*) FROM users WHERE username = 'karim' AND password_hash LIKE '$argon2id$%'";
    let site = Site::new(database).await;
    let server = start(&site).await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    admin.hire("karim", "technicien").await;
    let before = server.sign_in("karim", PASSWORD).await;
    let mut store = site.store().await;
    // Made of the same password by crypt(3).
    let changed = store.execute(
        "UPDATE users SET password_hash = '$2b$05$CCCCCCCCCCCCCCCCCCCCC./.A1QFcNJoVnrVmWHJ0U4WMpKP/jQ32' \
         WHERE username = 'karim'",
    );
    assert_eq!(changed.await, 1);

    refused(sign_in(&server.client(), GUESSER, "karim", WRONG).await);
    assert_eq!(store.number(RENEWED).await, 0);
    let mut at_once = JoinSet::new();
    for _ in 0..4 {
        let client = server.client();
        at_once.spawn(async move { sign_in(&client, NEIGHBOUR, "karim", PASSWORD).await });
    }
    for answer in at_once.join_all().await {
        server.client().session(&answer.is(200)).client.me().await.is(200);
    }
    assert_eq!((store.number(RENEWED).await, store.number(UNTOUCHED).await), (1, 1));
    before.client.me().await.is(200);
    sign_in(&server.client(), GUESSER, "karim", PASSWORD).await.is(200);
}
