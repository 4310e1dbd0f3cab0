//! `/clients`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use mif_application::customers::{CreateCustomer, DeleteCustomer, GetCustomer, ListCustomers, UpdateCustomer};
use mif_domain::customers::{Customer, CustomerId};
use mif_domain::idempotency::StoredAnswer;

use crate::ApiState;
use crate::answer::{Repetition, created_answer, resource};
use crate::extract::{Authenticated, Conditions, Id, IdempotencyHeader, Json, Query, RequestContext};
use crate::problem::ApiResult;
use crate::wire::customers::{CustomerListParams, CustomerNew, CustomerPatch, CustomerRead};
use crate::wire::paging::Paging;

/// List customers
///
/// A user of role `client` sees their own customer only.
#[utoipa::path(
    operation_id = "listerClients", tag = "clients", params(CustomerListParams),
    responses((status = 200, description = "A page of customers", body = Vec<CustomerRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"), ("X-Total-Count" = i64, description = "With `total=true`"))))
)]
#[get("/clients")]
pub(crate) async fn list(
    state: Data<ApiState>,
    actor: Authenticated,
    params: Query<CustomerListParams>,
    request: HttpRequest,
) -> ApiResult {
    let filter = params.0.filter()?;
    let paging = Paging::read(&request, &params.0.paging())?;
    let customers = ListCustomers { filter, page: paging.request.clone() }.run(&state.core, &actor).await?;
    Ok(paging.answer(&customers, CustomerRead::from))
}

/// Create a customer
#[utoipa::path(
    operation_id = "creerClient", tag = "clients", request_body = CustomerNew,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same body within 24 hours, the request gets the same answer")),
    responses((status = 201, description = "The customer", body = CustomerRead, headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "`requete_en_cours`"))
)]
#[post("/clients")]
pub(crate) async fn create(
    state: Data<ApiState>,
    actor: Authenticated,
    context: RequestContext,
    key: IdempotencyHeader,
    body: Json<CustomerNew>,
) -> ApiResult {
    let sheet = body.value.parse()?;
    let repetition = Repetition { core: &state.core, actor: &actor, context: &context, key: &key, body: &body.raw };
    repetition.once(&created, |once| CreateCustomer { sheet }.run(&state.core, &actor, once)).await
}

fn created(customer: &Customer) -> StoredAnswer {
    let location = format!("/api/v1/clients/{}", customer.id.0);
    created_answer(&location, customer.version, &CustomerRead::from(customer))
}

/// Read a customer
#[utoipa::path(
    operation_id = "lireClient", tag = "clients",
    params(("id" = i64, Path, description = "The customer")),
    responses((status = 200, description = "The customer", body = CustomerRead, headers(("ETag" = String))),
        (status = 304, description = "Unchanged"), (status = 404, description = "`introuvable`"))
)]
#[get("/clients/{id}")]
pub(crate) async fn read(state: Data<ApiState>, actor: Authenticated, id: Id, conditions: Conditions) -> ApiResult {
    let customer = GetCustomer { id: CustomerId(id.0) }.run(&state.core, &actor).await?;
    Ok(resource(&conditions, customer.version, &CustomerRead::from(&customer)))
}

/// Change a customer
///
/// A JSON merge patch (RFC 7396).
#[utoipa::path(
    operation_id = "modifierClient", tag = "clients",
    request_body(content((CustomerPatch = "application/json"), (CustomerPatch = "application/merge-patch+json"))),
    params(("id" = i64, Path, description = "The customer"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The customer", body = CustomerRead, headers(("ETag" = String))),
        (status = 404, description = "`introuvable`"), (status = 412, description = "`version_perimee`"))
)]
#[patch("/clients/{id}")]
pub(crate) async fn update(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    conditions: Conditions,
    body: Json<CustomerPatch>,
) -> ApiResult {
    let changes = body.value.parse()?;
    let update = UpdateCustomer { id: CustomerId(id.0), expected_version: conditions.expected_version, changes };
    let customer = update.run(&state.core, &actor).await?;
    Ok(resource(&Conditions::default(), customer.version, &CustomerRead::from(&customer)))
}

/// Delete a customer
///
/// Only one that nothing refers to; otherwise set its `is_active` to `false`.
#[utoipa::path(
    operation_id = "supprimerClient", tag = "clients",
    params(("id" = i64, Path, description = "The customer"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 204, description = "Deleted"), (status = 404, description = "`introuvable`"),
        (status = 409, description = "`client_utilise`"), (status = 412, description = "`version_perimee`"))
)]
#[delete("/clients/{id}")]
pub(crate) async fn remove(state: Data<ApiState>, actor: Authenticated, id: Id, conditions: Conditions) -> ApiResult {
    let expected_version = conditions.expected_version;
    DeleteCustomer { id: CustomerId(id.0), expected_version }.run(&state.core, &actor).await?;
    Ok(HttpResponse::NoContent().finish())
}
