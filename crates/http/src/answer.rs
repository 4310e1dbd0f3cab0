//! How answers look: resources with their `ETag`, pages with their `Link`, and things that were done once.

use std::future::Future;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError as _};
use mif_application::Core;
use mif_application::access::Actor;
use mif_application::idempotency::{Done, Once, RememberRefusal};
use mif_domain::idempotency::StoredAnswer;
use mif_domain::users::Language;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::edge::hex;
use crate::extract::{Conditions, IdempotencyHeader, RequestContext};
use crate::problem::{ApiError, ApiResult, Code, MEDIA_TYPE};
use crate::wire::auth::Message;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A thing with a version, as it goes out.
pub(crate) struct Rendered {
    pub(crate) etag: String,
    pub(crate) body: Vec<u8>,
}

impl Rendered {
    /// Serialises once; the tag is made from the same bytes.
    pub(crate) fn new(version: i64, resource: &impl Serialize) -> Self {
        Self::of_bytes(version, serde_json::to_vec(resource).unwrap_or_default())
    }

    /// The same for something that is not JSON.
    pub(crate) fn of_bytes(version: i64, body: Vec<u8>) -> Self {
        let digest = Sha256::digest(&body);
        let short = digest.get(..4).unwrap_or_default();
        Self { etag: format!("\"{version}-{}\"", hex(short)), body }
    }
}

/// 200 with the resource, or 304 when the client has it already.
pub(crate) fn resource(conditions: &Conditions, version: i64, resource: &impl Serialize) -> HttpResponse {
    sent(conditions, Rendered::new(version, resource), JSON)
}

/// The same for something that was rendered already.
pub(crate) fn sent(conditions: &Conditions, rendered: Rendered, kind: HeaderValue) -> HttpResponse {
    if conditions.has(&rendered.etag) {
        return HttpResponse::NotModified().insert_header((header::ETAG, rendered.etag)).finish();
    }
    HttpResponse::Ok()
        .insert_header((header::ETAG, rendered.etag))
        .insert_header((header::CONTENT_TYPE, kind))
        .body(rendered.body)
}

/// 200 with something that has no version.
pub(crate) fn json(value: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(value)
}

/// 201 with the resource and where it is.
pub(crate) fn created(location: &str, version: i64, resource: &impl Serialize) -> HttpResponse {
    stored(&created_answer(location, version, resource))
}

/// The same, as it is kept for a repetition.
pub(crate) fn created_answer(location: &str, version: i64, resource: &impl Serialize) -> StoredAnswer {
    let rendered = Rendered::new(version, resource);
    StoredAnswer {
        status: StatusCode::CREATED.as_u16(),
        location: Some(location.to_owned()),
        etag: Some(rendered.etag),
        body: rendered.body,
    }
}

/// 201 for several things at once, as it is kept for a repetition.
pub(crate) fn made_answer(location: &str, report: &impl Serialize) -> StoredAnswer {
    StoredAnswer {
        status: StatusCode::CREATED.as_u16(),
        location: Some(location.to_owned()),
        etag: None,
        body: serde_json::to_vec(report).unwrap_or_default(),
    }
}

/// Sends an answer as it was kept.
pub(crate) fn stored(answer: &StoredAnswer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponseBuilder::new(status);
    let kind = if status.is_success() { JSON } else { HeaderValue::from_static(MEDIA_TYPE) };
    response.insert_header((header::CONTENT_TYPE, kind));
    for (name, value) in [(header::LOCATION, &answer.location), (header::ETAG, &answer.etag)] {
        if let Some(value) = value {
            response.insert_header((name, value.as_str()));
        }
    }
    response.body(answer.body.clone())
}

/// 200 with a word for people.
pub(crate) fn message(context: &RequestContext, fr: &'static str, en: &'static str) -> HttpResponse {
    json(&Message { message: if context.language == Language::French { fr } else { en } })
}

/// 202 with a word for people.
pub(crate) fn accepted(context: &RequestContext, fr: &'static str, en: &'static str) -> HttpResponse {
    let message = if context.language == Language::French { fr } else { en };
    HttpResponse::Accepted().json(&Message { message })
}

/// A page: a JSON array, with the way to the next page and the total beside it.
pub(crate) fn page(items: &impl Serialize, next: Option<&str>, total: Option<u64>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(next) = next {
        response.insert_header((header::LINK, format!("<{next}>; rel=\"next\"")));
    }
    if let Some(total) = total {
        response.insert_header((HeaderName::from_static("x-total-count"), total.to_string()));
    }
    // Room for a usual page at once: a buffer that grows copies what it holds each time.
    let mut body = Vec::with_capacity(32 * 1024);
    if serde_json::to_writer(&mut body, items).is_err() {
        return ApiError::from(Code::Internal).error_response();
    }
    response.insert_header((header::CONTENT_TYPE, JSON)).body(body)
}

/// Who may repeat a request, with what.
pub(crate) struct Repetition<'a> {
    pub(crate) core: &'a Core,
    pub(crate) actor: &'a Actor,
    pub(crate) context: &'a RequestContext,
    pub(crate) key: &'a IdempotencyHeader,
    pub(crate) body: &'a [u8],
}

impl Repetition<'_> {
    /// Runs a use case so that a second request with the same key gets the first one's answer, refusals included.
    pub(crate) async fn once<'o, T, E, F>(
        self,
        render: &'o (dyn Fn(&T) -> StoredAnswer + Send + Sync),
        run: impl FnOnce(Option<Once<'o, T>>) -> F,
    ) -> ApiResult
    where
        F: Future<Output = Result<Done<T>, E>>,
        E: Into<ApiError>,
    {
        let request = self.key.request(self.actor, self.body);
        let once = request.clone().map(|request| Once { request, render });
        let error: ApiError = match run(once).await {
            Ok(Done::Now(made)) => return Ok(stored(&render(&made))),
            Ok(Done::Before(answer)) => return Ok(stored(&answer)),
            Err(error) => error.into(),
        };
        let status = error.code.status();
        let about_the_key = matches!(error.code, Code::KeyReused | Code::StillRunning);
        // A right may be given the next minute; and somebody without rights shall not fill the ledger.
        let passing = status.is_server_error()
            || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS);
        if let Some(request) = request.filter(|_| !about_the_key && !passing) {
            let answer = StoredAnswer {
                status: status.as_u16(),
                location: None,
                etag: None,
                body: error.body(self.context.language, &self.context.trace_id),
            };
            let response = stored(&answer);
            RememberRefusal { request, answer }.run(self.core).await?;
            return Ok(response);
        }
        Err(error)
    }
}
