//! What a log line looks like.

use mif_telemetry::{LogFormat, TelemetryError, TelemetrySettings, assemble};
use serde_json::Value;

use crate::support::{Captured, settings};

fn logged(settings: &TelemetrySettings, act: impl FnOnce()) -> Vec<String> {
    let captured = Captured::default();
    let (dispatch, _telemetry) = assemble(settings, captured.clone(), false).unwrap();
    tracing::dispatcher::with_default(&dispatch, act);
    captured.lines()
}

fn objects(act: impl FnOnce()) -> Vec<Value> {
    logged(&settings(), act).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_line_carries_the_fields_of_the_spans_around_it() {
    let lines = objects(|| {
        let request =
            tracing::info_span!("request", request_id = "r-1", user_id = tracing::field::Empty, kind = "http");
        let _in_request = request.enter();
        request.record("user_id", 7);
        let _in_step = tracing::info_span!("step", kind = "sql").entered();
        tracing::info!(rows = 3, slow = false, "stored");
    });
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line["request_id"], "r-1");
    assert_eq!(line["user_id"], 7);
    assert_eq!(line["kind"], "sql", "the innermost value of a name wins");
    assert_eq!((&line["rows"], &line["slow"]), (&Value::from(3), &Value::from(false)));
    assert_eq!((&line["level"], &line["message"]), (&Value::from("INFO"), &Value::from("stored")));
    assert_eq!(line["target"], module_path!());
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn a_line_begins_with_when_how_bad_where_and_what() {
    let lines = logged(&settings(), || tracing::warn!(level = "forged", zone = "a", "slow"));
    assert!(lines[0].starts_with("{\"timestamp\":\""), "{}", lines[0]);
    assert!(lines[0].ends_with(",\"level\":\"WARN\",\"target\":\"it::logs\",\"message\":\"slow\",\"zone\":\"a\"}"));
}

#[test]
fn a_value_from_outside_cannot_begin_a_line() {
    let nasty = "x\n{\"level\":\"ERROR\"}\r\u{1b}[31m";
    let act = || {
        let _span = tracing::info_span!("request", agent = nasty, shown = %nasty).entered();
        tracing::info!(typed = nasty, shown = %nasty, "{nasty}");
    };
    let lines = objects(act);
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["message"], &lines[0]["agent"]), (&Value::from(nasty), &Value::from(nasty)));
    let pretty = logged(&TelemetrySettings { format: LogFormat::Pretty, ..settings() }, act);
    assert_eq!(pretty.len(), 1, "{pretty:#?}");
    assert!(!pretty[0].contains(char::is_control), "{pretty:?}");
    assert!(pretty[0].contains("request{"), "{pretty:?}");
}

#[test]
fn the_filter_decides_what_is_logged() {
    let settings = TelemetrySettings { filter: "warn,loud=debug".to_owned(), ..settings() };
    let lines = logged(&settings, || {
        tracing::info!("not this");
        tracing::debug!(target: "loud", "this");
    });
    assert_eq!(lines.len(), 1);
}

#[test]
fn no_filter_lets_through_what_holds_the_values_of_others() {
    let settings = TelemetrySettings { filter: "trace,sea_orm=trace,h2=trace".to_owned(), ..settings() };
    let lines = logged(&settings, || {
        let _statement = tracing::trace_span!(target: "sea_orm::driver", "execute", values = "topsecret").entered();
        tracing::debug!(target: "h2::codec", "topsecret");
        tracing::trace!("ours");
        tracing::info!(target: "sea_orm::driver", "nothing below");
    });
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(!lines.concat().contains("topsecret"), "{lines:#?}");
}

#[test]
fn whoever_sends_garbage_makes_no_error_unless_somebody_asks_for_it() {
    let heckle = || tracing::error!(target: "actix_http::h1::dispatcher", "stream error: invalid HTTP version");
    for (directives, expected) in [("info", 0), ("debug", 0), ("info,actix_http=error", 1), ("off,actix_http=info", 1)]
    {
        let settings = TelemetrySettings { filter: directives.to_owned(), ..settings() };
        let lines = logged(&settings, || {
            heckle();
            tracing::error!(target: "actix_server::worker", "stopped");
        });
        let about_garbage = lines.iter().filter(|line| line.contains("invalid HTTP version")).count();
        assert_eq!(about_garbage, expected, "{directives}: {lines:#?}");
        assert_eq!(
            lines.len() - about_garbage,
            usize::from(!directives.starts_with("off")),
            "{directives}: {lines:#?}"
        );
    }
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let refused = |settings| assemble(&settings, Captured::default(), false).err().unwrap();
    let error = refused(TelemetrySettings { filter: "info,=".to_owned(), ..settings() });
    assert!(matches!(error, TelemetryError::Filter { .. }), "{error}");
    for ratio in [-0.1, 1.1, f64::NAN] {
        let error = refused(TelemetrySettings { sample_ratio: ratio, ..settings() });
        assert!(matches!(error, TelemetryError::Ratio(_)), "{error}");
    }
    let error = refused(TelemetrySettings { otlp_endpoint: Some("http://localhost:4317".to_owned()), ..settings() });
    assert!(matches!(error, TelemetryError::NoRuntime), "{error}");
}
