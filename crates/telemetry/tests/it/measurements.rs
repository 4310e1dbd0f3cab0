//! What `/metrics` shows.

use std::sync::LazyLock;

use mif_telemetry::Metrics;

/// One for the whole process.
static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics::install("0.1.0").unwrap());

#[test]
fn what_never_happened_yet_is_zero_and_not_missing() {
    let page = METRICS.render();
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

#[test]
fn an_upload_of_minutes_does_not_fall_out_of_the_last_bucket() {
    LazyLock::force(&METRICS);
    for name in ["http_request_duration_seconds", "mif_scan_duration_seconds", "db_query_duration_seconds"] {
        metrics::histogram!(name).record(100.0);
    }
    let page = METRICS.render();
    let bucket = |name: &str, bound: &str| {
        let series = format!("{name}_bucket{{le=\"{bound}\"}} ");
        page.lines().find_map(|line| line.strip_prefix(&series).map(str::to_owned))
    };
    for name in ["http_request_duration_seconds", "mif_scan_duration_seconds"] {
        assert_eq!(bucket(name, "60").as_deref(), Some("0"), "{page}");
        assert_eq!(bucket(name, "120").as_deref(), Some("1"), "{page}");
        assert!(bucket(name, "600").is_some(), "{page}");
    }
    assert_eq!(bucket("db_query_duration_seconds", "10").as_deref(), Some("0"), "{page}");
    assert_eq!(bucket("db_query_duration_seconds", "60"), None, "no statement may take that long");
}

#[test]
fn processor_time_is_told_in_less_than_whole_seconds() {
    let told = || {
        let page = METRICS.render();
        let line = page.lines().find_map(|line| line.strip_prefix("process_cpu_seconds_total "));
        line.unwrap_or_else(|| panic!("it is missing in\n{page}")).parse::<f64>().unwrap()
    };
    // The system counts in hundredths; each round takes some.
    let is_fraction = (0..500).any(|_| {
        std::hint::black_box((0..1_000_000_u64).fold(0, |sum, n| std::hint::black_box(sum ^ n)));
        told().fract() > 0.0
    });
    assert!(is_fraction, "{}", told());
}
