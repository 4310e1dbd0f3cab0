//! The span of a request, and the line that tells how it ended.
//!
//! Fields stand on every log line of the request and in its trace; what only traces have a use for, under the names of
//! OpenTelemetry's conventions for HTTP servers, goes to the exported span alone.

use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode};
use opentelemetry::trace::{Status, TraceContextExt as _};
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::extract::RequestContext;

/// Opens it. Its `trace_id` and `span_id` are known a moment later, its `user_id` when somebody has shown who they are.
pub(crate) fn open(request: &ServiceRequest, context: &RequestContext, route: Option<&str>) -> Span {
    tracing::info_span!(
        "request",
        otel.kind = "server",
        http.request.method = %request.method(),
        url.path = %request.path(),
        request_id = %context.request_id,
        trace_id = Empty,
        span_id = Empty,
        route,
        user_id = Empty,
    )
}

/// The template that the path of a request belongs to, before it is routed: middleware out here runs first, and lines that
/// are written on the way carry it too. Slashes at the end go, as they will on the way.
pub(crate) fn route_ahead(request: &ServiceRequest) -> Option<String> {
    let path = request.path();
    let path = if path.starts_with("/api/") { path.trim_end_matches('/') } else { path };
    request.resource_map().match_pattern(path)
}

/// Tells how it ended.
pub(crate) fn close(span: &Span, method: &Method, route: Option<&str>, status: StatusCode, duration: Duration) {
    // The exporter has the span already, because its identity was asked for: renaming goes to the exported one.
    span.context().span().update_name(route.map_or_else(|| method.to_string(), |route| format!("{method} {route}")));
    span.set_attribute("http.route", route.unwrap_or_default().to_owned());
    // Spans know numbers as `i64` and would write any other kind down as text.
    let code = i64::from(status.as_u16());
    span.set_attribute("http.response.status_code", code);
    if status.is_server_error() {
        span.context().span().set_status(Status::error(""));
    }
    let duration_ms = duration.as_secs_f64() * 1000.0;
    // Reads that worked are the bulk and say little; they are logged at `debug`.
    if (method == Method::GET || method == Method::HEAD) && status.as_u16() < 400 {
        tracing::debug!(%method, status = code, duration_ms, "answered");
    } else {
        tracing::info!(%method, status = code, duration_ms, "answered");
    }
}
