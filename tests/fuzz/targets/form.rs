//! Forms: a file for a machine, a CSV file, a token of a letter. The first byte chooses, the rest is the body.

#![no_main]

use actix_web::test::TestRequest;
use libfuzzer_sys::fuzz_target;

const MULTIPART: &str = "multipart/form-data; boundary=X";

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else { return };
    let (path, kind) = match choice % 4 {
        0 => ("/api/v1/documents", MULTIPART),
        1 => ("/api/v1/equipements/import?essai=true", MULTIPART),
        2 => ("/api/v1/auth/email/confirm", MULTIPART),
        _ => ("/api/v1/auth/email/confirm", "application/x-www-form-urlencoded"),
    };
    let request = TestRequest::post().uri(path).insert_header(("content-type", kind));
    let answer = mif_fuzz::send(request.set_payload(body.to_vec()));
    assert!(path != "/api/v1/auth/email/confirm" || answer.status >= 400, "nobody was sent a token");
});
