//! Measurements, in the text format of Prometheus. Whoever measures speaks the `metrics` facade; this is its one recorder.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use thiserror::Error;

/// Upper bounds of the buckets of a duration, in seconds: half a millisecond to ten seconds.
const DURATIONS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Those of what moves whole files: on to the ten minutes that an upload may take. Not for all, because each bound is a line
/// of `/metrics` for every statement and every state.
const LONG_DURATIONS: [f64; 19] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
    600.0,
];
const LONG: [&str; 2] = ["http_request_duration_seconds", "mif_scan_duration_seconds"];

/// Why nothing is measured.
#[derive(Debug, Error)]
#[error("measurements cannot be recorded: {0}")]
pub struct MetricsError(String);

/// What was measured so far.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    process: metrics_process::Collector,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Records for the whole process from now on.
    pub fn install(version: &'static str) -> Result<Self, MetricsError> {
        let refused = |error: &dyn std::fmt::Display| MetricsError(error.to_string());
        let mut builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), &DURATIONS)
            .map_err(|error| refused(&error))?;
        for name in LONG {
            builder = builder
                .set_buckets_for_metric(Matcher::Full(name.to_owned()), &LONG_DURATIONS)
                .map_err(|error| refused(&error))?;
        }
        let handle = builder.install_recorder().map_err(|error| refused(&error))?;
        let process = metrics_process::Collector::default();
        process.describe();
        describe();
        begin();
        gauge!("mif_build_info", "version" => version).set(1.0);
        Ok(Self { handle, process })
    }

    /// Everything, as Prometheus reads it.
    pub fn render(&self) -> String {
        self.process.collect();
        self.handle.render()
    }

    /// Folds what was recorded into buckets: to be called every few seconds, or memory grows until somebody asks.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

/// Begins the counters whose labels are known at zero: an increase is only seen between two values, and the first theft or
/// the first infected file would be none.
fn begin() {
    for name in ["http_rate_limited_total", "auth_locks_total"] {
        counter!(name).absolute(0);
    }
    let by_one_label: [(&str, &str, &[&str]); 8] = [
        ("auth_logins_total", "result", &["success", "second_factor", "refused", "error"]),
        ("auth_refreshes_total", "outcome", &["rotated", "repeated", "refused", "reused"]),
        ("mif_scans_total", "verdict", &["clean", "infected", "not scanned", "unavailable", "unsure", "not asked"]),
        ("mif_document_bytes_total", "direction", &["encrypted", "decrypted"]),
        ("mif_trace_spans_total", "result", &["delivered", "lost"]),
        ("mif_audit_failures_total", "what", &["chain", "checkpoint", "unreadable"]),
        ("mif_outbox_handled_total", "result", &["done", "too_early", "left_alone", "failed"]),
        (
            "db_query_errors_total",
            "operation",
            &["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "BEGIN", "COMMIT", "OTHER"],
        ),
    ];
    for (name, label, values) in by_one_label {
        for value in values {
            counter!(name, label => *value).absolute(0);
        }
    }
    for (limit, decision) in [("appelant", "allowed"), ("appelant", "refused"), ("adresse", "refused")] {
        counter!("http_limiter_decisions_total", "limit" => limit, "decision" => decision).absolute(0);
    }
}

/// What every family means, for whoever reads `/metrics` at 3 a.m.
fn describe() {
    let seconds = [
        ("http_request_duration_seconds", "From the head of a request to the head of its answer"),
        ("db_query_duration_seconds", "One statement, the wait for a connection included"),
        ("db_pool_wait_duration_seconds", "The waits for a connection, of those who had to wait"),
        ("auth_hash_duration_seconds", "One password hash, without the wait"),
        ("mif_scan_duration_seconds", "One content in the virus scanner"),
    ];
    let counters = [
        ("http_rate_limited_total", "Requests refused by the flood guard"),
        ("http_limiter_decisions_total", "Requests that the flood guard counted, by limit and decision"),
        ("db_query_errors_total", "Statements that failed"),
        ("auth_logins_total", "Sign-ins, by result"),
        ("auth_refreshes_total", "Refreshes, by outcome"),
        ("auth_locks_total", "Accounts that were locked after wrong passwords"),
        ("mif_scans_total", "Contents in the virus scanner, by verdict"),
        ("mif_document_bytes_total", "Bytes of documents, encrypted and decrypted"),
        ("mif_outbox_handled_total", "Outbox messages, by what became of them"),
        ("mif_trace_spans_total", "Spans that the collector took, and those that it did not"),
        (
            "mif_audit_failures_total",
            "Rounds that did not chain the audit trail, checkpoints not kept, events that cannot be read",
        ),
    ];
    let gauges = [
        ("http_requests_in_flight", "Requests that have no answer yet"),
        ("db_pool_connections", "Open connections of all pools, by state"),
        ("db_pool_connections_max", "The most connections that all pools may open"),
        ("db_pool_waiting", "Who waits for a connection of any pool"),
        ("auth_hash_queue", "Password hashes that wait or are computed"),
        ("mif_outbox_pending", "Outbox messages that will still be tried"),
        ("mif_outbox_oldest_seconds", "How long ago the oldest pending outbox message was written"),
        ("mif_outbox_failed", "Outbox messages that were given up"),
        ("mif_scheduler_lag_seconds", "How late the last round of a background task began, by task"),
        (
            "mif_audit_unlinked_seconds",
            "How long the oldest audit event had waited for its place in the chain at the last look",
        ),
        ("mif_disk_free_bytes", "Room left for the server's own files and, on a disk, for documents"),
        ("mif_interventions", "Interventions, by state"),
        ("mif_up", "1 while a part does its work, by part"),
        ("mif_build_info", "1, with the version of the program"),
    ];
    for (name, meaning) in seconds {
        describe_histogram!(name, Unit::Seconds, meaning);
    }
    for (name, meaning) in counters {
        describe_counter!(name, meaning);
    }
    for (name, meaning) in gauges {
        describe_gauge!(name, meaning);
    }
}
