//! Queries of lists. The first byte chooses the list; its highest bit makes the rest a cursor that is well-formed base64.
//! The next page, where there is one, can be read.

#![no_main]

use actix_web::test::TestRequest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;

const LISTS: [&str; 12] = [
    "/api/v1/audit",
    "/api/v1/clients",
    "/api/v1/documents",
    "/api/v1/equipements",
    "/api/v1/equipements/1/documents",
    "/api/v1/equipements/1/historique",
    "/api/v1/interventions",
    "/api/v1/interventions/1/historique",
    "/api/v1/notifications",
    "/api/v1/techniciens",
    "/api/v1/techniciens/1/charge",
    "/api/v1/users",
];

fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    let list = LISTS[usize::from(choice & 0x7f) % LISTS.len()];
    let query =
        if choice & 0x80 == 0 { mif_fuzz::escaped(rest) } else { format!("cursor={}", URL_SAFE_NO_PAD.encode(rest)) };
    // An address of more than 64 KiB never becomes a request.
    if query.len() > 60_000 {
        return;
    }
    let answer = mif_fuzz::send(TestRequest::get().uri(&format!("{list}?{query}")));
    assert!(matches!(answer.status, 200 | 400 | 422), "{}", answer.status);
    // What we say is the next page is one.
    if let Some(next) = answer.header("link") {
        let address = next.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\""));
        let page = mif_fuzz::send(TestRequest::get().uri(address.expect("a link to the next page")));
        assert_eq!(page.status, 200, "{next}: {}", String::from_utf8_lossy(&page.body));
        assert_ne!(page.body, answer.body, "{next} is the page before");
    }
});
