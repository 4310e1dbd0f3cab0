//! Who asks: `Authorization: Bearer`.

use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::LocalBoxFuture;
use mif_application::access::Actor;
use mif_application::auth::{Authenticate, VerifiedToken, VerifyToken};
use mif_domain::sessions::SessionState;

use super::RequestContext;
use crate::ApiState;
use crate::problem::{ApiError, Code};

/// Who is behind the request, for whatever wants to know after the handler.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn(pub(crate) Arc<SessionState>);

/// A signed-in user whose password is their own, with the second factor that their role needs.
#[derive(Debug)]
pub(crate) struct Authenticated(Actor);

/// A signed-in user whose password is their own, and who may still have to set a second factor up.
#[derive(Debug)]
pub(crate) struct AuthenticatedForEnrolment(Actor);

/// A signed-in user who may still have to change a temporary password, or to set a second factor up.
#[derive(Debug)]
pub(crate) struct AuthenticatedForPasswordChange(Actor);

impl Deref for Authenticated {
    type Target = Actor;
    fn deref(&self) -> &Actor {
        &self.0
    }
}

impl Deref for AuthenticatedForEnrolment {
    type Target = Actor;
    fn deref(&self) -> &Actor {
        &self.0
    }
}

impl Deref for AuthenticatedForPasswordChange {
    type Target = Actor;
    fn deref(&self) -> &Actor {
        &self.0
    }
}

impl FromRequest for Authenticated {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let actor = actor_with_own_password(&request).await?;
            let state = request.app_data::<Data<ApiState>>().ok_or(Code::Internal)?;
            if state.core.mfa_rules.must_enrol(&actor) {
                return Err(Code::MfaToActivate.into());
            }
            Ok(Self(actor))
        })
    }
}

impl FromRequest for AuthenticatedForEnrolment {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { actor_with_own_password(&request).await.map(Self) })
    }
}

impl FromRequest for AuthenticatedForPasswordChange {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { actor(&request).await.map(Self) })
    }
}

async fn actor_with_own_password(request: &HttpRequest) -> Result<Actor, ApiError> {
    let actor = actor(request).await?;
    if actor.must_change_password() {
        return Err(Code::MustChangePassword.into());
    }
    Ok(actor)
}

async fn actor(request: &HttpRequest) -> Result<Actor, ApiError> {
    let state = request.app_data::<Data<ApiState>>().ok_or(Code::Internal)?;
    let token = verified(request)?;
    let session = Authenticate { token: &token }.run(&state.core).await?;
    tracing::Span::current().record("user_id", session.user_id.0);
    request.extensions_mut().insert(SignedIn(session.clone()));
    let info = request.extensions().get::<RequestContext>().map(RequestContext::info).unwrap_or_default();
    Ok(Actor::new(session, info))
}

/// Looks again at who asks, when a body has arrived at last: they may have been signed out, or have lost rights, since its
/// head was let in. Whoever has gained some only has to ask again.
pub(super) async fn still_signed_in(request: &HttpRequest) -> Result<(), ApiError> {
    let Some(SignedIn(before)) = request.extensions().get::<SignedIn>().cloned() else { return Ok(()) };
    let state = request.app_data::<Data<ApiState>>().ok_or(Code::Internal)?;
    let now = Authenticate { token: &verified(request)? }.run(&state.core).await?;
    if now.allows_what_it_did(&before) { Ok(()) } else { Err(Code::Denied.into()) }
}

/// What came of the request's token, kept with the request: the flood guard and the handler both ask.
#[derive(Debug, Clone)]
struct Verdict(Result<VerifiedToken, ApiError>);

/// The token of a request, verified once a request.
pub(crate) fn verified(request: &HttpRequest) -> Result<VerifiedToken, ApiError> {
    if let Some(Verdict(known)) = request.extensions().get::<Verdict>() {
        return known.clone();
    }
    let state = request.app_data::<Data<ApiState>>().ok_or(Code::Internal)?;
    let verdict = match bearer(request) {
        Some(token) => VerifyToken { token }.run(&state.core).map_err(ApiError::from),
        None => Err(Code::NotAuthenticated.into()),
    };
    request.extensions_mut().insert(Verdict(verdict.clone()));
    verdict
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
