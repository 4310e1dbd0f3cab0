//! What was measured, for Prometheus.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};

use crate::ApiState;
use crate::problem::{ApiResult, Code};

/// The text format of Prometheus, version 0.0.4.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Measurements
///
/// In the text format of Prometheus. When the server was given a token for it, only with `Authorization: Bearer`.
#[utoipa::path(operation_id = "lireMesures", tag = "sante", security(()),
    responses((status = 200, description = "Every family", body = String, content_type = "text/plain"),
        (status = 401, description = "`authentification_requise`"), (status = 404, description = "`route_inconnue`: nothing is measured")))]
#[get("/metrics")]
pub(crate) async fn metrics(state: Data<ApiState>, request: HttpRequest) -> ApiResult {
    measured(&state, &request)
}

/// Measurements
///
/// The same as `/metrics`.
#[utoipa::path(operation_id = "lireMesuresAlias", tag = "sante", security(()),
    responses((status = 200, description = "Every family", body = String, content_type = "text/plain"),
        (status = 401, description = "`authentification_requise`"), (status = 404, description = "`route_inconnue`: nothing is measured")))]
#[get("/api/v1/metrics")]
pub(crate) async fn metrics_alias(state: Data<ApiState>, request: HttpRequest) -> ApiResult {
    measured(&state, &request)
}

/// Measurements
///
/// The same as `/metrics`.
#[utoipa::path(operation_id = "lireMesuresSante", tag = "sante", security(()),
    responses((status = 200, description = "Every family", body = String, content_type = "text/plain"),
        (status = 401, description = "`authentification_requise`"), (status = 404, description = "`route_inconnue`: nothing is measured")))]
#[get("/api/v1/health/metrics")]
pub(crate) async fn health_metrics(state: Data<ApiState>, request: HttpRequest) -> ApiResult {
    measured(&state, &request)
}

fn measured(state: &ApiState, request: &HttpRequest) -> ApiResult {
    let page = state.metrics.as_ref().ok_or(Code::UnknownRoute)?;
    let presented = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if !page.admits(presented.and_then(|value| value.strip_prefix("Bearer "))) {
        return Err(Code::NotAuthenticated.into());
    }
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, TEXT)).body(page.render()))
}
