//! Ends what goes wrong inside: a handler that panics, and one that takes too long for the head of its answer. A client
//! that has gone away does not end its request, so this must.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use futures_util::FutureExt as _;
use mif_domain::documents::UPLOAD_WITHIN;

use crate::extract::DRAINED_FOR;
use crate::problem::Code;

const USUAL: Duration = Duration::from_secs(30);
/// A file has to arrive first, at its own pace.
const IMPORT: Duration = UPLOAD_WITHIN;
/// A document that takes too long is refused by its own route, which reads on for a while. This is for what that route does
/// not notice.
const DOCUMENT: Duration = UPLOAD_WITHIN.saturating_add(DRAINED_FOR).saturating_add(USUAL);

/// The middleware. It makes errors and no answers: whoever is further out gives those their body and headers.
pub(crate) async fn in_time<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let deadline = of(&request);
    let answered = AssertUnwindSafe(next.call(request)).catch_unwind();
    match tokio::time::timeout(deadline, answered).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_panic)) => {
            tracing::error!("a handler panicked");
            Err(Code::Internal.into_error())
        }
        // Whatever was under way is dropped, and an open transaction with it.
        Err(_elapsed) => {
            tracing::error!(deadline_seconds = deadline.as_secs_f64(), "a handler took too long");
            Err(Code::Unavailable.into_error())
        }
    }
}

/// The deadline of a request. The body of an answer is not included: streams have an idle limit of their own.
fn of(request: &ServiceRequest) -> Duration {
    // Without the slash that they may end with.
    match (request.method(), request.path().trim_end_matches('/')) {
        (&Method::POST, "/api/v1/documents" | "/api/v1/documents/upload") => DOCUMENT,
        (&Method::POST, "/api/v1/equipements/import") => IMPORT,
        _ => USUAL,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_what_receives_a_file_may_take_long() {
        let posted = |path: &str| of(&TestRequest::post().uri(path).to_srv_request());
        assert_eq!(posted("/api/v1/documents/"), DOCUMENT);
        assert_eq!(posted("/api/v1/documents/upload"), DOCUMENT);
        assert_eq!(posted("/api/v1/equipements/import?apercu=true"), Duration::from_mins(10));
        assert_eq!(posted("/api/v1/equipements"), USUAL);
        assert_eq!(of(&TestRequest::get().uri("/api/v1/documents").to_srv_request()), USUAL);
    }
}
