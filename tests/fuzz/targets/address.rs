//! Where a request comes from, as `Forwarded` and `X-Forwarded-For` tell it. Two lines of either, separated by a line break.

#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use mif_http::TrustedProxies;

const NAMES: [&str; 2] = ["x-forwarded-for", "forwarded"];

fuzz_target!(|data: &[u8]| {
    let proxies = TrustedProxies::new([([10, 0, 0, 0].into(), 8), ([0xfd00, 0, 0, 0, 0, 0, 0, 0].into(), 16)]);
    let mut headers = HeaderMap::new();
    for (line, name) in data.split(|byte| *byte == b'\n').zip(NAMES.into_iter().cycle()) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    let proxy = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    let client = proxies.client(proxy, &headers);
    assert_eq!(client, client.to_canonical());
    let stranger = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
    assert_eq!(proxies.client(stranger, &headers), stranger, "a stranger's word counts");
    // Whoever is named behind an address that is no proxy cannot be believed, whatever they said before it.
    let mut more = HeaderMap::new();
    more.append(HeaderName::from_static(NAMES[0]), HeaderValue::from_static("192.0.2.66"));
    more.append(HeaderName::from_static(NAMES[0]), HeaderValue::from_static("198.51.100.7"));
    for value in headers.get_all(NAMES[0]) {
        more.append(HeaderName::from_static(NAMES[0]), value.clone());
    }
    assert_ne!(proxies.client(proxy, &more), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 66)).to_canonical());
});
