//! How long the head of an answer may take. A client that has gone away does not end its request, so this must.

use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;

const USUAL: Duration = Duration::from_secs(30);
/// A file has to arrive first, at its own pace.
const UPLOAD: Duration = Duration::from_mins(10);
/// Without the slash that they may end with.
const UPLOADS: [&str; 3] = ["/api/v1/documents", "/api/v1/documents/upload", "/api/v1/equipements/import"];

/// The deadline of a request. The body of an answer is not included: streams have an idle limit of their own.
pub(crate) fn of(request: &ServiceRequest) -> Duration {
    let uploads = request.method() == Method::POST && UPLOADS.contains(&request.path().trim_end_matches('/'));
    if uploads { UPLOAD } else { USUAL }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_what_receives_a_file_may_take_long() {
        let posted = |path: &str| of(&TestRequest::post().uri(path).to_srv_request());
        assert_eq!(posted("/api/v1/documents/"), UPLOAD);
        assert_eq!(posted("/api/v1/equipements/import?apercu=true"), UPLOAD);
        assert_eq!(posted("/api/v1/equipements"), USUAL);
        assert_eq!(of(&TestRequest::get().uri("/api/v1/documents").to_srv_request()), USUAL);
    }
}
