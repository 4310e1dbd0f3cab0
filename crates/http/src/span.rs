//! The span of a request, and the line that tells how it ended.
//!
//! Fields stand on every log line of the request and in its trace; what only traces have a use for, under the names of
//! OpenTelemetry's conventions for HTTP servers, goes to the exported span alone.

use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Status, TraceContextExt as _};
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::extract::RequestContext;

/// Opens it. Its `trace_id` and `span_id` are known a moment later, its `user_id` when somebody has shown who they are.
pub(crate) fn open(request: &ServiceRequest, context: &RequestContext, route: Option<&str>) -> Span {
    let method = request.method();
    let known = known_method(method);
    // At the highest level, so that lines keep it whatever a filter leaves of them: `warn` alone still tells whose they are.
    tracing::error_span!(
        "request",
        otel.kind = "server",
        http.request.method = known.unwrap_or(OTHER_METHOD),
        http.request.method_original = known.is_none().then(|| tracing::field::display(method)),
        url.path = %request.path(),
        request_id = %context.request_id,
        trace_id = Empty,
        span_id = Empty,
        route,
        user_id = Empty,
    )
}

/// More of what a client calls itself says nothing.
const USER_AGENT: usize = 256;

/// Adds what only somebody who looks at the trace wants to know about the request: for spans that are exported.
pub(crate) fn describe(span: &Span, request: &ServiceRequest, context: &RequestContext, from_proxy: bool) {
    let tls = request.app_config().secure() || from_proxy && came_by_tls(request.headers());
    span.set_attribute("url.scheme", if tls { "https" } else { "http" });
    span.set_attribute("client.address", context.client.to_string());
    let local = request.app_config().local_addr();
    span.set_attribute("server.address", local.ip().to_string());
    span.set_attribute("server.port", i64::from(local.port()));
    let version = format!("{:?}", request.version());
    span.set_attribute("network.protocol.version", version.trim_start_matches("HTTP/").to_owned());
    if let Some(agent) = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()) {
        span.set_attribute("user_agent.original", agent.chars().take(USER_AGENT).collect::<String>());
    }
}

/// What stands for a method that nobody knows. Anybody can make those up, and names and labels are to stay few.
pub(crate) const OTHER_METHOD: &str = "_OTHER";

/// The name of a method that HTTP knows.
pub(crate) fn known_method(method: &Method) -> Option<&'static str> {
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]
        .into_iter()
        .find(|known| method == known)
}

/// What the proxy that we speak with says about its own client: it writes the last of several.
fn came_by_tls(headers: &HeaderMap) -> bool {
    let told = headers.get_all("x-forwarded-proto").last().and_then(|line| line.to_str().ok());
    told.and_then(|line| line.rsplit(',').next()).is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
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
    // Spans know numbers as `i64` and would write any other kind down as text.
    let code = i64::from(status.as_u16());
    // The exporter has the span already, because its identity was asked for: what goes on it goes to the exported one.
    let context = span.context();
    let exported = context.span();
    if exported.span_context().is_sampled() {
        let name = known_method(method).unwrap_or("HTTP");
        exported.update_name(route.map_or_else(|| name.to_owned(), |route| format!("{name} {route}")));
        if let Some(route) = route {
            exported.set_attribute(KeyValue::new("http.route", route.to_owned()));
        }
        exported.set_attribute(KeyValue::new("http.response.status_code", code));
        if status.is_server_error() {
            exported.set_status(Status::error(""));
            exported.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
        }
    }
    let duration_ms = duration.as_secs_f64() * 1000.0;
    // Reads that worked are the bulk and say little; they are logged at `debug`.
    if (method == Method::GET || method == Method::HEAD) && status.as_u16() < 400 {
        tracing::debug!(%method, status = code, duration_ms, "answered");
    } else {
        tracing::info!(%method, status = code, duration_ms, "answered");
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn the_last_proxy_says_what_the_client_spoke() {
        let told = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(HeaderName::from_static("x-forwarded-proto"), HeaderValue::from_static(line));
            }
            came_by_tls(&headers)
        };
        assert!(told(&["https"]) && told(&["http", "HTTPS"]) && told(&["http, https "]));
        assert!(!told(&[]) && !told(&["http"]) && !told(&["https", "http"]) && !told(&["https, wss"]));
    }
}
