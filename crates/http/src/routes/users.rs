//! `/users`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};
use mif_application::users::{
    ActivateUser, DeactivateUser, GetUser, ListUsers, SetPassword, UnlockUser, UpdateUser, WhoAmI,
};
use mif_domain::users::UserId;

use crate::ApiState;
use crate::answer::{created, resource};
use crate::extract::{Authenticated, Conditions, Id, Json, Query};
use crate::problem::{ApiResult, FieldErrors};
use crate::wire::paging::Paging;
use crate::wire::users::{PasswordSet, ProfilePut, UserListParams, UserNew, UserPatch, UserRead, password};

/// List users
#[utoipa::path(
    operation_id = "listerUtilisateurs", tag = "users", params(UserListParams),
    responses((status = 200, description = "A page of users", body = Vec<UserRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"), ("X-Total-Count" = i64, description = "With `total=true`"))))
)]
#[get("/users")]
pub(crate) async fn list(
    state: Data<ApiState>,
    actor: Authenticated,
    params: Query<UserListParams>,
    request: HttpRequest,
) -> ApiResult {
    let filter = params.0.filter()?;
    let paging = Paging::read(&request, &params.0.paging())?;
    let users = ListUsers { filter, page: paging.request.clone() }.run(&state.core, &actor).await?;
    Ok(paging.answer(&users, UserRead::from))
}

/// Create a user
#[utoipa::path(
    operation_id = "creerUtilisateur", tag = "users", request_body = UserNew,
    responses((status = 201, description = "The user", body = UserRead, headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "`nom_utilisateur_pris`, `email_pris`"))
)]
#[post("/users")]
pub(crate) async fn create(state: Data<ApiState>, actor: Authenticated, body: Json<UserNew>) -> ApiResult {
    let user = body.value.parse()?.run(&state.core, &actor).await?;
    Ok(created(&format!("/api/v1/users/{}", user.id.0), user.version, &UserRead::from(&user)))
}

/// Who am I
///
/// The same as `/auth/me`.
#[utoipa::path(
    operation_id = "lireMonProfil", tag = "users",
    responses((status = 200, description = "The account behind the token", body = UserRead), (status = 304, description = "Unchanged"))
)]
#[get("/users/me")]
pub(crate) async fn me(state: Data<ApiState>, actor: Authenticated, conditions: Conditions) -> ApiResult {
    let account = WhoAmI.run(&state.core, &actor).await?;
    Ok(resource(&conditions, account.user.version, &UserRead::from(&account)))
}

/// Change my profile
///
/// A new e-mail address or a new password needs `current_password`. The address stays as it is, and the new one is shown as
/// `email_en_attente`, until it is confirmed with the letter that is sent to it.
#[utoipa::path(
    operation_id = "modifierMonProfil", tag = "users", request_body = ProfilePut,
    params(("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The user", body = UserRead), (status = 409, description = "`email_pris`"),
        (status = 412, description = "`version_perimee`"))
)]
#[put("/users/update")]
pub(crate) async fn update_profile(
    state: Data<ApiState>,
    actor: Authenticated,
    conditions: Conditions,
    body: Json<ProfilePut>,
) -> ApiResult {
    let account = body.value.parse(conditions.expected_version)?.run(&state.core, &actor).await?;
    Ok(resource(&Conditions::default(), account.user.version, &UserRead::from(&account)))
}

/// Read a user
#[utoipa::path(
    operation_id = "lireUtilisateur", tag = "users",
    params(("id" = i64, Path, description = "The user")),
    responses((status = 200, description = "The user", body = UserRead), (status = 304, description = "Unchanged"),
        (status = 404, description = "`introuvable`"))
)]
#[get("/users/{id}")]
pub(crate) async fn read(state: Data<ApiState>, actor: Authenticated, id: Id, conditions: Conditions) -> ApiResult {
    let user = GetUser { id: UserId(id.0) }.run(&state.core, &actor).await?;
    Ok(resource(&conditions, user.version, &UserRead::from(&user)))
}

/// Change a user
///
/// A JSON merge patch (RFC 7396).
#[utoipa::path(
    operation_id = "modifierUtilisateur", tag = "users",
    request_body(content((UserPatch = "application/json"), (UserPatch = "application/merge-patch+json"))),
    params(("id" = i64, Path, description = "The user"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The user", body = UserRead), (status = 404, description = "`introuvable`"),
        (status = 409, description = "`dernier_admin`, `nom_utilisateur_pris`, `email_pris`"), (status = 412, description = "`version_perimee`"))
)]
#[patch("/users/{id}")]
pub(crate) async fn update(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    conditions: Conditions,
    body: Json<UserPatch>,
) -> ApiResult {
    let changes = body.value.parse()?;
    let update = UpdateUser { id: UserId(id.0), expected_version: conditions.expected_version, changes };
    let user = update.run(&state.core, &actor).await?;
    Ok(resource(&Conditions::default(), user.version, &UserRead::from(&user)))
}

/// Deactivate a user
///
/// The account stays, every session of it ends at once.
#[utoipa::path(
    operation_id = "desactiverUtilisateur", tag = "users",
    params(("id" = i64, Path, description = "The user"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 204, description = "Deactivated"), (status = 404, description = "`introuvable`"),
        (status = 409, description = "`dernier_admin`"), (status = 412, description = "`version_perimee`"))
)]
#[delete("/users/{id}")]
pub(crate) async fn deactivate(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    conditions: Conditions,
) -> ApiResult {
    let expected_version = conditions.expected_version;
    DeactivateUser { id: UserId(id.0), expected_version }.run(&state.core, &actor).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Activate a user again
#[utoipa::path(
    operation_id = "activerUtilisateur", tag = "users",
    params(("id" = i64, Path, description = "The user"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The user", body = UserRead), (status = 404, description = "`introuvable`"),
        (status = 412, description = "`version_perimee`"))
)]
#[patch("/users/{id}/activate")]
pub(crate) async fn activate(state: Data<ApiState>, actor: Authenticated, id: Id, conditions: Conditions) -> ApiResult {
    let expected_version = conditions.expected_version;
    let user = ActivateUser { id: UserId(id.0), expected_version }.run(&state.core, &actor).await?;
    Ok(resource(&Conditions::default(), user.version, &UserRead::from(&user)))
}

/// Unlock a user
///
/// Forgets every failed sign-in: an account that too many of them locked or closed can be signed in to again.
#[utoipa::path(
    operation_id = "deverrouillerUtilisateur", tag = "users",
    params(("id" = i64, Path, description = "The user")),
    responses((status = 200, description = "The user", body = UserRead), (status = 404, description = "`introuvable`"))
)]
#[post("/users/{id}/unlock")]
pub(crate) async fn unlock(state: Data<ApiState>, actor: Authenticated, id: Id) -> ApiResult {
    let user = UnlockUser { id: UserId(id.0) }.run(&state.core, &actor).await?;
    Ok(resource(&Conditions::default(), user.version, &UserRead::from(&user)))
}

/// Set a temporary password
///
/// Every session of the user ends; the next one may only change the password.
#[utoipa::path(
    operation_id = "definirMotDePasse", tag = "users", request_body = PasswordSet,
    params(("id" = i64, Path, description = "The user")),
    responses((status = 204, description = "Set"), (status = 404, description = "`introuvable`"),
        (status = 409, description = "`modification_concurrente`"))
)]
#[post("/users/{id}/password")]
pub(crate) async fn set_password(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    body: Json<PasswordSet>,
) -> ApiResult {
    let mut errors = FieldErrors::default();
    let password = password(&mut errors, "password", body.value.password);
    let password = errors.finish_with(password)?;
    SetPassword { id: UserId(id.0), password }.run(&state.core, &actor).await?;
    Ok(HttpResponse::NoContent().finish())
}
