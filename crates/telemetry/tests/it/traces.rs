//! What reaches a collector, and what happens without one.

use std::time::Duration;

use fake_opentelemetry_collector::FakeCollectorServer;
use mif_telemetry::{OtlpProtocol, TelemetryError, TelemetrySettings, assemble};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::support::{Captured, settings};

fn sending_to(endpoint: &str) -> TelemetrySettings {
    TelemetrySettings { otlp_endpoint: Some(endpoint.to_owned()), ..settings() }
}

fn sending_by(otlp_protocol: OtlpProtocol, endpoint: &str) -> TelemetrySettings {
    TelemetrySettings { otlp_protocol, ..sending_to(endpoint) }
}

fn one_request() {
    let _request = tracing::info_span!("request", request_id = "r-1").entered();
    let _query = tracing::info_span!("query").entered();
    let _noise = tracing::debug_span!("noise").entered();
    let _transport = tracing::info_span!(target: "h2::client", "frame").entered();
}

// One thread on purpose, like the server's main thread: there, a flush that blocked it would never end.
#[tokio::test]
async fn spans_reach_the_collector_at_shutdown_whatever_the_log_filter_says() {
    let mut collector = FakeCollectorServer::start().await.unwrap();
    let settings = TelemetrySettings { filter: "error".to_owned(), ..sending_to(&collector.endpoint()) };
    let (dispatch, telemetry) = assemble(&settings, Captured::default(), false).unwrap();
    tracing::dispatcher::with_default(&dispatch, one_request);
    telemetry.shutdown().await;

    let mut spans = collector.exported_spans(2, Duration::from_secs(5)).await;
    spans.sort_by(|one, other| other.name.cmp(&one.name));
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["request", "query"]);
    assert_eq!(spans[1].parent_span_id, spans[0].span_id);
    assert_eq!(spans[1].trace_id, spans[0].trace_id);
    assert!(spans[0].attributes["request_id"].contains("r-1"), "{:?}", spans[0].attributes);
    collector.abort();
}

#[tokio::test]
async fn nothing_is_sampled_at_ratio_zero() {
    let mut collector = FakeCollectorServer::start().await.unwrap();
    let settings = TelemetrySettings { sample_ratio: 0.0, ..sending_to(&collector.endpoint()) };
    let (dispatch, telemetry) = assemble(&settings, Captured::default(), false).unwrap();
    tracing::dispatcher::with_default(&dispatch, one_request);
    telemetry.shutdown().await;
    assert!(collector.exported_spans(1, Duration::from_millis(200)).await.is_empty());
    collector.abort();
}

#[tokio::test]
async fn what_is_for_traces_alone_is_not_even_made_within_what_is_not_exported() {
    let collector = FakeCollectorServer::start().await.unwrap();
    for (sample_ratio, is_made) in [(0.0, false), (1.0, true)] {
        let settings = TelemetrySettings { sample_ratio, ..sending_to(&collector.endpoint()) };
        let (dispatch, telemetry) = assemble(&settings, Captured::default(), false).unwrap();
        tracing::dispatcher::with_default(&dispatch, || {
            let within = || Context::current().span().span_context().span_id();
            let made = || {
                let around = within();
                let _statement = tracing::info_span!(target: "mif_trace", "SELECT users").entered();
                within() != around
            };
            // By itself it may become a trace.
            assert!(made());
            let _request = tracing::info_span!("request").entered();
            assert_eq!(made(), is_made, "ratio {sample_ratio}");
            let _inner = tracing::info_span!("password.hash").entered();
            assert_eq!(made(), is_made, "ratio {sample_ratio}");
        });
        telemetry.shutdown().await;
    }
    collector.abort();
}

/// Reads one request, answers that all is well, and returns the head and the body.
async fn one_export(collector: TcpListener) -> (String, Vec<u8>) {
    let (mut connection, _) = collector.accept().await.unwrap();
    let mut read = Vec::new();
    loop {
        assert!(connection.read_buf(&mut read).await.unwrap() > 0, "the request breaks off");
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(read[..end].to_vec()).unwrap().to_lowercase();
        let length: usize =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        let body = &read[end + 4..];
        if body.len() == length {
            connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            return (head, body.to_vec());
        }
    }
}

#[tokio::test]
async fn a_collector_may_speak_http() {
    let collector = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let export = tokio::spawn(one_export(collector));
    let (dispatch, telemetry) =
        assemble(&sending_by(OtlpProtocol::Http, &endpoint), Captured::default(), false).unwrap();
    tracing::dispatcher::with_default(&dispatch, one_request);
    telemetry.shutdown().await;

    let (head, body) = tokio::time::timeout(Duration::from_secs(5), export).await.unwrap().unwrap();
    assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
    assert!(head.contains("content-type: application/x-protobuf"), "{head}");
    let holds = |text: &str| body.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("request_id") && holds("r-1") && holds("query"), "{}", String::from_utf8_lossy(&body));
    assert!(!holds("noise") && !holds("frame"), "{}", String::from_utf8_lossy(&body));
}

/// The same trace as everywhere in these tests, sampled or not.
fn traceparent(sampled: bool) -> String {
    format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0{}", u8::from(sampled))
}

fn later_work(link: Option<&str>) {
    let _work = tracing::info_span!("work", link.traceparent = link).entered();
    let _step = tracing::info_span!("step").entered();
}

#[tokio::test]
async fn work_that_was_left_for_later_is_linked_to_whoever_left_it() {
    let mut collector = FakeCollectorServer::start().await.unwrap();
    let settings = TelemetrySettings { sample_ratio: 0.0, ..sending_to(&collector.endpoint()) };
    let (dispatch, telemetry) = assemble(&settings, Captured::default(), false).unwrap();
    tracing::dispatcher::with_default(&dispatch, || {
        later_work(Some(&traceparent(true)));
        // Nothing of the others is exported at this ratio.
        for link in [None, Some(traceparent(false)), Some("rubbish".to_owned())] {
            later_work(link.as_deref());
        }
    });
    telemetry.shutdown().await;

    let mut spans = collector.exported_spans(3, Duration::from_millis(500)).await;
    spans.sort_by(|one, other| other.name.cmp(&one.name));
    assert_eq!(spans.iter().map(|span| span.name.as_str()).collect::<Vec<_>>(), ["work", "step"]);
    let links: Vec<_> = spans[0].links.iter().map(|link| (link.trace_id.as_str(), link.span_id.as_str())).collect();
    assert_eq!(links, [("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")]);
    assert_ne!(spans[0].trace_id, links[0].0, "a link, not a parent");
    assert!(spans[1].links.is_empty());
    collector.abort();
}

async fn shutdown_takes(protocol: OtlpProtocol, endpoint: &str) -> Duration {
    let (dispatch, telemetry) = assemble(&sending_by(protocol, endpoint), Captured::default(), false).unwrap();
    tracing::dispatcher::with_default(&dispatch, one_request);
    let began = Instant::now();
    telemetry.shutdown().await;
    began.elapsed()
}

#[tokio::test]
async fn a_dead_collector_does_not_delay_the_end() {
    for protocol in [OtlpProtocol::Grpc, OtlpProtocol::Http] {
        // A port that nobody listens on any more.
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let took = shutdown_takes(protocol, &format!("http://{closed}")).await;
        assert!(took < Duration::from_secs(6), "{protocol:?} {took:?}");
    }
}

#[tokio::test]
async fn a_collector_that_never_answers_does_not_delay_the_end() {
    for protocol in [OtlpProtocol::Grpc, OtlpProtocol::Http] {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let took = shutdown_takes(protocol, &format!("http://{}", silent.local_addr().unwrap())).await;
        assert!(took < Duration::from_secs(6), "{protocol:?} {took:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_none_is_refused_by_name() {
    for protocol in [OtlpProtocol::Grpc, OtlpProtocol::Http] {
        for endpoint in ["rubbish", "localhost:4317", "ftp://localhost:4317", "http://", "http://a b:4317", ""] {
            let error = assemble(&sending_by(protocol, endpoint), Captured::default(), false).err().unwrap();
            assert!(matches!(error, TelemetryError::Endpoint { .. }), "{protocol:?} {endpoint}: {error}");
            assert!(error.to_string().contains(&format!("{endpoint:?}")), "{error}");
        }
        let settings = sending_by(protocol, "https://localhost:1");
        let (_dispatch, telemetry) = assemble(&settings, Captured::default(), false).unwrap();
        telemetry.shutdown().await;
    }
}
