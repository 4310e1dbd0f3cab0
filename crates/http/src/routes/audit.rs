//! `/audit`: for administrators.

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use mif_application::audit::{ListAudit, ReadCheckpoint};

use crate::ApiState;
use crate::answer::json;
use crate::extract::{Authenticated, Query};
use crate::problem::ApiResult;
use crate::wire::audit::{AuditListParams, AuditRead, CheckpointRead};
use crate::wire::paging::Paging;

/// List the audit trail
#[utoipa::path(
    operation_id = "listerAudit", tag = "audit", params(AuditListParams),
    responses((status = 200, description = "A page of events", body = Vec<AuditRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"), ("X-Total-Count" = i64, description = "With `total=true`"))))
)]
#[get("/audit")]
pub(crate) async fn list(
    state: Data<ApiState>,
    actor: Authenticated,
    params: Query<AuditListParams>,
    request: HttpRequest,
) -> ApiResult {
    let filter = params.0.filter()?;
    let paging = Paging::read(&request, &params.0.paging())?;
    let entries = ListAudit { filter, page: paging.request.clone() }.run(&state.core, &actor).await?;
    Ok(paging.answer(&entries, AuditRead::from))
}

/// Read the newest checkpoint of the audit trail
///
/// Keep it elsewhere: `mif audit verify --against` finds what was changed in anything that it covers.
#[utoipa::path(
    operation_id = "lirePointDeControleAudit", tag = "audit",
    responses((status = 200, description = "The newest checkpoint", body = CheckpointRead),
        (status = 404, description = "`introuvable`: there is none yet"))
)]
#[get("/audit/checkpoint")]
pub(crate) async fn checkpoint(state: Data<ApiState>, actor: Authenticated) -> ApiResult {
    Ok(json(&CheckpointRead::from(ReadCheckpoint.run(&state.core, &actor).await?)))
}
