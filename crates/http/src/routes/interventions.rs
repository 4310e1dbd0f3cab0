//! `/interventions`.

use actix_web::web::Data;
use actix_web::{HttpRequest, get, patch, post};
use mif_application::equipment::GetEquipment;
use mif_application::interventions::{
    CreateIntervention, GetIntervention, InterventionWithSteps, ListInterventions, UpdateIntervention,
};
use mif_domain::equipment::EquipmentId;
use mif_domain::idempotency::StoredAnswer;
use mif_domain::interventions::InterventionId;
use mif_domain::queries::InterventionFilter;

use crate::ApiState;
use crate::answer::{Repetition, created_answer, resource};
use crate::extract::{Authenticated, Conditions, Id, IdempotencyHeader, Json, Query, RequestContext};
use crate::problem::ApiResult;
use crate::wire::interventions::{
    HistoryParams, InterventionDetail, InterventionListParams, InterventionNew, InterventionPatch, InterventionRead,
};
use crate::wire::paging::Paging;

/// List interventions
#[utoipa::path(
    operation_id = "listerInterventions", tag = "interventions", params(InterventionListParams),
    responses((status = 200, description = "A page of interventions", body = Vec<InterventionRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"), ("X-Total-Count" = i64, description = "With `total=true`"))))
)]
#[get("/interventions")]
pub(crate) async fn list(
    state: Data<ApiState>,
    actor: Authenticated,
    params: Query<InterventionListParams>,
    request: HttpRequest,
) -> ApiResult {
    listed(&state, &actor, &params.0, &request).await
}

/// Filter interventions
///
/// The same as the list, at the address that existing clients use.
#[utoipa::path(
    operation_id = "filtrerInterventions", tag = "interventions", params(InterventionListParams),
    responses((status = 200, description = "A page of interventions", body = Vec<InterventionRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"), ("X-Total-Count" = i64, description = "With `total=true`"))))
)]
#[get("/filters/interventions")]
pub(crate) async fn list_filtered(
    state: Data<ApiState>,
    actor: Authenticated,
    params: Query<InterventionListParams>,
    request: HttpRequest,
) -> ApiResult {
    listed(&state, &actor, &params.0, &request).await
}

async fn listed(
    state: &ApiState,
    actor: &Authenticated,
    params: &InterventionListParams,
    request: &HttpRequest,
) -> ApiResult {
    let now = state.core.clock.now();
    let filter = params.filter(now)?;
    let paging = Paging::read(request, &params.paging())?;
    let found = ListInterventions { filter, page: paging.request.clone() }.run(&state.core, actor).await?;
    Ok(paging.answer(&found, |view| InterventionRead::new(view, now)))
}

/// Read the work on a machine
///
/// What the caller may see of it, the newest first. A page is followed by `Link`.
#[utoipa::path(
    operation_id = "lireHistoriqueEquipement", tag = "equipements",
    params(("id" = i64, Path, description = "The machine"), HistoryParams),
    responses((status = 200, description = "A page of interventions, the newest first", body = Vec<InterventionRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"))), (status = 404, description = "`introuvable`"))
)]
#[get("/equipements/{id}/historique")]
pub(crate) async fn of_equipment(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    params: Query<HistoryParams>,
    request: HttpRequest,
) -> ApiResult {
    let equipment_id = EquipmentId(id.0);
    GetEquipment { id: equipment_id }.run(&state.core, &actor).await?;
    let filter = InterventionFilter { equipment_id: Some(equipment_id), ..InterventionFilter::default() };
    let paging = Paging::read(&request, &params.0.paging())?;
    let found = ListInterventions { filter, page: paging.request.clone() }.run(&state.core, &actor).await?;
    let now = state.core.clock.now();
    Ok(paging.answer(&found, |view| InterventionRead::new(view, now)))
}

/// Report an intervention
///
/// Dispatchers give it to anybody, a technician to nobody or themselves, a customer to nobody and on own machines only.
#[utoipa::path(
    operation_id = "creerIntervention", tag = "interventions", request_body = InterventionNew,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same body within 24 hours, the request gets the same answer")),
    responses((status = 201, description = "The intervention", body = InterventionDetail, headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "`creneau_occupe`, `requete_en_cours`"))
)]
#[post("/interventions")]
pub(crate) async fn create(
    state: Data<ApiState>,
    actor: Authenticated,
    context: RequestContext,
    key: IdempotencyHeader,
    body: Json<InterventionNew>,
) -> ApiResult {
    let (draft, technician_id, force) = body.value.parse()?;
    let now = state.core.clock.now();
    let render = move |made: &InterventionWithSteps| created(made, now);
    let repetition = Repetition { core: &state.core, actor: &actor, context: &context, key: &key, body: &body.raw };
    let create = CreateIntervention { draft, technician_id, force };
    repetition.once(&render, |once| create.run(&state.core, &actor, once)).await
}

fn created(made: &InterventionWithSteps, now: mif_domain::Instant) -> StoredAnswer {
    let intervention = &made.view.intervention;
    let location = format!("/api/v1/interventions/{}", intervention.id.0);
    created_answer(&location, intervention.version, &InterventionDetail::new(made, now))
}

/// Read an intervention
///
/// With the `actions` that the caller may take now.
#[utoipa::path(
    operation_id = "lireIntervention", tag = "interventions",
    params(("id" = i64, Path, description = "The intervention")),
    responses((status = 200, description = "The intervention", body = InterventionDetail, headers(("ETag" = String))),
        (status = 304, description = "Unchanged"), (status = 404, description = "`introuvable`"))
)]
#[get("/interventions/{id}")]
pub(crate) async fn read(state: Data<ApiState>, actor: Authenticated, id: Id, conditions: Conditions) -> ApiResult {
    let found = GetIntervention { id: InterventionId(id.0) }.run(&state.core, &actor).await?;
    let now = state.core.clock.now();
    Ok(resource(&conditions, found.view.intervention.version, &InterventionDetail::new(&found, now)))
}

/// Edit an intervention
///
/// A JSON merge patch (RFC 7396). State and technician change by actions, the time by `/creneau`.
#[utoipa::path(
    operation_id = "modifierIntervention", tag = "interventions",
    request_body(content((InterventionPatch = "application/json"), (InterventionPatch = "application/merge-patch+json"))),
    params(("id" = i64, Path, description = "The intervention"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The intervention", body = InterventionDetail, headers(("ETag" = String))),
        (status = 404, description = "`introuvable`"), (status = 409, description = "`intervention_archivee`, `intervention_non_terminee`"),
        (status = 412, description = "`version_perimee`"))
)]
#[patch("/interventions/{id}")]
pub(crate) async fn update(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    conditions: Conditions,
    body: Json<InterventionPatch>,
) -> ApiResult {
    let changes = body.value.parse()?;
    let update =
        UpdateIntervention { id: InterventionId(id.0), expected_version: conditions.expected_version, changes };
    let written = update.run(&state.core, &actor).await?;
    Ok(shown(&state, &written))
}

/// The intervention as it was written.
pub(super) fn shown(state: &ApiState, written: &InterventionWithSteps) -> actix_web::HttpResponse {
    let now = state.core.clock.now();
    let version = written.view.intervention.version;
    resource(&Conditions::default(), version, &InterventionDetail::new(written, now))
}
