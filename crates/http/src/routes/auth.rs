//! `/auth`.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use mif_application::auth::{ChangePassword, CloseOtherSessions, CloseSession, ListSessions, LogIn, LogOut, Refresh};
use mif_application::users::WhoAmI;
use mif_domain::sessions::SessionId;

use crate::ApiState;
use crate::answer::{json, message, resource};
use crate::extract::{Authenticated, AuthenticatedForPasswordChange, Client, Conditions, Form, Id, RequestContext};
use crate::problem::{ApiError, ApiResult, Code, FieldErrors, FieldProblem};
use crate::wire::auth::{ChangePasswordForm, LoginForm, LogoutForm, Message, RefreshForm, SessionRead, Tokens};
use crate::wire::users::{UserRead, password};

/// Sign in
///
/// Opens a session. The field `email` or `username` takes an e-mail address or a username.
#[utoipa::path(
    operation_id = "ouvrirJeton", tag = "auth",
    request_body(content((LoginForm = "application/json"), (LoginForm = "application/x-www-form-urlencoded"), (LoginForm = "multipart/form-data"))),
    responses((status = 200, description = "A session was opened", body = Tokens), (status = 401, description = "`identifiants_invalides`, or `mfa_requise` with `defi`, which `/auth/mfa/verifier` takes")),
    security(())
)]
#[post("/auth/token")]
pub(crate) async fn issue_token(
    state: Data<ApiState>,
    form: Form<LoginForm>,
    client: Client,
    context: RequestContext,
) -> ApiResult {
    log_in(&state, form.0, client, &context).await
}

/// Sign in
///
/// The same as `/auth/token`.
#[utoipa::path(
    operation_id = "seConnecter", tag = "auth",
    request_body(content((LoginForm = "application/json"), (LoginForm = "application/x-www-form-urlencoded"), (LoginForm = "multipart/form-data"))),
    responses((status = 200, description = "A session was opened", body = Tokens), (status = 401, description = "`identifiants_invalides`, or `mfa_requise` with `defi`, which `/auth/mfa/verifier` takes")),
    security(())
)]
#[post("/auth/login")]
pub(crate) async fn sign_in(
    state: Data<ApiState>,
    form: Form<LoginForm>,
    client: Client,
    context: RequestContext,
) -> ApiResult {
    log_in(&state, form.0, client, &context).await
}

async fn log_in(state: &ApiState, form: LoginForm, client: Client, context: &RequestContext) -> ApiResult {
    let name = form.email.or(form.username).ok_or_else(|| ApiError::field("email", FieldProblem::Missing))?;
    let pair = LogIn { name, password: form.password, client: client.0, request: context.info() };
    Ok(json(&Tokens::from(&pair.run(&state.core).await?)))
}

/// Refresh
///
/// Exchanges a refresh token for a new pair. A token works once; sent again within 10 seconds, or within 5 minutes while
/// its successor is unused, it gets the same successor again. Later it counts as stolen and the session ends.
#[utoipa::path(
    operation_id = "rafraichirJeton", tag = "auth",
    request_body(content((RefreshForm = "application/json"), (RefreshForm = "application/x-www-form-urlencoded"), (RefreshForm = "multipart/form-data"))),
    responses((status = 200, description = "A new pair", body = Tokens), (status = 401, description = "`jeton_rafraichissement_invalide`")),
    security(())
)]
#[post("/auth/refresh")]
pub(crate) async fn refresh_token(
    state: Data<ApiState>,
    form: Form<RefreshForm>,
    context: RequestContext,
) -> ApiResult {
    let token = form.0.refresh_token.or(form.0.token);
    let token = token.ok_or_else(|| ApiError::field("refresh_token", FieldProblem::Missing))?;
    let pair = Refresh { token, request: context.info() }.run(&state.core).await?;
    Ok(json(&Tokens::from(&pair)))
}

/// Sign out
///
/// Ends this session, or with `tout` every session of the user.
#[utoipa::path(
    operation_id = "seDeconnecter", tag = "auth",
    request_body(content((LogoutForm = "application/json"), (LogoutForm = "application/x-www-form-urlencoded"), (LogoutForm = "multipart/form-data"))),
    responses((status = 200, description = "Signed out", body = Message))
)]
#[post("/auth/logout")]
pub(crate) async fn sign_out(
    state: Data<ApiState>,
    actor: AuthenticatedForPasswordChange,
    form: Form<LogoutForm>,
    context: RequestContext,
) -> ApiResult {
    LogOut { everywhere: form.0.tout }.run(&state.core, &actor).await?;
    Ok(message(&context, "Déconnexion effectuée", "Signed out"))
}

/// Who am I
#[utoipa::path(
    operation_id = "lireMonCompte", tag = "auth",
    responses((status = 200, description = "The account behind the token", body = UserRead), (status = 304, description = "Unchanged"))
)]
#[get("/auth/me")]
pub(crate) async fn who_am_i(
    state: Data<ApiState>,
    actor: AuthenticatedForPasswordChange,
    conditions: Conditions,
) -> ApiResult {
    let account = WhoAmI.run(&state.core, &actor).await?;
    Ok(resource(&conditions, account.user.version, &UserRead::from(&account)))
}

/// Change my password
///
/// Every other session of the user ends.
#[utoipa::path(
    operation_id = "changerMotDePasse", tag = "auth",
    request_body(content((ChangePasswordForm = "application/json"), (ChangePasswordForm = "application/x-www-form-urlencoded"), (ChangePasswordForm = "multipart/form-data"))),
    responses((status = 200, description = "Changed", body = Message), (status = 409, description = "`modification_concurrente`"))
)]
#[post("/auth/change-password")]
pub(crate) async fn change_password(
    state: Data<ApiState>,
    actor: AuthenticatedForPasswordChange,
    form: Form<ChangePasswordForm>,
    context: RequestContext,
) -> ApiResult {
    let mut errors = FieldErrors::default();
    let current = password(&mut errors, "current_password", form.0.current_password);
    let new = password(&mut errors, "new_password", form.0.new_password);
    let (current, new) = errors.finish_with((current, new))?;
    ChangePassword { current, new }.run(&state.core, &actor).await?;
    Ok(message(&context, "Mot de passe modifié", "Password changed"))
}

/// List my sessions
#[utoipa::path(
    operation_id = "listerMesSessions", tag = "auth",
    responses((status = 200, description = "The live sessions, the newest first", body = Vec<SessionRead>))
)]
#[get("/auth/sessions")]
pub(crate) async fn list_sessions(state: Data<ApiState>, actor: Authenticated) -> ApiResult {
    let sessions = ListSessions.run(&state.core, &actor).await?;
    let sessions: Vec<_> = sessions.into_iter().map(|session| SessionRead::new(session, actor.session_id())).collect();
    Ok(json(&sessions))
}

/// Read one of my sessions
#[utoipa::path(
    operation_id = "lireMaSession", tag = "auth",
    params(("id" = i64, Path, description = "The session")),
    responses((status = 200, description = "The session", body = SessionRead), (status = 404, description = "`introuvable`"))
)]
#[get("/auth/sessions/{id}")]
pub(crate) async fn read_session(state: Data<ApiState>, actor: Authenticated, id: Id) -> ApiResult {
    let sessions = ListSessions.run(&state.core, &actor).await?;
    let session = sessions.into_iter().find(|session| session.id.0 == id.0).ok_or(Code::NotFound)?;
    Ok(json(&SessionRead::new(session, actor.session_id())))
}

/// Close my other sessions
#[utoipa::path(
    operation_id = "fermerMesAutresSessions", tag = "auth",
    responses((status = 204, description = "Only this session is left"))
)]
#[delete("/auth/sessions")]
pub(crate) async fn close_other_sessions(state: Data<ApiState>, actor: Authenticated) -> ApiResult {
    CloseOtherSessions.run(&state.core, &actor).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Close one of my sessions
#[utoipa::path(
    operation_id = "fermerMaSession", tag = "auth",
    params(("id" = i64, Path, description = "The session")),
    responses((status = 204, description = "The session has ended"), (status = 404, description = "`introuvable`"))
)]
#[delete("/auth/sessions/{id}")]
pub(crate) async fn close_session(state: Data<ApiState>, actor: Authenticated, id: Id) -> ApiResult {
    CloseSession { id: SessionId(id.0) }.run(&state.core, &actor).await?;
    Ok(HttpResponse::NoContent().finish())
}
