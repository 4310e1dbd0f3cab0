//! The headers that every answer carries. Whatever a test of this crate is answered passes [`check_policy`]; those below
//! make every route refuse and fail in every way, as the document has them.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use mif_http::{FloodGuard, FloodLimits};
use serde_json::json;

use crate::app::{Answer, App, Options, bearer};
use crate::broken::Broken;
use crate::documented::operations;

const ORIGIN: &str = "https://gmao.exemple.ma";
const PERMISSIONS: &str = "accelerometer=(), camera=(), geolocation=(), microphone=(), payment=(), usb=()";
const API_CSP: &str = "default-src 'none'; frame-ancestors 'none'";
const DOCUMENT_CSP: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// What every answer has.
#[track_caller]
pub(crate) fn check_policy(path: &str, answer: &Answer) {
    let place = format!("{path} -> {}", answer.status.as_u16());
    for (name, value) in [
        ("strict-transport-security", "max-age=63072000; includeSubDomains; preload"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("permissions-policy", PERMISSIONS),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name).as_deref(), Some(value), "{place}: {name}");
    }
    let content = answer.header("content-security-policy").unwrap_or_default();
    assert!(content.contains("default-src 'none'") && content.contains("frame-ancestors 'none'"), "{place}: {content}");
    let vary: Vec<_> = answer.headers.get_all("vary").map(|line| line.to_str().unwrap()).collect();
    assert!(vary.join(",").split(',').any(|name| name.trim().eq_ignore_ascii_case("origin")), "{place}: {vary:?}");
    if path.starts_with("/api/") || answer.status.as_u16() >= 400 {
        assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"), "{place}");
        // Opened in a browser all the same, a stored document runs nothing.
        let is_preflight = answer.header("access-control-allow-methods").is_some();
        let is_document = path.ends_with("/contenu") && answer.status.as_u16() < 400 && !is_preflight;
        let expected = if is_document { DOCUMENT_CSP } else { API_CSP };
        assert!(content == expected || path.starts_with("/docs"), "{place}: {content}");
    }
    for banner in ["server", "x-powered-by", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-whitelisted"] {
        assert_eq!(answer.header(banner), None, "{place}: {banner}");
    }
    assert!(answer.header("x-request-id").is_some() && answer.header("traceparent").is_some(), "{place}");
}

fn request(method: &str, path: &str) -> TestRequest {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    TestRequest::default()
        .method(method)
        .uri(&path.replace("{id}", "1").replace("{file}", "swagger-ui.css"))
        .insert_header(("origin", ORIGIN))
}

/// The application, and what it has answered.
struct Tried {
    app: App,
    token: String,
    seen: BTreeSet<u16>,
}

impl Tried {
    async fn start(guard: Option<FloodGuard>) -> Self {
        let origins = vec![ORIGIN.to_owned()];
        let app = App::start_with(Options { origins, guard, ..Options::default() }).await;
        let token = app.admin().await;
        Self { app, token, seen: BTreeSet::new() }
    }

    async fn send(&mut self, path: &str, request: TestRequest) -> u16 {
        let answer = self.app.send(request).await;
        assert_eq!(answer.header("access-control-allow-origin").as_deref(), Some(ORIGIN), "{path}");
        self.seen.insert(answer.status.as_u16());
        answer.status.as_u16()
    }

    async fn send_signed_in(&mut self, path: &str, request: impl Fn() -> TestRequest) {
        let status = self.send(path, bearer(request(), &self.token)).await;
        // Some of these routes end the session.
        if status == 401 || path.contains("auth") || path.contains("users") {
            self.token = self.app.sign_in("nadia").await.access;
        }
    }
}

#[actix_web::test]
async fn every_refusal_carries_the_policy() {
    let mut tried = Tried::start(None).await;
    for (path, method, _) in operations() {
        tried.send(path, request(method, path)).await;
        tried.send(path, bearer(request(method, path), "eyJhbGciOiJub25lIn0.e30.")).await;
        for other in ["put", "patch", "delete", "post", "get"] {
            if operations().iter().all(|(known, with, _)| (*known, *with) != (path, other)) {
                let (app, token) = (&tried.app, tried.token.clone());
                let answer = app.send(bearer(request(other, path), &token)).await;
                tried.seen.insert(answer.status.as_u16());
            }
        }
        if method == "get" || method == "delete" {
            continue;
        }
        let plain = || request(method, path).insert_header(("content-type", "text/plain")).set_payload("x");
        tried.send_signed_in(path, plain).await;
        let json = ("content-type", "application/json");
        let large = || request(method, path).insert_header(json).set_payload(format!("\"{}\"", "x".repeat(70_000)));
        tried.send_signed_in(path, large).await;
    }
    tried.send("/nulle-part", request("get", "/nulle-part")).await;
    tried.send("/api/v1/nulle-part", request("get", "/api/v1/nulle-part")).await;
    for status in [401, 404, 405, 413, 415] {
        assert!(tried.seen.contains(&status), "{status} was never answered: {:?}", tried.seen);
    }
}

#[actix_web::test]
async fn every_refusal_of_the_flood_guard_carries_the_policy() {
    let limits = FloodLimits { burst: 1000, per_second: 1000, per_address_per_minute: 2 };
    let mut tried = Tried::start(FloodGuard::new(limits)).await;
    // One was the sign-in; this is the other.
    tried.send("/api/v1/auth/me", request("get", "/api/v1/auth/me")).await;
    for (path, method, _) in operations() {
        // Probes are not counted, and neither is whoever measures.
        let uncounted = ["/api/v1/health", "/api/v1/metrics", "/api/v1/health/metrics"];
        if !path.starts_with("/api/v1/") || uncounted.contains(&path) {
            continue;
        }
        let answer = tried.app.send(request(method, path)).await.expect_problem(429, "trop_de_requetes");
        for name in ["retry-after", "ratelimit", "ratelimit-policy", "access-control-allow-origin"] {
            assert!(answer.header(name).is_some(), "{path}: {name}");
        }
    }
}

async fn broken() -> App {
    let origins = vec![ORIGIN.to_owned()];
    App::start_with(Options { queries: Some(Arc::new(Broken)), origins, ..Options::default() }).await
}

/// The page that called must be able to read what went wrong, even when a handler panicked or never ended.
fn check_fault(path: &str, answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin").as_deref(), Some(ORIGIN), "{path}");
}

#[actix_web::test]
async fn our_own_faults_carry_the_policy() {
    let app = broken().await;
    let token = app.admin().await;
    let mut seen = BTreeSet::new();
    for path in ["/api/v1/equipements/1", "/api/v1/equipements", "/api/v1/users/1", "/api/v1/documents/1"] {
        let answer = app.send(bearer(request("get", path), &token)).await;
        check_fault(path, &answer);
        seen.insert(answer.status.as_u16());
    }
    assert_eq!(seen, BTreeSet::from([500, 503]));
}

#[actix_web::test]
async fn a_handler_that_never_ends_is_ended_with_the_policy() {
    let app = broken().await;
    let token = app.admin().await;
    // Remembers the session: with the clock stopped, a wait for the database would pass in no time.
    app.get("/api/v1/auth/me", &token).await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let asked = bearer(request("get", "/api/v1/clients"), &token);
    let answer = app.send(asked).await.expect_problem(503, "service_indisponible");
    assert_eq!(began.elapsed().as_secs(), 30);
    check_fault("/api/v1/clients", &answer);
    assert!(answer.header("retry-after").is_some());
}

#[actix_web::test]
async fn a_preflight_is_answered_on_every_route_and_never_counted() {
    let limits = FloodLimits { burst: 1, per_second: 1, per_address_per_minute: 1 };
    let tried = Tried::start(FloodGuard::new(limits)).await;
    for (path, method, _) in operations() {
        let asked = request("options", path)
            .insert_header(("access-control-request-method", method.to_uppercase()))
            .insert_header(("access-control-request-headers", "authorization,content-type,if-match,idempotency-key"));
        let answer = tried.app.send(asked).await.expect(200);
        let allowed = answer.header("access-control-allow-methods").unwrap_or_default();
        assert!(allowed.contains(&method.to_uppercase()), "{path}: {allowed}");
        let allowed = answer.header("access-control-allow-headers").unwrap_or_default().to_lowercase();
        for name in ["authorization", "content-type", "if-match", "idempotency-key"] {
            assert!(allowed.contains(name), "{path}: {allowed}");
        }
        assert_eq!(answer.header("ratelimit"), None, "{path}: it was counted");
    }
    let stranger = TestRequest::default()
        .method(Method::OPTIONS)
        .uri("/api/v1/equipements")
        .insert_header(("origin", "https://mal.exemple"))
        .insert_header(("access-control-request-method", "DELETE"));
    let answer = tried.app.send(stranger).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[actix_web::test]
async fn without_allowed_origins_nobody_is_told_anything() {
    let app = App::start().await;
    for path in ["/api/v1/auth/me", "/live", "/nulle-part"] {
        let answer = app.send(request("get", path)).await;
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{path}");
    }
    app.send(request("post", "/api/v1/auth/login").set_json(json!({}))).await;
}
