//! What letters lead to: passwords that were forgotten, accounts that were made for somebody, addresses to confirm.

use actix_web::post;
use actix_web::web::Data;
use mif_application::auth::{RequestPasswordReset, ResetPassword};
use mif_application::users::{ConfirmEmail, SendInvitation};
use mif_domain::users::{EmailAddress, UserId};

use crate::ApiState;
use crate::answer::{accepted, message};
use crate::extract::{Authenticated, Form, Id, RequestContext};
use crate::problem::{ApiError, ApiResult, FieldErrors, FieldProblem};
use crate::wire::auth::Message;
use crate::wire::letters::{ConfirmationForm, ResetForm, ResetRequestForm};
use crate::wire::users::password;

/// Ask for a new password
///
/// Sends a letter to whoever has this address. The answer is the same when nobody has.
#[utoipa::path(
    operation_id = "demanderReinitialisation", tag = "auth",
    request_body(content((ResetRequestForm = "application/json"), (ResetRequestForm = "application/x-www-form-urlencoded"), (ResetRequestForm = "multipart/form-data"))),
    responses((status = 202, description = "If somebody has the address, a letter is on its way", body = Message)),
    security(())
)]
#[post("/auth/password-reset/request")]
pub(crate) async fn request_reset(
    state: Data<ApiState>,
    form: Form<ResetRequestForm>,
    context: RequestContext,
) -> ApiResult {
    let mut errors = FieldErrors::default();
    let address = errors.check("email", EmailAddress::parse(&form.0.email));
    let address = errors.finish_with(address)?;
    RequestPasswordReset { address }.run(&state.core).await?;
    Ok(accepted(
        &context,
        "Si un compte a cette adresse, un message y part",
        "If an account has this address, a letter is on its way to it",
    ))
}

/// Set a password with a letter
///
/// Takes the token of a password-reset letter or of an invitation, once. Every session of the user ends.
#[utoipa::path(
    operation_id = "reinitialiserMotDePasse", tag = "auth",
    request_body(content((ResetForm = "application/json"), (ResetForm = "application/x-www-form-urlencoded"), (ResetForm = "multipart/form-data"))),
    responses((status = 200, description = "The password is set", body = Message),
        (status = 422, description = "`jeton_reinitialisation_invalide`, or `validation` when the password is not good enough: the token still works then")),
    security(())
)]
#[post("/auth/password-reset/confirm")]
pub(crate) async fn confirm_reset(state: Data<ApiState>, form: Form<ResetForm>, context: RequestContext) -> ApiResult {
    let token = presented(form.0.token, form.0.jeton)?;
    let mut errors = FieldErrors::default();
    let new = password(&mut errors, "new_password", form.0.new_password);
    let new = errors.finish_with(new)?;
    ResetPassword { token, new, request: context.info() }.run(&state.core).await?;
    Ok(message(&context, "Mot de passe défini", "Password set"))
}

/// Confirm a new e-mail address
///
/// Takes the token of the letter to the new address, once. The old address is told.
#[utoipa::path(
    operation_id = "confirmerEmail", tag = "auth",
    request_body(content((ConfirmationForm = "application/json"), (ConfirmationForm = "application/x-www-form-urlencoded"), (ConfirmationForm = "multipart/form-data"))),
    responses((status = 200, description = "The account has this address now", body = Message),
        (status = 409, description = "`email_pris`"), (status = 422, description = "`jeton_confirmation_invalide`")),
    security(())
)]
#[post("/auth/email/confirm")]
pub(crate) async fn confirm_email(
    state: Data<ApiState>,
    form: Form<ConfirmationForm>,
    context: RequestContext,
) -> ApiResult {
    let token = presented(form.0.token, form.0.jeton)?;
    ConfirmEmail { token, request: context.info() }.run(&state.core).await?;
    Ok(message(&context, "Adresse confirmée", "Address confirmed"))
}

/// Invite a user again
///
/// Sends another letter with which the owner of a new account chooses its password. The one before stops working.
#[utoipa::path(
    operation_id = "inviterUtilisateur", tag = "users",
    params(("id" = i64, Path, description = "The user")),
    responses((status = 202, description = "A letter is on its way", body = Message), (status = 404, description = "`introuvable`"),
        (status = 409, description = "`invitation_impossible`"))
)]
#[post("/users/{id}/invitation")]
pub(crate) async fn invite(state: Data<ApiState>, actor: Authenticated, id: Id, context: RequestContext) -> ApiResult {
    SendInvitation { id: UserId(id.0) }.run(&state.core, &actor).await?;
    Ok(accepted(&context, "Une invitation part", "An invitation is on its way"))
}

fn presented(token: Option<String>, alias: Option<String>) -> Result<String, ApiError> {
    token.or(alias).ok_or_else(|| ApiError::field("token", FieldProblem::Missing))
}
