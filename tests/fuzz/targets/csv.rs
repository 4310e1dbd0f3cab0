//! A CSV file of machines, as a dry run: read, checked, and not kept.

#![no_main]

use actix_web::test::TestRequest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let request = TestRequest::post().uri("/api/v1/equipements/import?essai=true");
    let answer = mif_fuzz::send(request.insert_header(("content-type", "text/csv")).set_payload(data.to_vec()));
    if answer.status == 200 {
        let found: serde_json::Value = serde_json::from_slice(&answer.body).expect("the findings are JSON");
        assert_eq!(found["creees"], 0, "a dry run made machines: {found}");
    }
});
