//! The audit trail of a running server: chained within a second, sealed outside the database, proved from the command line
//! whatever happened to the server meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use tokio::task::JoinSet;

use crate::harness::{Client, Database, Server, Site, Stopwatch, eventually, machine, on_both_databases};

on_both_databases!(
    an_event_is_chained_within_a_second,
    a_kill_amid_writes_leaves_a_chain_without_gap_or_fork,
    what_is_changed_past_the_product_is_found,
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
