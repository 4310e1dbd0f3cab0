//! `/techniciens`, and the skills below it.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};
use mif_application::technicians::{
    ArchiveTechnician, CreateSkill, GetTechnician, GetTechnicianLoad, ListSkills, ListTechnicians, SetSkills,
    UpdateTechnician,
};
use mif_domain::idempotency::StoredAnswer;
use mif_domain::queries::TechnicianView;
use mif_domain::technicians::{Skill, TechnicianId};

use crate::ApiState;
use crate::answer::{Repetition, created_answer, json, made_answer, resource};
use crate::extract::{Authenticated, Conditions, Id, IdempotencyHeader, Json, JsonArray, Query, RequestContext};
use crate::problem::ApiResult;
use crate::wire::paging::Paging;
use crate::wire::technicians::{
    HeldSkillNew, LoadParams, LoadRead, SkillListParams, SkillNew, SkillRead, TechnicianListParams, TechnicianNew,
    TechnicianPatch, TechnicianRead,
};

/// List technicians
#[utoipa::path(
    operation_id = "listerTechniciens", tag = "techniciens", params(TechnicianListParams),
    responses((status = 200, description = "A page of technicians", body = Vec<TechnicianRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"), ("X-Total-Count" = i64, description = "With `total=true`"))))
)]
#[get("/techniciens")]
pub(crate) async fn list(
    state: Data<ApiState>,
    actor: Authenticated,
    params: Query<TechnicianListParams>,
    request: HttpRequest,
) -> ApiResult {
    let filter = params.0.filter()?;
    let paging = Paging::read(&request, &params.0.paging())?;
    let technicians = ListTechnicians { filter, page: paging.request.clone() }.run(&state.core, &actor).await?;
    Ok(paging.answer(&technicians, TechnicianRead::from))
}

/// Complete a missing technician
///
/// Technicians are made with their account; this is for accounts of role `technicien` that have none.
#[utoipa::path(
    operation_id = "creerTechnicien", tag = "techniciens", request_body = TechnicianNew,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same body within 24 hours, the request gets the same answer")),
    responses((status = 201, description = "The technician", body = TechnicianRead, headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "`technicien_existe`, `requete_en_cours`"))
)]
#[post("/techniciens")]
pub(crate) async fn create(
    state: Data<ApiState>,
    actor: Authenticated,
    context: RequestContext,
    key: IdempotencyHeader,
    body: Json<TechnicianNew>,
) -> ApiResult {
    let create = body.value.parse()?;
    let repetition = Repetition { core: &state.core, actor: &actor, context: &context, key: &key, body: &body.raw };
    repetition.once(&created, |once| create.run(&state.core, &actor, once)).await
}

fn created(view: &TechnicianView) -> StoredAnswer {
    let location = format!("/api/v1/techniciens/{}", view.technician.id.0);
    created_answer(&location, view.technician.version, &TechnicianRead::from(view))
}

/// List skills
#[utoipa::path(
    operation_id = "listerCompetences", tag = "techniciens", params(SkillListParams),
    responses((status = 200, description = "A page of skills", body = Vec<SkillRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"), ("X-Total-Count" = i64, description = "With `total=true`"))))
)]
#[get("/techniciens/competences")]
pub(crate) async fn list_skills(
    state: Data<ApiState>,
    actor: Authenticated,
    params: Query<SkillListParams>,
    request: HttpRequest,
) -> ApiResult {
    let filter = params.0.filter()?;
    let paging = Paging::read(&request, &params.0.paging())?;
    let skills = ListSkills { filter, page: paging.request.clone() }.run(&state.core, &actor).await?;
    Ok(paging.answer(&skills, SkillRead::from))
}

/// Create a skill
#[utoipa::path(
    operation_id = "creerCompetence", tag = "techniciens", request_body = SkillNew,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same body within 24 hours, the request gets the same answer")),
    responses((status = 201, description = "The skill", body = SkillRead, headers(("Location" = String, description = "The list it is in"))),
        (status = 409, description = "`competence_existe`, `requete_en_cours`"))
)]
#[post("/techniciens/competences")]
pub(crate) async fn create_skill(
    state: Data<ApiState>,
    actor: Authenticated,
    context: RequestContext,
    key: IdempotencyHeader,
    body: Json<SkillNew>,
) -> ApiResult {
    let sheet = body.value.parse()?;
    let repetition = Repetition { core: &state.core, actor: &actor, context: &context, key: &key, body: &body.raw };
    repetition.once(&created_skill, |once| CreateSkill { sheet }.run(&state.core, &actor, once)).await
}

/// A skill never changes and has no address of its own: no `ETag`, and the list as its place.
fn created_skill(skill: &Skill) -> StoredAnswer {
    made_answer("/api/v1/techniciens/competences", &SkillRead::from(skill))
}

/// Read a technician
#[utoipa::path(
    operation_id = "lireTechnicien", tag = "techniciens",
    params(("id" = i64, Path, description = "The technician")),
    responses((status = 200, description = "The technician", body = TechnicianRead, headers(("ETag" = String))),
        (status = 304, description = "Unchanged"), (status = 404, description = "`introuvable`"))
)]
#[get("/techniciens/{id}")]
pub(crate) async fn read(state: Data<ApiState>, actor: Authenticated, id: Id, conditions: Conditions) -> ApiResult {
    let view = GetTechnician { id: TechnicianId(id.0) }.run(&state.core, &actor).await?;
    Ok(resource(&conditions, view.technician.version, &TechnicianRead::from(&view)))
}

/// Change a technician
///
/// A JSON merge patch (RFC 7396). `archive: false` takes an archived technician back.
#[utoipa::path(
    operation_id = "modifierTechnicien", tag = "techniciens",
    request_body(content((TechnicianPatch = "application/json"), (TechnicianPatch = "application/merge-patch+json"))),
    params(("id" = i64, Path, description = "The technician"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The technician", body = TechnicianRead, headers(("ETag" = String))),
        (status = 404, description = "`introuvable`"), (status = 409, description = "`technicien_occupe`"),
        (status = 412, description = "`version_perimee`"))
)]
#[patch("/techniciens/{id}")]
pub(crate) async fn update(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    conditions: Conditions,
    body: Json<TechnicianPatch>,
) -> ApiResult {
    let changes = body.value.parse()?;
    let update = UpdateTechnician { id: TechnicianId(id.0), expected_version: conditions.expected_version, changes };
    let view = update.run(&state.core, &actor).await?;
    Ok(resource(&Conditions::default(), view.technician.version, &TechnicianRead::from(&view)))
}

/// Archive a technician
///
/// They take no work any more; their account and what they did stay.
#[utoipa::path(
    operation_id = "archiverTechnicien", tag = "techniciens",
    params(("id" = i64, Path, description = "The technician"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 204, description = "Archived"), (status = 404, description = "`introuvable`"),
        (status = 409, description = "`technicien_occupe`"), (status = 412, description = "`version_perimee`"))
)]
#[delete("/techniciens/{id}")]
pub(crate) async fn archive(state: Data<ApiState>, actor: Authenticated, id: Id, conditions: Conditions) -> ApiResult {
    let expected_version = conditions.expected_version;
    ArchiveTechnician { id: TechnicianId(id.0), expected_version }.run(&state.core, &actor).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Read the load of a technician
#[utoipa::path(
    operation_id = "lireChargeTechnicien", tag = "techniciens",
    params(("id" = i64, Path, description = "The technician"), LoadParams),
    responses((status = 200, description = "The load", body = LoadRead), (status = 404, description = "`introuvable`"))
)]
#[get("/techniciens/{id}/charge")]
pub(crate) async fn load(state: Data<ApiState>, actor: Authenticated, id: Id, params: Query<LoadParams>) -> ApiResult {
    let load = GetTechnicianLoad { id: TechnicianId(id.0), period: params.0.period() };
    Ok(json(&LoadRead::from(load.run(&state.core, &actor).await?)))
}

/// Set the skills of a technician
///
/// All of them, at most 50: those that are not named are taken away.
#[utoipa::path(
    operation_id = "definirCompetences", tag = "techniciens", request_body = Vec<HeldSkillNew>,
    params(("id" = i64, Path, description = "The technician"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The technician", body = TechnicianRead, headers(("ETag" = String))),
        (status = 404, description = "`introuvable`"), (status = 412, description = "`version_perimee`"))
)]
#[put("/techniciens/{id}/competences")]
pub(crate) async fn set_skills(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    conditions: Conditions,
    body: JsonArray<HeldSkillNew>,
) -> ApiResult {
    let skills = body.0.into_iter().map(Into::into).collect();
    let set = SetSkills { id: TechnicianId(id.0), expected_version: conditions.expected_version, skills };
    let view = set.run(&state.core, &actor).await?;
    Ok(resource(&Conditions::default(), view.technician.version, &TechnicianRead::from(&view)))
}
