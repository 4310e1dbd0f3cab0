//! The audit trail of a running server: chained within a second, sealed outside the database, proved from the command line
//! whatever happened to the server meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use tokio::task::JoinSet;

use crate::harness::{
    ADMIN, Client, Database, PASSWORD, Server, Site, Stopwatch, audit_events, eventually, machine, on_both_databases,
};

on_both_databases!(
    an_event_is_chained_within_a_second,
    a_kill_amid_writes_leaves_a_chain_without_gap_or_fork,
    what_is_changed_past_the_product_is_found,
    every_kind_of_change_is_told_with_its_place,
);

const WITHIN: Duration = Duration::from_millis(1200);

async fn an_event_is_chained_within_a_second(database: Database) {
    let site = Site::new(database).await;
    let (server, admin) = site.open().await;
    let watch = Stopwatch::start();
    admin.new_machine("P-1").await;
    let chained = async || {
        let created = admin.request(Method::GET, "/api/v1/audit/?type=equipment.created");
        let rows = admin.send(created).await.is(200);
        rows.rows().iter().all(|row| row["seq"].is_i64() && row["hash"].is_string())
    };
    eventually("the event is chained", WITHIN, chained).await;
    println!("{database:?}: chained and seen after {:?}", watch.elapsed());

    server.terminate();
    let mut server = server;
    assert!(server.ended(Duration::from_secs(20)).await.success());
    let proved = site.run(&["audit", "verify"]).ok();
    assert!(proved.contains("unconfirmed  0 events") && proved.contains("unlinked     0 events"), "{proved}");
}

/// Several writers; amid them the server is killed.
async fn write_and_kill(server: Server, admin: &Client, crash: usize) {
    let count = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let (admin, count) = (admin.clone(), Arc::clone(&count));
        writers.spawn(async move {
            for number in 1.. {
                let body = machine(&format!("C{crash}-{writer}-{number}"));
                let request = admin.request(Method::POST, "/api/v1/equipements").json(&body);
                if admin.try_send(request).await.is_err() {
                    break;
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let enough = async || count.load(Ordering::Relaxed) >= 150 + 37 * crash;
    eventually("enough writes are answered", Duration::from_mins(1), enough).await;
    server.kill();
    writers.join_all().await;
}

async fn a_kill_amid_writes_leaves_a_chain_without_gap_or_fork(database: Database) {
    let site = Site::new(database).await;
    for crash in 1..=3 {
        let (server, admin) = site.open().await;
        write_and_kill(server, &admin, crash).await;
        let proved = site.run(&["audit", "verify"]).ok();
        assert!(proved.contains("none missing"), "{proved}");
    }
    let (mut server, _) = site.open().await;
    // The server that was killed holds the lease for some seconds more.
    let mut store = site.store().await;
    let unlinked = "SELECT count(*) FROM audit_events AS e \
                    WHERE NOT EXISTS (SELECT 1 FROM audit_chain AS c WHERE c.event_id = e.id)";
    eventually("everything is chained", Duration::from_secs(10), async || store.number(unlinked).await == 0).await;
    server.terminate();
    assert!(server.ended(Duration::from_secs(20)).await.success());
    let proved = site.run(&["audit", "verify"]).ok();
    assert!(proved.contains("unlinked     0 events"), "{proved}");
    let events = store.number("SELECT count(*) FROM audit_events").await;
    assert_eq!(store.number("SELECT count(*) FROM audit_chain").await, events);
    assert!(proved.contains(&format!("{events} events, seq 1 to {events}")), "{proved}");
}

async fn what_is_changed_past_the_product_is_found(database: Database) {
    let site = Site::new(database).await;
    let (mut server, admin) = site.open().await;
    for number in 1..=5 {
        admin.new_machine(&format!("P-{number}")).await;
    }
    server.terminate();
    assert!(server.ended(Duration::from_secs(20)).await.success());
    let kept = site.folder("kept.jsonl");
    std::fs::copy(site.folder("data").join("audit-checkpoints.jsonl"), &kept).unwrap();
    let kept = kept.display().to_string();
    let against = ["audit", "verify", "--against", &kept];
    assert!(site.run(&against).ok().contains("none missing"));

    let mut store = site.store().await;
    store.run("DELETE FROM audit_chain WHERE seq = (SELECT max(seq) FROM audit_chain)").await;
    let cut = site.run(&against);
    assert_eq!(cut.code, 1);
    assert!(cut.output.contains("BAD          seq") && cut.output.contains("cut off"), "{}", cut.output);
    cut.refused(&["not what it was", "cut off"]);
    site.run(&["audit", "verify", "--against", "/nothing/here"]).refused(&["/nothing/here"]);

    // Everything gone, in the database and beside it: what is left is whole, and proves nothing.
    store.disarm_audit().await;
    for emptied in ["DELETE FROM audit_chain", "DELETE FROM audit_marks", "DELETE FROM audit_events"] {
        store.run(emptied).await;
    }
    std::fs::remove_file(site.folder("data").join("audit-checkpoints.jsonl")).unwrap();
    site.run(&["audit", "verify"]).refused(&["nothing to prove"]);
}

/// From the back, so that each is the first that is wrong. Where the chain must be said to be bad, and the words for it.
async fn every_kind_of_change_is_told_with_its_place(database: Database) {
    let site = Site::new(database).await;
    let (mut server, admin) = site.open().await;
    for number in 1..=40 {
        admin.new_machine(&format!("P-{number}")).await;
    }
    server.terminate();
    assert!(server.ended(Duration::from_secs(20)).await.success());
    assert!(site.run(&["audit", "verify"]).ok().contains("none missing"));

    let mut store = site.store().await;
    store.disarm_audit().await;
    let truncated = ["DELETE FROM audit_chain WHERE seq > 37", "DELETE FROM audit_events WHERE id > 37"];
    let restamped = ["UPDATE audit_events SET at = (SELECT at FROM audit_events WHERE id = 2) WHERE id = 33"];
    let reordered = [
        "UPDATE audit_chain SET event_id = 999 WHERE seq = 27",
        "UPDATE audit_chain SET event_id = 27 WHERE seq = 28",
        "UPDATE audit_chain SET event_id = 28 WHERE seq = 27",
    ];
    let emptied = ["DELETE FROM audit_events WHERE id = 22"];
    let removed = ["DELETE FROM audit_events WHERE id = 17", "DELETE FROM audit_chain WHERE seq = 17"];
    let edited = ["UPDATE audit_events SET actor_id = NULL WHERE id = 12"];
    let attacks: [(&[&'static str], &str); 6] = [
        (&truncated, "seq 38, event unknown: the end was cut off"),
        (&restamped, "seq 33, event 33: the event is not what was linked here"),
        (&reordered, "seq 27, event 28: the event is not what was linked here"),
        (&emptied, "seq 22, event 22: the event was deleted"),
        (&removed, "seq 17, event unknown: it is missing"),
        (&edited, "seq 12, event 12: the event is not what was linked here"),
    ];
    for (attack, told) in attacks {
        for statement in attack {
            store.run(statement).await;
        }
        let verdict = site.run(&["audit", "verify"]);
        assert!(verdict.code == 1 && verdict.output.contains(&format!("BAD          {told}")), "{}", verdict.output);
    }
}

/// `MIF_TEST_AUDIT_EVENTS=2000` makes it 128 000 events.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_many_write_at_two_replicas_is_one_chain() {
    const WRITERS: usize = 64;
    let site = Site::new(Database::Postgres).await;
    let data = ["data-a", "data-b"].map(|name| site.folder(name).display().to_string());
    let [a, b] = data.map(|data| Server::spawn(&site, &[("MIF_DATA_DIR", &data)]));
    let (mut a, mut b) = (a.ready().await, b.ready().await);
    let admin = a.sign_in(ADMIN, PASSWORD).await.client;

    let watch = Stopwatch::start();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let admin = if writer % 2 == 0 { admin.clone() } else { admin.at(&b) };
        writers.spawn(async move {
            for number in 0..audit_events() {
                admin.new_machine(&format!("W{writer}-{number}")).await;
            }
        });
    }
    writers.join_all().await;
    println!("{} events after {:?}", WRITERS * audit_events(), watch.elapsed());
    a.terminate();
    b.terminate();
    assert!(a.ended(Duration::from_mins(1)).await.success());
    assert!(b.ended(Duration::from_mins(1)).await.success());

    let mut store = site.store().await;
    let events = store.number("SELECT count(*) FROM audit_events").await;
    assert!(events > i64::try_from(WRITERS * audit_events()).unwrap(), "{events}");
    assert_eq!(store.events("equipment.created").await, i64::try_from(WRITERS * audit_events()).unwrap());
    assert_eq!(store.number("SELECT count(*) FROM audit_chain").await, events);
    assert_eq!(store.number("SELECT max(seq) FROM audit_chain").await, events, "a gap");
    assert_eq!(store.number("SELECT count(DISTINCT prev_hash) FROM audit_chain").await, events, "a fork");
    let proved = site.run(&["audit", "verify"]).ok();
    assert!(
        proved.contains(&format!("{events} events, seq 1 to {events}: each as it was linked, none missing")),
        "{proved}"
    );
    assert!(proved.contains("unlinked     0 events"), "{proved}");
    println!("proved after {:?}", watch.elapsed());
}

#[tokio::test]
async fn production_does_not_start_without_a_key_for_the_audit_trail() {
    let site = Site::new(Database::Sqlite).await;
    let listed = site.run(&["keys", "init"]).ok();
    assert!(listed.lines().any(|line| line.starts_with("audit ") && line.ends_with("signs")), "{listed}");
    std::fs::remove_file(site.folder("keys").join("audit-0-first.pem")).unwrap();
    let production = [
        ("MIF_PROFILE", "production"),
        ("MIF_LIMITS__ENABLED", "true"),
        ("MIF_DATABASE__MIGRATE", "auto"),
        ("MIF_ANTIVIRUS__ALLOW_OFF", "true"),
        ("MIF_MAIL__SMTP_URL", "smtps://smtp.usine.test"),
        ("MIF_MAIL__FROM", "mif@usine.test"),
    ];
    site.run_with(&["serve"], &production, "").refused(&["audit", "mif keys init"]);
    assert!(!site.folder("keys").join("audit-0-first.pem").exists(), "no key is invented in production");
}
