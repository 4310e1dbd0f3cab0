//! `/equipements`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use mif_application::equipment::{CreateEquipment, DeleteEquipment, GetEquipment, ListEquipment, UpdateEquipment};
use mif_domain::equipment::{Equipment, EquipmentId};
use mif_domain::idempotency::StoredAnswer;

use crate::ApiState;
use crate::answer::{Repetition, created_answer, resource};
use crate::extract::{Authenticated, Conditions, Id, IdempotencyHeader, Json, Query, RequestContext};
use crate::problem::ApiResult;
use crate::wire::equipment::{EquipmentListParams, EquipmentNew, EquipmentPatch, EquipmentRead};
use crate::wire::paging::Paging;

/// List machines
#[utoipa::path(
    operation_id = "listerEquipements", tag = "equipements", params(EquipmentListParams),
    responses((status = 200, description = "A page of machines", body = Vec<EquipmentRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"), ("X-Total-Count" = i64, description = "With `total=true`"))))
)]
#[get("/equipements")]
pub(crate) async fn list(
    state: Data<ApiState>,
    actor: Authenticated,
    params: Query<EquipmentListParams>,
    request: HttpRequest,
) -> ApiResult {
    let filter = params.0.filter()?;
    let paging = Paging::read(&request, &params.0.paging())?;
    let machines = ListEquipment { filter, page: paging.request.clone() }.run(&state.core, &actor).await?;
    Ok(paging.answer(&machines, EquipmentRead::from))
}

/// Create a machine
#[utoipa::path(
    operation_id = "creerEquipement", tag = "equipements", request_body = EquipmentNew,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same body within 24 hours, the request gets the same answer")),
    responses((status = 201, description = "The machine", body = EquipmentRead, headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "`code_pris`, `numero_serie_pris`, `requete_en_cours`"))
)]
#[post("/equipements")]
pub(crate) async fn create(
    state: Data<ApiState>,
    actor: Authenticated,
    context: RequestContext,
    key: IdempotencyHeader,
    body: Json<EquipmentNew>,
) -> ApiResult {
    let sheet = body.value.parse()?;
    let repetition = Repetition { core: &state.core, actor: &actor, context: &context, key: &key, body: &body.raw };
    repetition.once(&created, |once| CreateEquipment { sheet }.run(&state.core, &actor, once)).await
}

fn created(equipment: &Equipment) -> StoredAnswer {
    let location = format!("/api/v1/equipements/{}", equipment.id.0);
    created_answer(&location, equipment.version, &EquipmentRead::from(equipment))
}

/// Read a machine
#[utoipa::path(
    operation_id = "lireEquipement", tag = "equipements",
    params(("id" = i64, Path, description = "The machine")),
    responses((status = 200, description = "The machine", body = EquipmentRead, headers(("ETag" = String))),
        (status = 304, description = "Unchanged"), (status = 404, description = "`introuvable`"))
)]
#[get("/equipements/{id}")]
pub(crate) async fn read(state: Data<ApiState>, actor: Authenticated, id: Id, conditions: Conditions) -> ApiResult {
    let equipment = GetEquipment { id: EquipmentId(id.0) }.run(&state.core, &actor).await?;
    Ok(resource(&conditions, equipment.version, &EquipmentRead::from(&equipment)))
}

/// Change a machine
///
/// A JSON merge patch (RFC 7396).
#[utoipa::path(
    operation_id = "modifierEquipement", tag = "equipements",
    request_body(content((EquipmentPatch = "application/json"), (EquipmentPatch = "application/merge-patch+json"))),
    params(("id" = i64, Path, description = "The machine"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The machine", body = EquipmentRead, headers(("ETag" = String))),
        (status = 404, description = "`introuvable`"), (status = 409, description = "`code_pris`, `numero_serie_pris`, `cycle_equipement`"),
        (status = 412, description = "`version_perimee`"))
)]
#[patch("/equipements/{id}")]
pub(crate) async fn update(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    conditions: Conditions,
    body: Json<EquipmentPatch>,
) -> ApiResult {
    let changes = body.value.parse()?;
    let update = UpdateEquipment { id: EquipmentId(id.0), expected_version: conditions.expected_version, changes };
    let equipment = update.run(&state.core, &actor).await?;
    Ok(resource(&Conditions::default(), equipment.version, &EquipmentRead::from(&equipment)))
}

/// Delete a machine
///
/// Only one that nothing refers to; otherwise set its `statut` to `retire`.
#[utoipa::path(
    operation_id = "supprimerEquipement", tag = "equipements",
    params(("id" = i64, Path, description = "The machine"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 204, description = "Deleted"), (status = 404, description = "`introuvable`"),
        (status = 409, description = "`equipement_utilise`"), (status = 412, description = "`version_perimee`"))
)]
#[delete("/equipements/{id}")]
pub(crate) async fn remove(state: Data<ApiState>, actor: Authenticated, id: Id, conditions: Conditions) -> ApiResult {
    let expected_version = conditions.expected_version;
    DeleteEquipment { id: EquipmentId(id.0), expected_version }.run(&state.core, &actor).await?;
    Ok(HttpResponse::NoContent().finish())
}
