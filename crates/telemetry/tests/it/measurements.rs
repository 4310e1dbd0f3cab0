//! What `/metrics` shows of a process that has just begun. One test: the recorder is one for the whole process.

use mif_telemetry::Metrics;

#[test]
fn what_never_happened_yet_is_zero_and_not_missing() {
    let measured = Metrics::install("0.1.0").unwrap();
    let page = measured.render();
    for series in [
        "auth_logins_total{result=\"second_factor\"} 0",
        "auth_refreshes_total{outcome=\"reused\"} 0",
        "auth_locks_total 0",
        "mif_scans_total{verdict=\"infected\"} 0",
        "mif_outbox_handled_total{result=\"failed\"} 0",
        "db_query_errors_total{operation=\"COMMIT\"} 0",
        "http_rate_limited_total 0",
    ] {
        assert!(page.lines().any(|line| line == series), "{series} is missing in\n{page}");
    }
}
