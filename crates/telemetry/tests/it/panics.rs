//! What is told about a panic.

use std::panic::{catch_unwind, resume_unwind, set_hook, take_hook};

use mif_telemetry::{LogFormat, TelemetrySettings, assemble, log_panics};
use serde_json::Value;

use crate::support::{Captured, settings};

/// What is logged while `act` panics.
fn told(settings: &TelemetrySettings, act: impl FnOnce() + std::panic::UnwindSafe) -> Vec<String> {
    let captured = Captured::default();
    let (dispatch, _telemetry) = assemble(settings, captured.clone(), false).unwrap();
    let outcome = tracing::dispatcher::with_default(&dispatch, || {
        let _span = tracing::info_span!("request", request_id = "r-1").entered();
        catch_unwind(act)
    });
    assert!(outcome.is_err(), "it did not panic");
    captured.lines()
}

// One test: the hook is one for the whole process, and the other tests need the usual one.
#[test]
fn a_panic_is_one_line_that_tells_where_and_no_value() {
    let usual = take_hook();
    log_panics();
    let outcome = catch_unwind(|| {
        let password = std::hint::black_box("hunter\n2é");
        let failed: Result<u8, &str> = std::hint::black_box(Err(password));
        let formatted = told(&settings(), || panic!("no such word: {password}"));
        let sliced = told(&settings(), || drop(password[..password.len() - 1].to_owned()));
        let unwrapped = told(&settings(), || assert_eq!(failed.unwrap(), 0));
        let literal = told(&settings(), || panic!("two\nlines"));
        let pretty = told(&TelemetrySettings { format: LogFormat::Pretty, ..settings() }, || panic!("two\nlines"));
        let narrow = TelemetrySettings { filter: "mif_http=debug".to_owned(), ..settings() };
        let narrow = told(&narrow, || panic!("asked for by nobody"));
        (formatted, sliced, unwrapped, literal, pretty, narrow)
    });
    let _ours = take_hook();
    set_hook(usual);
    let (formatted, sliced, unwrapped, literal, pretty, narrow) = outcome.unwrap_or_else(|panic| resume_unwind(panic));

    for lines in [&formatted, &sliced, &unwrapped, &literal] {
        assert_eq!(lines.len(), 1, "{lines:#?}");
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!((&line["level"], &line["message"]), (&Value::from("ERROR"), &Value::from("panicked")));
        assert_eq!(line["request_id"], "r-1", "{line}");
        let location = line["location"].as_str().unwrap();
        assert!(location.starts_with(file!()), "{location}");
        assert!(!lines[0].contains("hunter"), "{lines:#?}");
    }
    assert!(literal[0].contains("\"reason\":\"two\\nlines\""), "{literal:#?}");
    assert_eq!(pretty.len(), 1, "{pretty:#?}");
    assert!(pretty[0].contains("panicked") && pretty[0].contains(file!()), "{pretty:#?}");
    assert_eq!(narrow.len(), 1, "{narrow:#?}");
}
