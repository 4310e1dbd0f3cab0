//! Is it alive, may it get requests, how is it.

use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, get};
use mif_application::access::{Action, policy};
use mif_application::operations::{Health, OutboxHealth};
use mif_domain::documents::{ScannerHealth, StoreHealth};
use mif_domain::mail::MailerHealth;
use mif_domain::queries::DatabaseHealth;
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
    /// `ready` or `missing`: whether access tokens can be signed.
    keys: &'static str,
}

/// How the server is. `detail` is for administrators.
#[derive(Serialize, ToSchema)]
#[schema(as = Sante, example = json!({
    "status": "ok", "version": "0.1.0", "database": "ready", "keys": "ready", "storage": "up", "scanner": "up",
    "mail": "up", "outbox": "ok"
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
    /// The mail server: `up`, `down` when several letters in a row did not get there, `log` when there is none, or `unknown`.
    mail: &'static str,
    /// What must happen after a request: `ok`, `late` when something has waited for ten minutes, `failing` when something was
    /// given up, or `unknown`.
    outbox: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<HealthDetail>,
}

/// What administrators see besides.
#[derive(Serialize, ToSchema)]
#[schema(as = SanteDetail, example = json!({
    "pool_max": 20, "pool_open": 6, "pool_idle": 5, "pool_waiting": 0, "migrations_pending": 0, "storage_reason": null, "storage_free_bytes": 53_687_091_200_u64,
    "data_free_bytes": 21_474_836_480_u64, "scanner_version": "ClamAV 1.4.3/27800",
    "scanner_reason": null, "outbox_pending": 0, "outbox_failed": 0, "outbox_oldest_at": null
}))]
pub(crate) struct HealthDetail {
    /// The most connections to the database that this process may open.
    pool_max: u32,
    /// Those that are open.
    pool_open: u32,
    /// Those of them that nobody uses.
    pool_idle: u32,
    /// Who waits for one.
    pool_waiting: u32,
    /// Migrations that the database still needs, where it answers.
    migrations_pending: Option<usize>,
    /// Why the store is down.
    storage_reason: Option<String>,
    /// Room left, where the store knows.
    storage_free_bytes: Option<u64>,
    /// Room left in the folder of the server's own files: its database, where that is SQLite, and the checkpoints.
    data_free_bytes: Option<u64>,
    /// Engine and signatures.
    scanner_version: Option<String>,
    /// Why the scanner is down.
    scanner_reason: Option<String>,
    /// Messages that will still be tried.
    outbox_pending: Option<u64>,
    /// Messages that were given up.
    outbox_failed: Option<u64>,
    /// When the oldest pending one was written.
    outbox_oldest_at: Option<Moment>,
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
    let (database, can_sign) = (state.probe.probe().await, can_sign(state));
    let (status, code) = match (state.lifecycle.is_draining(), database, can_sign) {
        (true, _, _) => ("draining", StatusCode::SERVICE_UNAVAILABLE),
        (false, DatabaseHealth::Ready, true) => ("ready", StatusCode::OK),
        _ => ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
    };
    HttpResponse::build(code).json(Readiness { status, database: of_database(database), keys: of_keys(can_sign) })
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
    let (database, can_sign) = (state.probe.probe().await, can_sign(state));
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
    let mail = board.as_ref().map_or("unknown", |seen| match seen.mail {
        MailerHealth::Up => "up",
        MailerHealth::Down => "down",
        MailerHealth::Log => "log",
    });
    let outbox = board.as_ref().map_or("unknown", |seen| match seen.outbox {
        OutboxHealth::Ok => "ok",
        OutboxHealth::Late => "late",
        OutboxHealth::Failing => "failing",
        OutboxHealth::Unknown => "unknown",
    });
    let well = database == DatabaseHealth::Ready && can_sign && board.as_ref().is_none_or(Health::is_good);
    let status = if well { "ok" } else { "degraded" };
    let detail = match board {
        // Without the database nobody can be known: whoever asks then should not wait to be told so.
        Some(seen) if database != DatabaseHealth::Unreachable && may_see_detail(request).await => Some(detail(seen)),
        _ => None,
    };
    let (version, database, keys) = (state.version, of_database(database), of_keys(can_sign));
    json(&HealthRead { status, version, database, keys, storage, scanner, mail, outbox, detail })
}

/// Whoever is no administrator, or nobody, sees the words alone.
async fn may_see_detail(request: &HttpRequest) -> bool {
    if !request.headers().contains_key(header::AUTHORIZATION) {
        return false;
    }
    let actor = Authenticated::extract(request).await;
    actor.is_ok_and(|actor| policy::permit(&actor, Action::ViewOperations).is_ok())
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
    let migrations_pending = match seen.database {
        DatabaseHealth::Ready => Some(0),
        DatabaseHealth::Outdated(pending) => Some(pending),
        DatabaseHealth::Unreachable => None,
    };
    HealthDetail {
        pool_max: seen.pool.max,
        pool_open: seen.pool.open,
        pool_idle: seen.pool.idle,
        pool_waiting: seen.pool.waiting,
        migrations_pending,
        storage_reason,
        storage_free_bytes,
        data_free_bytes: seen.data_free_bytes,
        scanner_version,
        scanner_reason,
        outbox_pending: seen.waiting.map(|waiting| waiting.pending),
        outbox_failed: seen.waiting.map(|waiting| waiting.failed),
        outbox_oldest_at: seen.waiting.and_then(|waiting| waiting.oldest_at).map(Moment::from),
    }
}

fn can_sign(state: &ApiState) -> bool {
    state.core.access_tokens.can_sign(state.core.clock.now())
}

const fn of_keys(can_sign: bool) -> &'static str {
    if can_sign { "ready" } else { "missing" }
}

const fn of_database(state: DatabaseHealth) -> &'static str {
    match state {
        DatabaseHealth::Ready => "ready",
        DatabaseHealth::Outdated(_) => "outdated",
        DatabaseHealth::Unreachable => "unreachable",
    }
}
