//! `traceparent` and `X-Request-ID`, separated by a line break: whatever comes in, what goes out is well-formed.

#![no_main]

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(2, |byte| *byte == b'\n');
    let mut request = TestRequest::get().uri("/live");
    for name in ["traceparent", "x-request-id"] {
        if let Some(value) = lines.next().and_then(|line| HeaderValue::from_bytes(line).ok()) {
            request = request.insert_header((HeaderName::from_static(name), value));
        }
    }
    let answer = mif_fuzz::send(request);
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let parts: Vec<&str> = header("traceparent").split('-').collect();
    let hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [2, 32, 16, 2], "{parts:?}");
    assert!(parts.iter().all(|part| hex(part)) && parts[0] == "00", "{parts:?}");
    assert!(parts[1..3].iter().all(|part| part.bytes().any(|byte| byte != b'0')), "{parts:?}");
    let name = header("x-request-id");
    assert!((1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic()), "{name:?}");
});
