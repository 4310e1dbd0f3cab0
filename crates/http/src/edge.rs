//! The outermost layer: every answer leaves through here, whatever happened inside.
//!
//! It names the request (request id, trace), opens the span that everything inside belongs to, writes the body of errors
//! in the client's language, and adds the headers that no answer goes without.
//! A head that does not parse never gets here: actix answers it by itself, with a bare 400, or 408 when it takes too long.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse};
use mif_application::access::Actor;
use mif_application::audit::RecordDenial;
use mif_domain::users::Language;
use tracing::Instrument as _;

use crate::extract::{RequestContext, SignedIn};
use crate::problem::{ApiError, Code, MEDIA_TYPE};
use crate::trace::{CallersTrace, TraceIds, is_probe};
use crate::{ApiState, span};

/// The middleware.
pub(crate) async fn edge<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let Some(state) = request.app_data::<Data<ApiState>>().cloned() else {
        return Err(Code::Internal.into_error());
    };
    let arrived = state.core.clock.uptime();
    let _in_flight = InFlight::new();
    let method = request.method().clone();
    let is_docs = request.path().starts_with("/docs");
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let from_proxy = state.trusted_proxies.trusts(peer);
    let caller = CallersTrace::of(request.headers(), from_proxy);
    let trace = TraceIds::of(caller.as_ref(), &*state.core.entropy);
    let context = context(&request, peer, &state, &trace);
    let ahead = span::route_ahead(&request);
    let span = span::open(&request, &context, ahead.as_deref());
    let trace = trace.adopt(&span, caller, is_probe(ahead.as_deref()));
    let context = RequestContext { trace_id: trace.trace_id.clone(), ..context };
    if trace.sampled {
        span::describe(&span, &request, &context, from_proxy);
    }
    span.record("trace_id", trace.trace_id.as_str());
    span.record("span_id", trace.span_id.as_str());
    request.extensions_mut().insert(context.clone());

    let outcome = next.call(request).instrument(span.clone()).await;
    if let Ok(response) = &outcome
        && response.status() == StatusCode::FORBIDDEN
    {
        note_denial(&state, response.request(), &context).instrument(span.clone()).await;
    }
    let entered = span.enter();
    // Without a request at hand actix answers for us, with this very response.
    let mut finished = match outcome {
        Ok(response) => Ok(finish(response, &context)),
        Err(error) => Err(problem(&error.error_response(), &context)),
    };
    let headers = match &mut finished {
        Ok(response) => response.headers_mut(),
        Err(response) => response.headers_mut(),
    };
    add_headers(headers, &context, &trace, is_docs);
    let (status, route) = match &finished {
        Ok(response) => (response.status(), response.request().match_pattern()),
        // It ended before its answer could say which route it was.
        Err(response) => (response.status(), ahead.clone()),
    };
    let duration = state.core.clock.uptime().saturating_sub(arrived);
    if route != ahead {
        // Two templates fit the path, and the method chose the other.
        span.record("route", route.as_deref());
    }
    span::close(&span, &method, route.as_deref(), status, duration);
    measure(&method, route, status, duration);
    drop(entered);
    finished.map_err(|response| InternalError::from_response("the request failed outside a handler", response).into())
}

/// Counted from its head to the head of its answer, however it ends.
struct InFlight;

impl InFlight {
    fn new() -> Self {
        metrics::gauge!("http_requests_in_flight").increment(1.0);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        metrics::gauge!("http_requests_in_flight").decrement(1.0);
    }
}

/// Labels come from closed sets, or anybody could fill the memory with made-up paths and methods.
fn measure(method: &Method, route: Option<String>, status: StatusCode, duration: std::time::Duration) {
    let method = span::known_method(method).unwrap_or(span::OTHER_METHOD);
    let class = match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    let route = route.unwrap_or_else(|| "none".to_owned());
    metrics::histogram!("http_request_duration_seconds", "method" => method, "route" => route, "status" => class)
        .record(duration);
    if status == StatusCode::TOO_MANY_REQUESTS {
        metrics::counter!("http_rate_limited_total").increment(1);
    }
}

/// Notes what somebody who is signed in was denied. Here every 403 comes by, whatever denied it.
async fn note_denial(state: &ApiState, request: &HttpRequest, context: &RequestContext) {
    let Some(SignedIn(session)) = request.extensions().get::<SignedIn>().cloned() else { return };
    let denial = RecordDenial { method: request.method().to_string(), path: request.path().to_owned() };
    if let Err(error) = denial.run(&state.core, &Actor::new(session, context.info())).await {
        tracing::error!(%error, "a denial is missing in the audit trail");
    }
}

impl Code {
    pub(crate) fn into_error(self) -> Error {
        ApiError::from(self).into()
    }
}

fn context(request: &ServiceRequest, peer: IpAddr, state: &ApiState, trace: &TraceIds) -> RequestContext {
    let given = request.headers().get("x-request-id").and_then(|value| value.to_str().ok());
    let well_formed = |id: &&str| {
        (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    RequestContext {
        request_id: given.filter(well_formed).unwrap_or(&trace.trace_id).to_owned(),
        trace_id: trace.trace_id.clone(),
        language: language(request.headers()),
        client: state.trusted_proxies.client(peer, request.headers()),
    }
}

/// French, unless the client prefers English.
fn language(headers: &HeaderMap) -> Language {
    let Some(header) = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else {
        return Language::French;
    };
    let weight = |wanted: &str| {
        header
            .split(',')
            .filter_map(|range| {
                let (tag, parameters) = range.trim().split_once(';').unwrap_or((range.trim(), ""));
                let primary = tag.split('-').next().unwrap_or_default();
                let quality = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
                primary.eq_ignore_ascii_case(wanted).then_some(quality)
            })
            .fold(0.0_f32, f32::max)
    };
    if weight("en") > weight("fr") { Language::English } else { Language::French }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Gives errors their body. Those that have one in JSON stay as they are: replayed problems, and what `/ready` tells.
fn finish<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
    context: &RequestContext,
) -> ServiceResponse<EitherBody<B>> {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !is_error || kind.is_some_and(|kind| kind == MEDIA_TYPE || kind == "application/json") {
        return response.map_into_left_body();
    }
    let (request, response) = response.into_parts();
    let rendered = problem(&response, context);
    ServiceResponse::new(request, rendered).map_into_right_body()
}

fn problem<B>(response: &HttpResponse<B>, context: &RequestContext) -> HttpResponse<BoxBody> {
    let known = response.extensions().get::<ApiError>().cloned();
    let error = known.unwrap_or_else(|| ApiError::from(framework_code(response.status())));
    let mut rendered = HttpResponse::build(error.code.status());
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            rendered.append_header((name.clone(), value.clone()));
        }
    }
    rendered.content_type(MEDIA_TYPE).body(error.body(context.language, &context.trace_id))
}

/// What an error of the framework itself means.
fn framework_code(status: StatusCode) -> Code {
    match status {
        StatusCode::NOT_FOUND => Code::UnknownRoute,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        StatusCode::TOO_MANY_REQUESTS => Code::TooManyRequests,
        status if status.is_client_error() => Code::BadRequest,
        _ => Code::Internal,
    }
}

/// What every answer carries.
const ALWAYS: [(HeaderName, HeaderValue); 7] = [
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains; preload")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
    (
        header::PERMISSIONS_POLICY,
        HeaderValue::from_static("accelerometer=(), camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
    (header::CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin")),
];
const API_CSP: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
// Swagger UI styles elements in place; everything else comes from its own files.
const DOCS_CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

fn add_headers(headers: &mut HeaderMap, context: &RequestContext, trace: &TraceIds, is_docs: bool) {
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, if is_docs { DOCS_CSP } else { API_CSP });
    }
    if !varies_by_origin(headers) {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let traceparent = trace.traceparent();
    let named = [("x-request-id", context.request_id.as_str()), ("traceparent", traceparent.as_str())];
    for (name, value) in named {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

fn varies_by_origin(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::VARY).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|name| name.trim().eq_ignore_ascii_case("origin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(accept: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(accept).unwrap());
        language(&headers)
    }

    #[test]
    fn french_unless_english_is_preferred() {
        assert_eq!(language(&HeaderMap::new()), Language::French);
        assert_eq!(spoken("en"), Language::English);
        assert_eq!(spoken("en-GB,en;q=0.9"), Language::English);
        assert_eq!(spoken("fr-MA,fr;q=0.9,en;q=0.8"), Language::French);
        assert_eq!(spoken("de"), Language::French);
        assert_eq!(spoken("en;q=rubbish, ;;,,"), Language::French);
    }
}
