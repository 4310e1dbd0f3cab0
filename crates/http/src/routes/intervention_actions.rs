//! What can be done to an intervention: steps, planning, comments.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use mif_application::interventions::{
    AddComment, AssignIntervention, GetHistory, MoveSlot, StepOrTarget, SuggestTechnicians, TakeIntervention, TakeStep,
};
use mif_domain::interventions::InterventionId;
use mif_domain::technicians::TechnicianId;
use mif_domain::text::Paragraph;

use super::interventions::shown;
use crate::ApiState;
use crate::answer::json;
use crate::extract::{Authenticated, Conditions, Id, Json, OptionalJson, Query, RequestContext};
use crate::problem::{ApiError, ApiResult, FieldErrors, FieldProblem};
use crate::wire::history::{CandidateRead, HistoryRead};
use crate::wire::interventions::{
    Assignment, CommentNew, InterventionDetail, SlotChange, StatusChange, StatusParams, slot,
};

/// Take a step of the life cycle
///
/// By the state that it leads to, from JSON or, for existing clients, from the address.
#[utoipa::path(
    operation_id = "changerStatutIntervention", tag = "interventions", request_body = StatusChange,
    params(("id" = i64, Path, description = "The intervention"), ("If-Match" = Option<String>, Header, description = "The ETag that was read"), StatusParams),
    responses((status = 200, description = "The intervention", body = InterventionDetail, headers(("ETag" = String))),
        (status = 404, description = "`introuvable`"), (status = 409, description = "`transition_interdite`, with `statut_actuel` and `actions`"),
        (status = 412, description = "`version_perimee`"))
)]
#[patch("/interventions/{id}/statut")]
pub(crate) async fn change_status(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    conditions: Conditions,
    params: Query<StatusParams>,
    body: OptionalJson<StatusChange>,
) -> ApiResult {
    let mut change = body.0;
    change.remarque = change.remarque.or(params.0.remarque);
    let target = change.statut.or(params.0.statut);
    let target = target.ok_or_else(|| ApiError::field("statut", FieldProblem::Missing))?;
    let mut errors = FieldErrors::default();
    let remark = change.remark(&mut errors);
    let closing = change.closing(&mut errors);
    errors.finish()?;
    let step = TakeStep {
        id: InterventionId(id.0),
        expected_version: conditions.expected_version,
        wanted: StepOrTarget::Target(target.into()),
        remark,
        internal: change.interne,
        closing,
    };
    let written = step.run(&state.core, &actor).await?;
    Ok(shown(&state, &written))
}

/// Give an intervention to a technician
#[utoipa::path(
    operation_id = "affecterIntervention", tag = "interventions", request_body = Assignment,
    params(("id" = i64, Path, description = "The intervention"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The intervention", body = InterventionDetail, headers(("ETag" = String))),
        (status = 404, description = "`introuvable`"), (status = 409, description = "`transition_interdite`, `creneau_occupe`"),
        (status = 412, description = "`version_perimee`"))
)]
#[post("/interventions/{id}/affecter")]
pub(crate) async fn assign(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    conditions: Conditions,
    body: Json<Assignment>,
) -> ApiResult {
    let assign = AssignIntervention {
        id: InterventionId(id.0),
        expected_version: conditions.expected_version,
        technician_id: TechnicianId(body.value.technicien_id),
        force: body.value.forcer.unwrap_or(false),
    };
    let written = assign.run(&state.core, &actor).await?;
    Ok(shown(&state, &written))
}

/// Take an intervention oneself
///
/// For technicians, while it is given to nobody. Of two who reach for it, one gets it.
#[utoipa::path(
    operation_id = "prendreIntervention", tag = "interventions",
    params(("id" = i64, Path, description = "The intervention"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The intervention", body = InterventionDetail, headers(("ETag" = String))),
        (status = 404, description = "`introuvable`"), (status = 409, description = "`transition_interdite`, `creneau_occupe`"),
        (status = 412, description = "`version_perimee`"))
)]
#[post("/interventions/{id}/prendre")]
pub(crate) async fn take(state: Data<ApiState>, actor: Authenticated, id: Id, conditions: Conditions) -> ApiResult {
    let take = TakeIntervention { id: InterventionId(id.0), expected_version: conditions.expected_version };
    let written = take.run(&state.core, &actor).await?;
    Ok(shown(&state, &written))
}

/// Plan an intervention
///
/// Drag and drop. An overlap with other work of the technician is refused unless `forcer`.
#[utoipa::path(
    operation_id = "planifierIntervention", tag = "interventions", request_body = SlotChange,
    params(("id" = i64, Path, description = "The intervention"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The intervention", body = InterventionDetail, headers(("ETag" = String))),
        (status = 404, description = "`introuvable`"), (status = 409, description = "`transition_interdite`, `creneau_occupe`"),
        (status = 412, description = "`version_perimee`"))
)]
#[patch("/interventions/{id}/creneau")]
pub(crate) async fn plan(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    conditions: Conditions,
    body: Json<SlotChange>,
) -> ApiResult {
    let mut errors = FieldErrors::default();
    let slot = slot(&mut errors, body.value.debut_prevu, body.value.fin_prevue);
    errors.finish()?;
    let change = MoveSlot {
        id: InterventionId(id.0),
        expected_version: conditions.expected_version,
        slot,
        force: body.value.forcer.unwrap_or(false),
    };
    let written = change.run(&state.core, &actor).await?;
    Ok(shown(&state, &written))
}

/// Read the history
///
/// Customers do not see what is internal.
#[utoipa::path(
    operation_id = "lireHistoriqueIntervention", tag = "interventions",
    params(("id" = i64, Path, description = "The intervention")),
    responses((status = 200, description = "What happened, in order", body = Vec<HistoryRead>), (status = 404, description = "`introuvable`"))
)]
#[get("/interventions/{id}/historique")]
pub(crate) async fn history(state: Data<ApiState>, actor: Authenticated, id: Id) -> ApiResult {
    let entries = GetHistory { id: InterventionId(id.0) }.run(&state.core, &actor).await?;
    let entries: Vec<_> = entries.iter().map(HistoryRead::from).collect();
    Ok(json(&entries))
}

/// Comment
#[utoipa::path(
    operation_id = "commenterIntervention", tag = "interventions", request_body = CommentNew,
    params(("id" = i64, Path, description = "The intervention")),
    responses((status = 204, description = "The comment stands in the history"), (status = 404, description = "`introuvable`"),
        (status = 409, description = "`intervention_archivee`"))
)]
#[post("/interventions/{id}/commentaires")]
pub(crate) async fn comment(state: Data<ApiState>, actor: Authenticated, id: Id, body: Json<CommentNew>) -> ApiResult {
    let mut errors = FieldErrors::default();
    let text = errors.check("commentaire", Paragraph::parse(&body.value.commentaire));
    let text = errors.finish_with(text)?;
    AddComment { id: InterventionId(id.0), text, internal: body.value.interne }.run(&state.core, &actor).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Suggest technicians
///
/// The best first, with the reasons.
#[utoipa::path(
    operation_id = "suggererTechniciens", tag = "interventions",
    params(("id" = i64, Path, description = "The intervention")),
    responses((status = 200, description = "Technicians who take work, the best first", body = Vec<CandidateRead>),
        (status = 404, description = "`introuvable`"))
)]
#[get("/interventions/{id}/candidats")]
pub(crate) async fn candidates(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    context: RequestContext,
) -> ApiResult {
    let ranked = SuggestTechnicians { id: InterventionId(id.0) }.run(&state.core, &actor).await?;
    let ranked: Vec<_> = ranked.into_iter().map(|ranked| CandidateRead::new(ranked, context.language)).collect();
    Ok(json(&ranked))
}
