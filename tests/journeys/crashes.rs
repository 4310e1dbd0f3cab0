//! `kill -9`, as power cuts and out-of-memory killers do it. What was acknowledged is there afterwards; what was not is
//! there whole or not at all.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::{
    ADMIN, Client, Database, PASSWORD, Server, Session, Site, Stopwatch, code_of, eventually, machine,
    on_both_databases,
};

on_both_databases!(
    every_acknowledged_write_survives_a_kill,
    a_session_goes_on_after_a_kill,
    a_kill_amid_refreshes_logs_nobody_out,
    a_write_that_is_sent_again_after_a_kill_happens_once,
    a_kill_amid_the_first_start_leaves_nothing_half_made,
);

const WRITERS: usize = 8;
const CRASHES: usize = 3;
/// Acknowledged writes before each kill.
const WRITES: usize = 200;

async fn every_acknowledged_write_survives_a_kill(database: Database) {
    let site = Site::new(database).await;
    let mut server = site.start().await;
    let mut acknowledged = HashMap::new();
    for crash in 1..=CRASHES {
        let admin = server.sign_in(ADMIN, PASSWORD).await.client;
        let watch = Stopwatch::start();
        let written = write_until_killed(server, &admin, crash).await;
        println!("{database:?}: {} writes acknowledged in {:?}, then killed", written.len(), watch.elapsed());
        acknowledged.extend(written);
        site.store().await.check_integrity().await;
        server = site.start().await;
    }
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    let there: HashMap<_, _> =
        admin.all_equipment().await.iter().map(|row| (code_of(row).to_owned(), row["id"].as_i64())).collect();
    for (code, id) in &acknowledged {
        assert_eq!(there.get(code), Some(&Some(*id)), "{code} was acknowledged");
    }
    let mut store = site.store().await;
    let rows = store.number("SELECT count(*) FROM equipment").await;
    assert_eq!(rows, i64::try_from(there.len()).unwrap());
    assert_eq!(store.events("equipment.created").await, rows, "a row and its event are there together or not at all");
}

/// Several writers enter machines as fast as they are answered; amid them the server is killed. Returns what was
/// acknowledged.
async fn write_until_killed(server: Server, admin: &Client, crash: usize) -> HashMap<String, i64> {
    let count = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(admin.clone(), format!("C{crash}-{writer}"), Arc::clone(&count)));
    }
    let enough = async || count.load(Ordering::Relaxed) >= WRITES;
    eventually("enough writes are acknowledged", Duration::from_mins(1), enough).await;
    server.kill();
    writers.join_all().await.into_iter().flatten().collect()
}

async fn write(admin: Client, name: String, count: Arc<AtomicUsize>) -> Vec<(String, i64)> {
    let mut acknowledged = Vec::new();
    for number in 1.. {
        let code = format!("{name}-{number}");
        let request = admin.request(Method::POST, "/api/v1/equipements").json(&machine(&code));
        let Ok(answer) = admin.try_send(request).await else { break };
        acknowledged.push((code, answer.is(201).id()));
        count.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

async fn a_session_goes_on_after_a_kill(database: Database) {
    let site = Site::new(database).await;
    let server = site.start().await;
    let first = server.sign_in(ADMIN, PASSWORD).await;
    let second = first.client.session(&first.client.refresh(&first.refresh_token).await.is(200));
    server.kill();

    let server = site.start().await;
    let anonymous = server.client();
    let again = anonymous.refresh(&first.refresh_token).await.is(200);
    assert_eq!(again.text("refresh_token"), second.refresh_token, "the answer may have been lost with the server");
    second.client.at(&server).me().await.is(200);
    let third = anonymous.session(&anonymous.refresh(&second.refresh_token).await.is(200));
    third.client.me().await.is(200);
    anonymous.refresh(&first.refresh_token).await.problem(401, "jeton_rafraichissement_invalide");
    third.client.me().await.problem(401, "session_terminee");
}

async fn a_kill_amid_refreshes_logs_nobody_out(database: Database) {
    let site = Site::new(database).await;
    let mut server = site.start().await;
    let mut newest = server.sign_in(ADMIN, PASSWORD).await;
    for crash in 1..=CRASHES {
        let count = Arc::new(AtomicUsize::new(0));
        let device = tokio::spawn(refresh_on_and_on(newest.clone(), Arc::clone(&count)));
        let enough = async || count.load(Ordering::Relaxed) >= 10 * crash;
        eventually("the session is refreshed on and on", Duration::from_secs(30), enough).await;
        server.kill();
        newest = device.await.unwrap();

        server = site.start().await;
        // The kill may have come between the commit and the answer: then this is the lost answer once more.
        let anonymous = server.client();
        newest = anonymous.session(&anonymous.refresh(&newest.refresh_token).await.is(200));
        newest.client.me().await.is(200);
    }
    assert_eq!(site.store().await.events("auth.token.reuse_detected").await, 0);
}

/// Refreshes until no answer comes. Returns the last session that was acknowledged.
async fn refresh_on_and_on(mut session: Session, count: Arc<AtomicUsize>) -> Session {
    loop {
        let body = json!({"refresh_token": session.refresh_token});
        let request = session.client.request(Method::POST, "/api/v1/auth/refresh").json(&body);
        let Ok(answer) = session.client.try_send(request).await else { return session };
        session = session.client.session(&answer.is(200));
        count.fetch_add(1, Ordering::Relaxed);
    }
}

async fn a_write_that_is_sent_again_after_a_kill_happens_once(database: Database) {
    let site = Site::new(database).await;
    let (mut server, mut admin) = site.open().await;
    for crash in 1..=CRASHES {
        let count = Arc::new(AtomicUsize::new(0));
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            writers.spawn(write_with_keys(admin.clone(), format!("C{crash}-{writer}"), Arc::clone(&count)));
        }
        let enough = async || count.load(Ordering::Relaxed) >= WRITES / 4;
        eventually("enough writes are acknowledged", Duration::from_mins(1), enough).await;
        server.kill();
        let unanswered = writers.join_all().await;

        (server, admin) = site.open().await;
        for name in &unanswered {
            let answer = admin.try_send(write_with_key(&admin, name)).await.unwrap().is(201);
            assert_eq!(answer.text("nom"), *name);
        }
    }
    let rows = admin.all_equipment().await;
    let names: HashSet<_> = rows.iter().map(|row| row["nom"].as_str().unwrap()).collect();
    assert_eq!(names.len(), rows.len(), "nothing was entered twice");
}

/// A new machine without anything that must be unique: only the key tells a repetition from another one like it.
fn write_with_key(admin: &Client, name: &str) -> RequestBuilder {
    let body = json!({"nom": name, "type": "presse", "localisation": "Atelier B"});
    admin.request(Method::POST, "/api/v1/equipements").header("idempotency-key", name).json(&body)
}

/// Enters machines until no answer comes. Returns the one whose fate is unknown.
async fn write_with_keys(admin: Client, name: String, count: Arc<AtomicUsize>) -> String {
    let mut number = 1;
    loop {
        let name = format!("{name}-{number}");
        let Ok(answer) = admin.try_send(write_with_key(&admin, &name)).await else { return name };
        answer.is(201);
        count.fetch_add(1, Ordering::Relaxed);
        number += 1;
    }
}

async fn a_kill_amid_the_first_start_leaves_nothing_half_made(database: Database) {
    for milliseconds in [5, 20, 40, 60, 80, 100, 130, 160, 200] {
        let site = Site::new(database).await;
        let server = Server::spawn(&site, &[]);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        server.kill();

        let (_server, admin) = site.open().await;
        assert_eq!(admin.users().await.is(200).rows().len(), 1);
        site.store().await.check_integrity().await;
    }
}
