//! `/auth/mfa`: the second factor.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, post};
use mif_application::auth::{ConfirmMfa, EnrolMfa, ReplaceRecoveryCodes, TurnOffMfa, VerifySecondFactor};
use mif_application::users::ResetMfa;
use mif_domain::users::UserId;

use crate::ApiState;
use crate::answer::json;
use crate::extract::{Authenticated, AuthenticatedForEnrolment, Client, Form, Id, RequestContext};
use crate::problem::{ApiResult, FieldErrors};
use crate::wire::auth::Tokens;
use crate::wire::mfa::{CodeForm, EnrolForm, RecoveryCodesRead, SecretRead, TurnOffForm, VerificationForm};
use crate::wire::users::password;

/// Finish signing in
///
/// Takes the `defi` of a sign-in that answered `mfa_requise`, and a code. A `defi` lasts 5 minutes and 5 tries.
#[utoipa::path(
    operation_id = "verifierMfa", tag = "auth",
    request_body(content((VerificationForm = "application/json"), (VerificationForm = "application/x-www-form-urlencoded"), (VerificationForm = "multipart/form-data"))),
    responses((status = 200, description = "A session was opened", body = Tokens), (status = 401, description = "`code_invalide`, `defi_expire`")),
    security(())
)]
#[post("/auth/mfa/verifier")]
pub(crate) async fn verify(
    state: Data<ApiState>,
    form: Form<VerificationForm>,
    client: Client,
    context: RequestContext,
) -> ApiResult {
    let VerificationForm { defi: challenge, code } = form.0;
    let second = VerifySecondFactor { challenge, code, client: client.0, request: context.info() };
    Ok(json(&Tokens::from(&second.run(&state.core).await?)))
}

/// Set up a second factor
///
/// Makes a secret for an authenticator app. It counts once `/auth/mfa/confirmer` was given a code of it.
#[utoipa::path(
    operation_id = "enrolerMfa", tag = "auth",
    request_body(content((EnrolForm = "application/json"), (EnrolForm = "application/x-www-form-urlencoded"), (EnrolForm = "multipart/form-data"))),
    responses((status = 200, description = "The secret", body = SecretRead), (status = 409, description = "`mfa_deja_active`"))
)]
#[post("/auth/mfa/enroler")]
pub(crate) async fn enrol(state: Data<ApiState>, actor: AuthenticatedForEnrolment, form: Form<EnrolForm>) -> ApiResult {
    let mut errors = FieldErrors::default();
    let current = password(&mut errors, "current_password", form.0.current_password);
    let current = errors.finish_with(current)?;
    let enrolling = EnrolMfa { current }.run(&state.core, &actor).await?;
    Ok(json(&SecretRead::from(&enrolling)))
}

/// Turn a second factor on
///
/// From now on a sign-in needs a code.
#[utoipa::path(
    operation_id = "confirmerMfa", tag = "auth",
    request_body(content((CodeForm = "application/json"), (CodeForm = "application/x-www-form-urlencoded"), (CodeForm = "multipart/form-data"))),
    responses((status = 200, description = "The recovery codes", body = RecoveryCodesRead), (status = 409, description = "`mfa_deja_active`, `mfa_inactive`"))
)]
#[post("/auth/mfa/confirmer")]
pub(crate) async fn confirm(
    state: Data<ApiState>,
    actor: AuthenticatedForEnrolment,
    form: Form<CodeForm>,
) -> ApiResult {
    let codes = ConfirmMfa { code: form.0.code }.run(&state.core, &actor).await?;
    Ok(json(&RecoveryCodesRead::from(&codes)))
}

/// Replace my recovery codes
///
/// The old ones open nothing any more.
#[utoipa::path(
    operation_id = "remplacerCodesSecours", tag = "auth",
    request_body(content((CodeForm = "application/json"), (CodeForm = "application/x-www-form-urlencoded"), (CodeForm = "multipart/form-data"))),
    responses((status = 200, description = "The recovery codes", body = RecoveryCodesRead), (status = 409, description = "`mfa_inactive`"))
)]
#[post("/auth/mfa/codes")]
pub(crate) async fn replace_codes(state: Data<ApiState>, actor: Authenticated, form: Form<CodeForm>) -> ApiResult {
    let codes = ReplaceRecoveryCodes { code: form.0.code }.run(&state.core, &actor).await?;
    Ok(json(&RecoveryCodesRead::from(&codes)))
}

/// Turn my second factor off
#[utoipa::path(
    operation_id = "desactiverMfa", tag = "auth",
    request_body(content((TurnOffForm = "application/json"), (TurnOffForm = "application/x-www-form-urlencoded"), (TurnOffForm = "multipart/form-data"))),
    responses((status = 204, description = "A sign-in needs the password only"), (status = 409, description = "`mfa_inactive`, `mfa_obligatoire`"))
)]
#[delete("/auth/mfa")]
pub(crate) async fn turn_off(state: Data<ApiState>, actor: Authenticated, form: Form<TurnOffForm>) -> ApiResult {
    let mut errors = FieldErrors::default();
    let current = password(&mut errors, "current_password", form.0.current_password);
    let current = errors.finish_with(current)?;
    TurnOffMfa { current, code: form.0.code }.run(&state.core, &actor).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Reset the second factor of a user
///
/// For somebody who lost both app and recovery codes. Every session of the user ends.
#[utoipa::path(
    operation_id = "reinitialiserMfa", tag = "users",
    params(("id" = i64, Path, description = "The user")),
    responses((status = 204, description = "A sign-in needs the password only"), (status = 404, description = "`introuvable`"),
        (status = 409, description = "`mfa_inactive`"))
)]
#[delete("/users/{id}/mfa")]
pub(crate) async fn reset(state: Data<ApiState>, actor: Authenticated, id: Id) -> ApiResult {
    ResetMfa { id: UserId(id.0) }.run(&state.core, &actor).await?;
    Ok(HttpResponse::NoContent().finish())
}
