//! JSON bodies. The first byte chooses the route, the rest is the body. What was made or changed is read again: it is what
//! the answer said, to the byte.

#![no_main]

use actix_web::http::Method;
use actix_web::test::TestRequest;
use libfuzzer_sys::fuzz_target;

const ROUTES: [(&str, &str); 20] = [
    ("POST", "/api/v1/clients"),
    ("PATCH", "/api/v1/clients/1"),
    ("POST", "/api/v1/equipements"),
    ("PATCH", "/api/v1/equipements/1"),
    ("POST", "/api/v1/interventions"),
    ("PATCH", "/api/v1/interventions/1"),
    ("PATCH", "/api/v1/interventions/1/statut"),
    ("PATCH", "/api/v1/interventions/1/creneau"),
    ("POST", "/api/v1/interventions/1/affecter"),
    ("POST", "/api/v1/interventions/1/commentaires"),
    ("POST", "/api/v1/techniciens"),
    ("PATCH", "/api/v1/techniciens/1"),
    ("PUT", "/api/v1/techniciens/1/competences"),
    ("POST", "/api/v1/techniciens/competences"),
    ("POST", "/api/v1/users"),
    ("PATCH", "/api/v1/users/2"),
    ("POST", "/api/v1/auth/refresh"),
    ("POST", "/api/v1/auth/password-reset/request"),
    ("POST", "/api/v1/auth/password-reset/confirm"),
    ("POST", "/api/v1/auth/mfa/verifier"),
];

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else { return };
    let (method, path) = ROUTES[usize::from(*choice) % ROUTES.len()];
    let request = TestRequest::with_uri(path).method(method.parse::<Method>().expect("a method"));
    let answer = mif_fuzz::send(request.insert_header(("content-type", "application/json")).set_payload(body.to_vec()));
    // Only what can be read again has a version.
    if let Some(version) = answer.header("etag") {
        // An action answers with what it acted on.
        let changed = path.find("/1").map_or(path, |at| &path[..at + "/1".len()]);
        let again = mif_fuzz::send(TestRequest::get().uri(answer.header("location").unwrap_or(changed)));
        assert_eq!((again.status, again.header("etag")), (200, Some(version)), "{method} {path}");
        assert_eq!(again.body, answer.body, "{method} {path}");
    }
});
