//! `traceparent` and `X-Request-ID`, separated by a line break: whatever comes in, what goes out is well-formed. A trace that
//! came in well-formed goes on, and nothing else does.

#![no_main]

use std::sync::Once;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use libfuzzer_sys::fuzz_target;
use opentelemetry::global::set_text_map_propagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// The server sets it when it starts to log.
static PROPAGATOR: Once = Once::new();

/// The identifier of the trace, where the text is what W3C Trace Context asks for. A later version may have more parts.
fn trace_id(traceparent: &str) -> Option<&str> {
    let parts: Vec<&str> = traceparent.split('-').collect();
    let [version, trace, span, flags, more @ ..] = parts.as_slice() else { return None };
    let hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let lengths = [version, trace, span, flags].map(|part| part.len());
    let well_formed = lengths == [2, 32, 16, 2] && [version, trace, span, flags].iter().all(|part| hex(part));
    let named = [trace, span].iter().all(|part| part.bytes().any(|byte| byte != b'0'));
    let known = *version != "ff" && (*version != "00" || more.is_empty());
    (well_formed && named && known).then_some(trace)
}

/// Sends both headers; the identifier of the trace that the answer is part of.
fn traced(data: &[u8]) -> String {
    let mut request = TestRequest::get().uri("/live");
    for (name, line) in ["traceparent", "x-request-id"].into_iter().zip(data.splitn(2, |byte| *byte == b'\n')) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            request = request.insert_header((HeaderName::from_static(name), value));
        }
    }
    let answer = mif_fuzz::send(request);
    let name = answer.header("x-request-id").unwrap_or_default();
    assert!((1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic()), "{name:?}");
    let traceparent = answer.header("traceparent").unwrap_or_default();
    assert!(traceparent.starts_with("00-"), "{traceparent:?}");
    trace_id(traceparent).unwrap_or_else(|| panic!("{traceparent:?}")).to_owned()
}

fuzz_target!(|data: &[u8]| {
    PROPAGATOR.call_once(|| set_text_map_propagator(TraceContextPropagator::new()));
    let line = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // What cannot be a header is not sent.
    let line = HeaderValue::from_bytes(line).ok();
    match line.as_ref().and_then(|line| line.to_str().ok()).and_then(trace_id) {
        Some(caller) => assert_eq!(traced(data), caller, "the caller's trace does not go on"),
        None => assert_ne!(traced(data), traced(data), "a trace goes on that is none"),
    }
});
