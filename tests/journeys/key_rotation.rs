//! Signing keys change while people work, and nobody notices.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::harness::{
    ADMIN, Client, Database, Finished, PASSWORD, Server, Session, Site, Stopwatch, eventually, on_both_databases,
    rotation_time,
};

on_both_databases!(the_command_line_shows_and_guards_keys, the_algorithm_changes_without_signing_anybody_out);

const ROTATE: [&str; 3] = ["keys", "rotate", "jwt"];
const PAUSE: Duration = Duration::from_secs(2);
const PEOPLE: usize = 8;
/// Of each of them, between two requests: together some 200 a second.
const BREATH: Duration = Duration::from_millis(20);

fn header(token: &str) -> Value {
    let (head, _) = token.split_once('.').unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap()
}

fn kid(client: &Client) -> String {
    header(client.token())["kid"].as_str().unwrap().to_owned()
}

/// Works at both servers in turn, with a new pair of tokens now and then, until told to stop. Returns the keys of the tokens.
async fn work(
    mut session: Session,
    servers: [&Server; 2],
    stop: &AtomicBool,
    answered: &AtomicUsize,
) -> BTreeSet<String> {
    let mut kids = BTreeSet::from([kid(&session.client)]);
    let mut round = 0;
    while !stop.load(Ordering::Relaxed) {
        let server = servers[round % 2];
        session.client = session.client.at(server);
        session.client.me().await.is(200);
        answered.fetch_add(1, Ordering::Relaxed);
        if round % 10 == 9 {
            let renewed = session.client.refresh(&session.refresh_token).await.is(200);
            session = session.client.session(&renewed);
            kids.insert(kid(&session.client));
            answered.fetch_add(1, Ordering::Relaxed);
        }
        round += 1;
        tokio::time::sleep(BREATH).await;
    }
    kids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_every_two_seconds_refuses_nobody_on_two_servers() {
    let site = Arc::new(Site::new(Database::Postgres).await);
    let data = ["data-a", "data-b"].map(|name| site.folder(name).display().to_string());
    let [a, b] = data.map(|data| Server::spawn(&site, &[("MIF_DATA_DIR", &data)]));
    let (a, b) = (a.ready().await, b.ready().await);
    let mut sessions = Vec::new();
    for _ in 0..PEOPLE {
        sessions.push(a.sign_in(ADMIN, PASSWORD).await);
    }

    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let watch = Stopwatch::start();
    let everybody = sessions.into_iter().map(|session| work(session, [&a, &b], &stop, &answered));
    let rotating = async {
        let mut rotations = 0;
        while watch.elapsed() < rotation_time() {
            let began = Stopwatch::start();
            let here = Arc::clone(&site);
            tokio::task::spawn_blocking(move || here.run(&ROTATE)).await.unwrap().ok();
            rotations += 1;
            tokio::time::sleep(PAUSE.saturating_sub(began.elapsed())).await;
        }
        stop.store(true, Ordering::Relaxed);
        rotations
    };
    let (kids, rotations) = tokio::join!(futures_util::future::join_all(everybody), rotating);

    let seconds = watch.elapsed().as_secs_f64();
    let answered = u32::try_from(answered.into_inner()).unwrap();
    let kids: BTreeSet<_> = kids.into_iter().flatten().collect();
    println!(
        "{rotations} rotations, {} keys signed, {:.0} requests a second",
        kids.len(),
        f64::from(answered) / seconds
    );
    assert!(kids.len() >= 3, "keys that signed: {kids:?}");
    assert_eq!(site.store().await.events("key.rotated").await, rotations);
    let published = |server: &Server| {
        let client = server.client();
        async move { client.jwks().await.is(200).body["keys"].as_array().map(Vec::len) }
    };
    let all = usize::try_from(rotations).ok().map(|rotations| rotations + 1);
    eventually("every key is published by both", Duration::from_secs(5), async || {
        published(&a).await == all && published(&b).await == all
    })
    .await;
}

async fn the_command_line_shows_and_guards_keys(database: Database) {
    let site = Site::new(database).await;
    let server = site.start().await;
    let session = server.sign_in(ADMIN, PASSWORD).await;
    let first = kid(&session.client);
    let output = site.run(&ROTATE).ok();
    let next = Finished::between(&output, "key ", " is published");
    let listed = site.run(&["keys", "list"]).ok();
    assert!(listed.contains(&format!("{first}  EdDSA  signs\n")), "{listed}");
    assert!(listed.contains(&format!("{next}  EdDSA  signs from ")), "{listed}");

    site.run(&["keys", "remove", &next]).refused(&[&next, "will sign from"]);
    site.run(&["keys", "remove", &first]).refused(&[&first, "rotate"]);
    let published = async || server.client().jwks().await.is(200).body["keys"].as_array().map(Vec::len) == Some(2);
    eventually("the key is published", Duration::from_secs(4), published).await;
    let mut other = server.sign_in(ADMIN, PASSWORD).await;
    let renewed = async || {
        let answer = server.client().refresh(&other.refresh_token).await.is(200);
        other = server.client().session(&answer);
        kid(&other.client) == next
    };
    eventually("the new key signs", Duration::from_secs(20), renewed).await;
    site.run(&["keys", "remove", &first]).refused(&[&first, "verifies tokens that live until"]);
    session.client.me().await.is(200);
    site.run(&["keys", "remove", "0123456789abcdef"]).refused(&["0123456789abcdef"]);
    assert_eq!(site.store().await.events("key.rotated").await, 1);
}

async fn the_algorithm_changes_without_signing_anybody_out(database: Database) {
    let site = Site::new(database).await;
    let before = site.start().await;
    let session = before.sign_in(ADMIN, PASSWORD).await;
    let rsa = ("MIF_TOKENS__ALGORITHM", "rs256");
    site.run_with(&ROTATE, &[rsa], "").ok();

    // On SQLite there is one server at a time.
    if database == Database::Sqlite {
        before.kill();
        let after = site.start_with(&[rsa]).await;
        let new = after.sign_in(ADMIN, PASSWORD).await;
        assert_eq!(header(new.client.token())["alg"], "RS256");
        session.client.at(&after).me().await.is(200);
        return;
    }
    let after = site.start_with(&[rsa]).await;
    let new = after.sign_in(ADMIN, PASSWORD).await;
    assert_eq!(header(new.client.token())["alg"], "RS256");
    for server in [&before, &after] {
        session.client.at(server).me().await.is(200);
        new.client.at(server).me().await.is(200);
    }
    let old = before.sign_in(ADMIN, PASSWORD).await;
    assert_eq!(header(old.client.token())["alg"], "EdDSA", "a server of before goes on as it was told");
    old.client.at(&after).me().await.is(200);
}
