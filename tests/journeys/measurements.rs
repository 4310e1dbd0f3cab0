//! What `/metrics` says is what the manual says, and what nobody listens to any more is told once.

use std::collections::BTreeSet;
use std::time::Duration;

use fake_opentelemetry_collector::FakeCollectorServer;
use reqwest::Method;
use serde_json::json;

use crate::harness::{
    ADMIN, Database, Network, PASSWORD, PostOffice, Proxy, Server, Site, at_once, clamd, eventually, machine,
    on_both_databases,
};

on_both_databases!(every_measurement_of_the_manual_is_taken_and_no_other, a_collector_that_is_away_is_told_once);

const MANUAL: &str = include_str!("../../docs/operations/observability.md");
const SOON: Duration = Duration::from_secs(20);

async fn page(server: &Server) -> String {
    let address = format!("http://{}/metrics", server.address());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.get(address).send().await.unwrap().text().await.unwrap()
}

/// The families in the first column of the manual's table.
fn documented() -> BTreeSet<&'static str> {
    let (_, measurements) = MANUAL.split_once("## Measurements").unwrap();
    let (measurements, _) = measurements.split_once("\n## ").unwrap();
    let rows = measurements.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.flat_map(|row| {
        let (families, _) = row.split_once(" | ").unwrap();
        // Names alone; what stands in brackets explains one.
        let families = families.split(" (").next().unwrap();
        families.split("`, `").map(|family| family.trim_end_matches('`'))
    })
    .chain(["mif_build_info"])
    .collect()
}

async fn every_measurement_of_the_manual_is_taken_and_no_other(database: Database) {
    let site = Site::new(database).await;
    let post_office = PostOffice::closed();
    post_office.open().await;
    let (smtp, clamd) = (post_office.url(), clamd());
    let settings = [
        ("MIF_MAIL__SMTP_URL", smtp.as_str()),
        ("MIF_MAIL__FROM", "MIF <mif@usine.test>"),
        ("MIF_ANTIVIRUS__CLAMD", clamd.as_str()),
        // Somebody has to wait.
        ("MIF_DATABASE__MAX_CONNECTIONS", "1"),
        ("MIF_LIMITS__ENABLED", "true"),
    ];
    let server = site.start_with(&settings).await;
    let session = server.sign_in(ADMIN, PASSWORD).await;
    let admin = session.client;
    admin.refresh(&session.refresh_token).await.is(200);
    let press = admin.create_equipment(&machine("A1")).await.is(201).body["id"].as_i64().unwrap();
    let stored = admin.upload(press, "rapport.pdf", b"%PDF-1.7\nvidange".to_vec()).await.is(201);
    admin.content(stored.body["id"].as_i64().unwrap()).await;
    let reset = server.client().request(Method::POST, "/api/v1/auth/password-reset/request");
    server.client().send(reset.json(&json!({"email": ADMIN}))).await.is(202);
    eventually("a letter", SOON, async || !post_office.letters().is_empty()).await;
    let done = "mif_outbox_handled_total{result=\"done\"} 1";
    eventually("a letter that is done with", SOON, async || page(&server).await.contains(done)).await;
    eventually("a wait for a connection", SOON, async || {
        at_once((0..30).map(|_| (&admin, admin.request(Method::GET, "/api/v1/equipements"))).collect()).await;
        page(&server).await.contains("db_pool_wait_duration_seconds_count")
    })
    .await;
    eventually("a look at the parts", SOON, async || page(&server).await.contains("mif_up{part=\"scanner\"} 1")).await;

    let page = page(&server).await;
    let taken: BTreeSet<_> = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let documented = documented();
    assert!(documented.len() > 20, "{documented:?}");
    let missing: Vec<_> =
        documented.iter().filter(|family| !family.ends_with('*') && !taken.contains(**family)).collect();
    assert!(missing.is_empty(), "the manual names what is not measured: {missing:?} in\n{page}");
    let unknown: Vec<_> =
        taken.iter().filter(|family| !family.starts_with("process_") && !documented.contains(**family)).collect();
    assert!(unknown.is_empty(), "the manual does not name {unknown:?}");
    for process in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"] {
        assert!(taken.contains(process), "{process} is missing in\n{page}");
    }
    for series in [
        "auth_logins_total{result=\"success\"} 1",
        "auth_refreshes_total{outcome=\"rotated\"} 1",
        "mif_scans_total{verdict=\"clean\"} 1",
        "mif_document_bytes_total{direction=\"encrypted\"} 16",
        "mif_document_bytes_total{direction=\"decrypted\"} 16",
        "mif_interventions{status=\"open\"} 0",
        "mif_audit_failures_total{what=\"chain\"} 0",
    ] {
        assert!(page.lines().any(|line| line == series), "{series} is missing in\n{page}");
    }
    let free = page.lines().find_map(|line| line.strip_prefix("mif_disk_free_bytes{of=\"data\"} "));
    assert!(free.is_some_and(|free| free.parse::<f64>().unwrap() > 0.0), "{page}");
}

async fn a_collector_that_is_away_is_told_once(database: Database) {
    let mut collector = FakeCollectorServer::start().await.unwrap();
    let way = Proxy::before(collector.endpoint().trim_start_matches("http://").to_owned()).await;
    way.be(Network::Refusing);
    let site = Site::new(database).await;
    let endpoint = format!("http://{}", way.address());
    let settings = [("MIF_TELEMETRY__OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "100")];
    let server = site.start_with(&settings).await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    let lost = async || {
        admin.me().await.is(200);
        let page = page(&server).await;
        let lost = page.lines().find_map(|line| line.strip_prefix("mif_trace_spans_total{result=\"lost\"} "));
        lost.unwrap().parse::<u64>().unwrap()
    };
    eventually("lost spans", SOON, async || lost().await > 0).await;
    let first = lost().await;
    eventually("more lost spans", SOON, async || lost().await > first).await;
    let told = |text: &str| server.output().lines().filter(|line| line.contains(text)).count();
    assert_eq!(told("traces cannot be delivered"), 1, "{}", server.output());
    assert_eq!(told("ERROR"), 0, "{}", server.output());
    way.be(Network::Fine);
    eventually("that it works again", SOON, async || {
        admin.me().await.is(200);
        told("traces are delivered again") == 1
    })
    .await;
    assert!(!collector.exported_spans(1, SOON).await.is_empty());
    collector.abort();
}
