//! Is it alive, may it get requests, how is it.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use mif_domain::queries::DatabaseHealth;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ApiState;
use crate::answer::json;

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

/// How the server is.
#[derive(Serialize, ToSchema)]
#[schema(as = Sante, example = json!({"status": "ok", "version": "0.1.0", "database": "ready", "keys": "ready"}))]
pub(crate) struct Health {
    /// `ok` or `degraded`.
    status: &'static str,
    version: &'static str,
    database: &'static str,
    keys: &'static str,
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
#[utoipa::path(operation_id = "sante", tag = "sante", security(()), responses((status = 200, description = "How the server is", body = Health)))]
#[get("/health")]
pub(crate) async fn health(state: Data<ApiState>) -> HttpResponse {
    report(&state).await
}

/// Health
///
/// The same as `/health`.
#[utoipa::path(operation_id = "santeAlias", tag = "sante", security(()), responses((status = 200, description = "How the server is", body = Health)))]
#[get("/api/v1/health")]
pub(crate) async fn health_alias(state: Data<ApiState>) -> HttpResponse {
    report(&state).await
}

async fn report(state: &ApiState) -> HttpResponse {
    let (database, keys) = parts(state).await;
    let status = if (database, keys) == ("ready", "ready") { "ok" } else { "degraded" };
    json(&Health { status, version: state.version, database, keys })
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
