//! One request is one trace, as a real OTLP collector receives it. `--nocapture` prints it as a tree.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use fake_opentelemetry_collector::{ExportedSpan, FakeCollectorServer};
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;

use crate::harness::{
    ADMIN, Database, PASSWORD, PostOffice, Site, Stopwatch, clamd, eventually, machine, on_both_databases,
};

on_both_databases!(
    an_upload_is_one_trace_from_the_request_to_the_commit,
    a_sign_in_and_a_download_show_what_took_their_time,
    only_a_trusted_proxy_decides_what_is_exported,
    a_letter_leads_back_to_the_request_that_caused_it,
    a_made_up_method_names_no_span,
    probes_leave_no_trace,
    a_collector_that_never_answers_slows_nothing,
    made_up_paths_make_no_new_series
);

const CALLER: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLERS_SPAN: &str = "00f067aa0ba902b7";

async fn an_upload_is_one_trace_from_the_request_to_the_commit(database: Database) {
    let mut collector = FakeCollectorServer::start().await.unwrap();
    let site = Site::new(database).await;
    let settings = [("MIF_TELEMETRY__OTLP_ENDPOINT", collector.endpoint()), ("MIF_ANTIVIRUS__CLAMD", clamd())];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut server = site.start_with(&settings).await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    let press = admin.create_equipment(&machine("A1")).await.body["id"].as_i64().unwrap();
    let upload = admin.uploading(press, "rapport.pdf", [b"%PDF-1.7\n".as_slice(), &vec![7; 100_000]].concat());
    let answer = admin.send(upload.header("traceparent", format!("00-{CALLER}-{CALLERS_SPAN}-01"))).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    server.terminate();
    server.ended(Duration::from_secs(20)).await;

    let spans = collector.exported_spans(1_000, Duration::from_secs(3)).await;
    let trace: Vec<_> = spans.into_iter().filter(|span| span.trace_id == CALLER).collect();
    let tree = drawn(&trace);
    println!("{tree}");
    let find =
        |name: &str| trace.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no span {name} in\n{tree}"));
    let request = find("POST /api/v1/documents");
    assert_eq!(request.parent_span_id, CALLERS_SPAN, "the caller's trace goes on");
    let use_case = find("UploadDocument");
    assert_eq!(use_case.parent_span_id, request.span_id, "{tree}");
    for name in ["clamd scan", "encrypt document", "BEGIN", "INSERT documents", "INSERT audit_events", "COMMIT"] {
        assert_eq!(find(name).parent_span_id, use_case.span_id, "{name} in\n{tree}");
    }
    let insert = find("INSERT documents");
    let system = if database == Database::Postgres { "postgresql" } else { "sqlite" };
    assert!(insert.attributes["db.system.name"].contains(system), "{:?}", insert.attributes);
    assert!(insert.end_time_unix_nano <= find("COMMIT").start_time_unix_nano, "{tree}");
    for (name, attribute) in [
        ("POST /api/v1/documents", "http.response.status_code"),
        ("POST /api/v1/documents", "client.address"),
        ("POST /api/v1/documents", "server.port"),
        ("clamd scan", "bytes"),
        ("encrypt document", "bytes"),
    ] {
        assert!(find(name).attributes.contains_key(attribute), "{:?}", find(name).attributes);
    }
    numbers_are_numbers(&trace);
    let everything = format!("{trace:?}");
    for secret in ["rapport.pdf", PASSWORD, admin.token()] {
        assert!(!everything.contains(secret), "{secret} stands in a trace");
    }
    collector.abort();
}

async fn a_sign_in_and_a_download_show_what_took_their_time(database: Database) {
    let mut collector = FakeCollectorServer::start().await.unwrap();
    let site = Site::new(database).await;
    let endpoint = collector.endpoint();
    let settings = [("MIF_TELEMETRY__OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    let server = site.start_with(&settings).await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    let press = admin.create_equipment(&machine("A1")).await.body["id"].as_i64().unwrap();
    let stored =
        admin.upload(press, "rapport.pdf", [b"%PDF-1.7\n".as_slice(), &vec![7; 100_000]].concat()).await.is(201);
    assert_eq!(admin.content(stored.body["id"].as_i64().unwrap()).await.len(), 100_009);
    let mut spans = Vec::new();
    for (request, part) in [
        ("POST /api/v1/auth/login", "password.queue"),
        ("POST /api/v1/auth/login", "password.hash"),
        ("GET /api/v1/documents/{id}/contenu", "decrypt document"),
    ] {
        eventually(&format!("{part} in {request}"), Duration::from_secs(10), async || {
            // It holds few spans until they are taken.
            spans.extend(collector.exported_spans(1_000, Duration::from_millis(100)).await);
            let whole = spans.iter().find(|span| span.name == request);
            whole.is_some_and(|whole| spans.iter().any(|span| span.name == part && span.trace_id == whole.trace_id))
        })
        .await;
    }
    println!("{}", drawn(&spans));
    collector.abort();
}

async fn only_a_trusted_proxy_decides_what_is_exported(database: Database) {
    for trusted in [false, true] {
        let mut collector = FakeCollectorServer::start().await.unwrap();
        let site = Site::new(database).await;
        let endpoint = collector.endpoint();
        let mut settings = vec![
            ("MIF_TELEMETRY__OTLP_ENDPOINT", endpoint.as_str()),
            ("MIF_TELEMETRY__SAMPLE_RATIO", "0"),
            ("RUST_LOG", "debug"),
        ];
        settings.extend(trusted.then_some(("MIF_HTTP__TRUSTED_PROXIES", "127.0.0.0/8")));
        let mut server = site.start_with(&settings).await;
        let client = server.client();
        let ask = |traceparent: String| async {
            let request = client.request(Method::GET, "/no/such/path").header("traceparent", traceparent);
            let answer = client.send(request).await;
            assert_eq!(answer.status, 404, "{}", answer.body);
            let told = answer.header("traceparent").to_owned();
            assert_eq!(answer.body["trace_id"], told[3..35]);
            told
        };
        let told = ask(format!("00-{CALLER}-{CALLERS_SPAN}-01")).await;
        assert_eq!((&told[3..35], told.ends_with("-01")), (CALLER, trusted), "{told}");
        assert!(server.output().contains(CALLER), "the log does not name the caller's trace");
        let unsampled = ask(format!("00-{}-{CALLERS_SPAN}-00", CALLER.replace('4', "5"))).await;
        assert!(unsampled.ends_with("-00"), "{unsampled}");
        for rubbish in ["", "rubbish", "00-1-2-01", &format!("00-{}-{CALLERS_SPAN}-01", "0".repeat(32)), "\u{e9}"] {
            let told = ask(rubbish.to_owned()).await;
            assert!(told.len() == 55 && !told.contains(CALLERS_SPAN) && told.ends_with("-00"), "{rubbish}: {told}");
        }
        server.terminate();
        server.ended(Duration::from_secs(20)).await;
        let spans = collector.exported_spans(1_000, Duration::from_secs(2)).await;
        assert_eq!(spans.is_empty(), !trusted, "{spans:?}");
        assert!(spans.iter().all(|span| span.trace_id == CALLER), "{spans:?}");
        collector.abort();
    }
}

async fn a_letter_leads_back_to_the_request_that_caused_it(database: Database) {
    let mut collector = FakeCollectorServer::start().await.unwrap();
    let site = Site::new(database).await;
    let post_office = PostOffice::closed();
    post_office.open().await;
    let (endpoint, smtp) = (collector.endpoint(), post_office.url());
    let settings = [
        ("MIF_TELEMETRY__OTLP_ENDPOINT", endpoint.as_str()),
        ("MIF_MAIL__SMTP_URL", smtp.as_str()),
        ("MIF_MAIL__FROM", "MIF <mif@usine.test>"),
    ];
    let mut server = site.start_with(&settings).await;
    let client = server.client();
    let request = client.request(Method::POST, "/api/v1/auth/password-reset/request").json(&json!({"email": ADMIN}));
    let answer = client.send(request.header("traceparent", format!("00-{CALLER}-{CALLERS_SPAN}-01"))).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    eventually("the letter", Duration::from_secs(20), async || !post_office.letters().is_empty()).await;
    server.terminate();
    server.ended(Duration::from_secs(20)).await;

    let spans = collector.exported_spans(1_000, Duration::from_secs(3)).await;
    let work = spans.iter().find(|span| span.name == "outbox message").expect("no span of the message");
    let trace: Vec<_> = spans.iter().filter(|span| span.trace_id == work.trace_id).cloned().collect();
    let tree = drawn(&trace);
    println!("{tree}");
    assert!(work.attributes["kind"].contains("send_password_reset"), "{:?}", work.attributes);
    assert!(work.attributes["outcome"].contains("done"), "{:?}", work.attributes);
    assert_ne!(work.trace_id, CALLER, "a link, not a parent");
    assert_eq!(work.links.len(), 1, "{:?}", work.links);
    let link = &work.links[0];
    assert_eq!(link.trace_id, CALLER);
    let cause = spans.iter().find(|span| span.span_id == link.span_id).expect("nobody left that message");
    assert_eq!((cause.name.as_str(), cause.trace_id.as_str()), ("RequestPasswordReset", CALLER));
    let send =
        trace.iter().find(|span| span.name == "smtp send").unwrap_or_else(|| panic!("nothing was sent:\n{tree}"));
    assert_eq!(send.parent_span_id, work.span_id, "{tree}");
    assert!(send.attributes["server.address"].contains("127.0.0.1"), "{:?}", send.attributes);
    assert!(work.attributes.contains_key("attempt"), "{:?}", work.attributes);
    assert!(send.attributes.contains_key("server.port"), "{:?}", send.attributes);
    numbers_are_numbers(&trace);
    let everything = format!("{spans:?}");
    for secret in [ADMIN, "jeton"] {
        assert!(!everything.contains(secret), "{secret} stands in a trace");
    }
    collector.abort();
}

async fn a_made_up_method_names_no_span(database: Database) {
    let mut collector = FakeCollectorServer::start().await.unwrap();
    let site = Site::new(database).await;
    let mut server = site.start_with(&[("MIF_TELEMETRY__OTLP_ENDPOINT", collector.endpoint().as_str())]).await;
    let client = server.client();
    for (path, status) in [("/api/v1/equipements/7", 405), ("/no/such/path", 404)] {
        let method = Method::from_bytes(b"FOO38").unwrap();
        // Nobody here is a proxy that may say so.
        client.send(client.request(method, path).header("x-forwarded-proto", "https")).await.is(status);
    }
    server.terminate();
    server.ended(Duration::from_secs(20)).await;
    let spans = collector.exported_spans(1_000, Duration::from_secs(2)).await;
    let named = |name: &str| match spans.iter().find(|span| span.name == name) {
        Some(span) => &span.attributes,
        None => panic!("no span {name} in\n{}", drawn(&spans)),
    };
    let (somewhere, nowhere) = (named("HTTP /api/v1/equipements/{id}"), named("HTTP"));
    for attributes in [somewhere, nowhere] {
        for (name, value) in
            [("http.request.method", "_OTHER"), ("http.request.method_original", "FOO38"), ("url.scheme", "http")]
        {
            assert!(attributes[name].contains(&format!("\"{value}\"")), "{name}: {attributes:?}");
        }
    }
    assert!(somewhere["http.route"].contains("\"/api/v1/equipements/{id}\""), "{somewhere:?}");
    assert!(!nowhere.contains_key("http.route"), "{nowhere:?}");
    collector.abort();
}

async fn probes_leave_no_trace(database: Database) {
    const PROBES: [&str; 9] = [
        "/live",
        "/liveness",
        "/ready",
        "/readiness",
        "/health",
        "/api/v1/health",
        "/metrics",
        "/api/v1/metrics",
        "/api/v1/health/metrics",
    ];
    for trusted in [false, true] {
        let mut collector = FakeCollectorServer::start().await.unwrap();
        let site = Site::new(database).await;
        let endpoint = collector.endpoint();
        let mut settings = vec![("MIF_TELEMETRY__OTLP_ENDPOINT", endpoint.as_str())];
        settings.extend(trusted.then_some(("MIF_HTTP__TRUSTED_PROXIES", "127.0.0.0/8")));
        let mut server = site.start_with(&settings).await;
        let base = format!("http://{}", server.address());
        let ask = async |path: &str, traceparent: Option<&str>| {
            let request = reqwest::Client::builder().no_proxy().build().unwrap().get(format!("{base}{path}"));
            let request = traceparent.into_iter().fold(request, |request, given| request.header("traceparent", given));
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            answer.headers()["traceparent"].to_str().unwrap().ends_with("-01")
        };
        let wanted = format!("00-{CALLER}-{CALLERS_SPAN}-01");
        for path in PROBES {
            assert!(!ask(path, None).await, "{path}");
            assert_eq!(ask(path, Some(&wanted)).await, trusted, "{path}");
        }
        assert!(ask("/.well-known/jwks.json", None).await, "anything else is seen at this ratio");
        server.terminate();
        server.ended(Duration::from_secs(20)).await;
        let spans = collector.exported_spans(1_000, Duration::from_secs(2)).await;
        let probes: Vec<_> =
            spans.iter().filter(|span| PROBES.iter().any(|path| span.name == format!("GET {path}"))).collect();
        assert_eq!(probes.len(), if trusted { PROBES.len() } else { 0 }, "{}", drawn(&spans));
        assert!(probes.iter().all(|span| span.trace_id == CALLER), "{}", drawn(&spans));
        collector.abort();
    }
}

async fn a_collector_that_never_answers_slows_nothing(database: Database) {
    const ROUNDS: usize = 300;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let taken = tokio::spawn(async move {
        let mut connections = Vec::new();
        while let Ok((connection, _)) = silent.accept().await {
            connections.push(connection);
        }
    });
    for protocol in ["grpc", "http"] {
        let sites = [Site::new(database).await, Site::new(database).await];
        let traced = [
            ("MIF_TELEMETRY__OTLP_ENDPOINT", endpoint.as_str()),
            ("MIF_TELEMETRY__OTLP_PROTOCOL", protocol),
            ("RUST_LOG", "warn"),
        ];
        let mut with = sites[0].start_with(&traced).await;
        let without = sites[1].start_with(&[("RUST_LOG", "warn")]).await;
        let clients = [with.sign_in(ADMIN, PASSWORD).await.client, without.sign_in(ADMIN, PASSWORD).await.client];
        let mut took = [Vec::new(), Vec::new()];
        // By turns, because what else runs on the machine changes from second to second.
        for _ in 0..ROUNDS {
            for (client, took) in clients.iter().zip(&mut took) {
                let watch = Stopwatch::start();
                client.me().await.is(200);
                took.push(watch.elapsed());
            }
        }
        let [traced, bare] = took.map(|mut all| {
            all.sort();
            all[ROUNDS / 2]
        });
        println!("{protocol}: {traced:?} with a silent collector, {bare:?} without");
        assert!(traced < bare * 2 + Duration::from_millis(5), "{protocol}: {traced:?} against {bare:?}");
        let watch = Stopwatch::start();
        with.terminate();
        assert_eq!(with.ended(Duration::from_secs(20)).await.code(), Some(0));
        // It waits for the collector, five seconds at most, when everything else is done.
        assert!(watch.elapsed() < Duration::from_secs(12), "{protocol}: {:?}", watch.elapsed());
    }
    taken.abort();
}

/// Whoever searches for `bytes > 1000000` finds nothing among texts.
fn numbers_are_numbers(spans: &[ExportedSpan]) {
    for span in spans {
        let all = span.attributes.iter().chain(span.events.iter().flat_map(|event| &event.attributes));
        for (name, value) in all.filter(|(name, _)| !name.ends_with("_id")) {
            let text = value.split_once("StringValue(\"").and_then(|(_, rest)| rest.split_once('"'));
            let is_number = text.is_some_and(|(text, _)| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
            assert!(!is_number, "{}: {name} is {value}", span.name);
        }
    }
}

/// The trace as people read it: each span under its parent, with its length.
fn drawn(spans: &[ExportedSpan]) -> String {
    let mut children: BTreeMap<&str, Vec<&ExportedSpan>> = BTreeMap::new();
    for span in spans {
        let known = spans.iter().any(|other| other.span_id == span.parent_span_id);
        children.entry(if known { &span.parent_span_id } else { "" }).or_default().push(span);
    }
    let mut tree = String::new();
    draw(&mut tree, &mut children, "", 0);
    tree
}

fn draw<'a>(tree: &mut String, children: &mut BTreeMap<&'a str, Vec<&'a ExportedSpan>>, parent: &str, depth: usize) {
    let mut spans = children.remove(parent).unwrap_or_default();
    spans.sort_by_key(|span| span.start_time_unix_nano);
    for span in spans {
        let micros = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) / 1000;
        writeln!(tree, "{:indent$}{}  {micros} us", "", span.name, indent = depth * 2).unwrap();
        draw(tree, children, &span.span_id, depth + 1);
    }
}

async fn made_up_paths_make_no_new_series(database: Database) {
    let site = Site::new(database).await;
    let (server, admin) = site.open().await;
    let series = || async {
        let text = reqwest::get(format!("http://{}/metrics", server.address())).await.unwrap().text().await.unwrap();
        for family in
            ["http_request_duration_seconds_bucket", "db_query_duration_seconds", "process_", "mif_build_info"]
        {
            assert!(text.contains(family), "{family} is missing");
        }
        text.lines().filter(|line| line.starts_with("http_request_duration_seconds_count")).count()
    };
    let look = |path: String| admin.send(admin.request(Method::GET, &path));
    look("/no/such/path".to_owned()).await;
    look("/api/v1/equipements/7".to_owned()).await;
    let before = series().await;
    for number in 0..200 {
        look(format!("/made/up/{number}")).await;
        look(format!("/api/v1/equipements/{number}")).await;
    }
    let after = series().await;
    assert!(after <= before + 1, "{before} series became {after}");
}
