//! A CSV file of machines, first as a dry run, then in earnest: the import does what the dry run promised.

#![no_main]

use actix_web::test::TestRequest;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let import = |path: &str| {
        let request = TestRequest::post().uri(path).insert_header(("content-type", "text/csv"));
        let answer = mif_fuzz::send(request.set_payload(data.to_vec()));
        (answer.status, serde_json::from_slice::<Value>(&answer.body).expect("the findings are JSON"))
    };
    let (tried, findings) = import("/api/v1/equipements/import?essai=true");
    let (done, report) = import("/api/v1/equipements/import");
    if tried != 200 {
        assert_eq!(done, tried, "not even a table");
        return;
    }
    assert_eq!(findings["creees"], 0, "a dry run made machines: {findings}");
    if findings["total_erreurs"] == 0 {
        assert_eq!(done, 201, "{report}");
        assert_eq!(report["creees"], findings["lignes"]);
    } else {
        assert_eq!(done, 422, "{report}");
        let told = |errors: &Value| errors.as_array().map(Vec::len);
        assert_eq!(told(&report["errors"]), told(&findings["erreurs"]), "{report}");
    }
});
