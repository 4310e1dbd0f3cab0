//! Is it alive, may it get requests, how is it.

use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, get};
use mif_application::operations::Health;
use mif_domain::documents::{ScannerHealth, StoreHealth};
use mif_domain::queries::DatabaseHealth;
use mif_domain::users::Role;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ApiState;
use crate::answer::json;
use crate::extract::Authenticated;
use crate::wire::moment::Moment;

/// A state in one word.
#[derive(Serialize, ToSchema)]
#[schema(as = Etat, example = json!({"status": "ok"}))]
pub(crate) struct Status {
    status: &'static str,
}

/// What keeps the server from serving.
#[derive(Serialize, ToSchema)]
#[schema(as = EtatDisponibilite, example = json!({"status": "ready", "database": "ready", "keys": "ready"}))]
pub(crate) struct Readiness {
    /// `ready`, `unavailable` or `draining`.
    status: &'static str,
    /// `ready`, `outdated` (migrations are pending) or `unreachable`.
    database: &'static str,
    /// `ready` or `missing`: whether access tokens can be verified.
    keys: &'static str,
}

/// How the server is. `detail` is for administrators.
#[derive(Serialize, ToSchema)]
#[schema(as = Sante, example = json!({
    "status": "ok", "version": "0.1.0", "database": "ready", "keys": "ready", "storage": "up", "scanner": "up", "outbox": "ok"
}))]
pub(crate) struct HealthRead {
    /// `ok` or `degraded`.
    status: &'static str,
    version: &'static str,
    database: &'static str,
    keys: &'static str,
    /// Where documents are kept: `up`, `down`, or `unknown` right after the start.
    storage: &'static str,
    /// The virus scanner: `up`, `down`, `off`, or `unknown` right after the start.
    scanner: &'static str,
    /// What must happen after a request: `ok`, `failing` when something was given up, or `unknown`.
    outbox: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<HealthDetail>,
}

/// What administrators see besides.
#[derive(Serialize, ToSchema)]
#[schema(as = SanteDetail, example = json!({
    "storage_reason": null, "storage_free_bytes": 53_687_091_200_u64, "scanner_version": "ClamAV 1.4.3/27800",
    "scanner_reason": null, "outbox_pending": 0, "outbox_failed": 0, "outbox_oldest_due_at": null
}))]
pub(crate) struct HealthDetail {
    /// Why the store is down.
    storage_reason: Option<String>,
    /// Room left, where the store knows.
    storage_free_bytes: Option<u64>,
    /// Engine and signatures.
    scanner_version: Option<String>,
    /// Why the scanner is down.
    scanner_reason: Option<String>,
    /// Messages that will still be tried.
    outbox_pending: Option<u64>,
    /// Messages that were given up.
    outbox_failed: Option<u64>,
    /// Since when the oldest pending one has been due.
    outbox_oldest_due_at: Option<Moment>,
}

/// Alive
///
/// 200 as long as the process answers at all.
#[utoipa::path(operation_id = "vivant", tag = "sante", security(()), responses((status = 200, description = "Alive", body = Status)))]
#[get("/live")]
pub(crate) async fn live() -> HttpResponse {
    json(&Status { status: "ok" })
}

/// Alive
///
/// The same as `/live`.
#[utoipa::path(operation_id = "vivantAlias", tag = "sante", security(()), responses((status = 200, description = "Alive", body = Status)))]
#[get("/liveness")]
pub(crate) async fn liveness() -> HttpResponse {
    json(&Status { status: "ok" })
}

/// Ready
///
/// 503 while the database, its migrations or the keys are not usable, and while the server is going down.
#[utoipa::path(operation_id = "pret", tag = "sante", security(()),
    responses((status = 200, description = "Ready", body = Readiness), (status = 503, description = "Not ready", body = Readiness)))]
#[get("/ready")]
pub(crate) async fn ready(state: Data<ApiState>) -> HttpResponse {
    readiness(&state).await
}

/// Ready
///
/// The same as `/ready`.
#[utoipa::path(operation_id = "pretAlias", tag = "sante", security(()),
    responses((status = 200, description = "Ready", body = Readiness), (status = 503, description = "Not ready", body = Readiness)))]
#[get("/readiness")]
pub(crate) async fn readiness_alias(state: Data<ApiState>) -> HttpResponse {
    readiness(&state).await
}

async fn readiness(state: &ApiState) -> HttpResponse {
    let (database, keys) = parts(state).await;
    let (status, code) = match (state.lifecycle.is_draining(), database, keys) {
        (true, _, _) => ("draining", StatusCode::SERVICE_UNAVAILABLE),
        (false, "ready", "ready") => ("ready", StatusCode::OK),
        _ => ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
    };
    HttpResponse::build(code).json(Readiness { status, database, keys })
}

/// Health
///
/// Always 200: what is degraded is named, and the server goes on.
#[utoipa::path(operation_id = "sante", tag = "sante", security(()), responses((status = 200, description = "How the server is", body = HealthRead)))]
#[get("/health")]
pub(crate) async fn health(state: Data<ApiState>, request: HttpRequest) -> HttpResponse {
    report(&state, &request).await
}

/// Health
///
/// The same as `/health`.
#[utoipa::path(operation_id = "santeAlias", tag = "sante", security(()), responses((status = 200, description = "How the server is", body = HealthRead)))]
#[get("/api/v1/health")]
pub(crate) async fn health_alias(state: Data<ApiState>, request: HttpRequest) -> HttpResponse {
    report(&state, &request).await
}

async fn report(state: &ApiState, request: &HttpRequest) -> HttpResponse {
    let (database, keys) = parts(state).await;
    let board = state.health.read();
    let storage = board.as_ref().map_or("unknown", |seen| match seen.storage {
        StoreHealth::Up { .. } => "up",
        StoreHealth::Down { .. } => "down",
    });
    let scanner = board.as_ref().map_or("unknown", |seen| match seen.scanner {
        ScannerHealth::Up { .. } => "up",
        ScannerHealth::Down { .. } => "down",
        ScannerHealth::Off => "off",
    });
    let outbox = board.as_ref().and_then(|seen| seen.outbox);
    let outbox = outbox.map_or("unknown", |outbox| if outbox.failed > 0 { "failing" } else { "ok" });
    let well = (database, keys) == ("ready", "ready") && storage != "down" && scanner != "down" && outbox != "failing";
    let status = if well { "ok" } else { "degraded" };
    let detail = match board {
        Some(seen) if is_admin(request).await => Some(detail(seen)),
        _ => None,
    };
    json(&HealthRead { status, version: state.version, database, keys, storage, scanner, outbox, detail })
}

/// Whoever is no administrator, or nobody, sees the words alone.
async fn is_admin(request: &HttpRequest) -> bool {
    if !request.headers().contains_key(header::AUTHORIZATION) {
        return false;
    }
    Authenticated::extract(request).await.is_ok_and(|actor| actor.role() == Role::Admin)
}

fn detail(seen: Health) -> HealthDetail {
    let (storage_reason, storage_free_bytes) = match seen.storage {
        StoreHealth::Up { free_bytes } => (None, free_bytes),
        StoreHealth::Down { reason } => (Some(reason), None),
    };
    let (scanner_version, scanner_reason) = match seen.scanner {
        ScannerHealth::Up { version } => (Some(version), None),
        ScannerHealth::Down { reason } => (None, Some(reason)),
        ScannerHealth::Off => (None, None),
    };
    HealthDetail {
        storage_reason,
        storage_free_bytes,
        scanner_version,
        scanner_reason,
        outbox_pending: seen.outbox.map(|outbox| outbox.pending),
        outbox_failed: seen.outbox.map(|outbox| outbox.failed),
        outbox_oldest_due_at: seen.outbox.and_then(|outbox| outbox.oldest_due_at).map(Moment::from),
    }
}

async fn parts(state: &ApiState) -> (&'static str, &'static str) {
    let database = match state.probe.probe().await {
        DatabaseHealth::Ready => "ready",
        DatabaseHealth::Outdated => "outdated",
        DatabaseHealth::Unreachable => "unreachable",
    };
    let keys = if state.core.access_tokens.public_keys().is_empty() { "missing" } else { "ready" };
    (database, keys)
}
