//! Giving a second factor up.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::repository::RepositoryError;
use mif_domain::users::PlainPassword;
use thiserror::Error;

use super::code::PresentedCode;
use super::{OCCASION, accept};
use crate::Core;
use crate::access::Actor;
use crate::auth::guess::Guess;
use crate::auth::{ChangePasswordError, prove_password};
use crate::users::own_account;

/// Turns the actor's second factor off.
#[derive(Debug)]
pub struct TurnOffMfa {
    /// The password as it is.
    pub current: PlainPassword,
    /// A code of the second factor, or one of the recovery codes.
    pub code: String,
}

/// Why it stays on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TurnOffMfaError {
    /// The actor has none.
    #[error("there is no second factor")]
    NotActive,
    /// The actor's role needs one.
    #[error("the role needs a second factor")]
    Required,
    /// The code is wrong or used up, or too many wrong ones were tried: nothing tells which.
    #[error("the code is wrong")]
    WrongCode,
    /// The password was not shown.
    #[error(transparent)]
    Password(#[from] ChangePasswordError),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl TurnOffMfa {
    /// Asks for everything that a sign-in asks for; what is wrong counts like there.
    #[tracing::instrument(target = "mif_trace", name = "TurnOffMfa", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<(), TurnOffMfaError> {
        let before = own_account(core, actor).await?;
        if !before.mfa_active {
            return Err(TurnOffMfaError::NotActive);
        }
        if core.mfa_rules.require(before.role) {
            return Err(TurnOffMfaError::Required);
        }
        prove_password(core, actor, &before, &self.current).await?;
        let guess = Guess { user: Some(before.id), request: actor.request(), occasion: OCCASION };
        if !guess.reserve(core).await? {
            return Err(TurnOffMfaError::WrongCode);
        }
        let presented = PresentedCode::parse(&self.code);
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let user = work.users().find_for_update(before.id).await?;
        let live = work.sessions().is_live(actor.session_id(), now).await?;
        let unchanged = user.filter(|user| live && user.is_active && user.password_hash == before.password_hash);
        let accepted = unchanged.is_some() && accept(core, &mut *work, before.id, presented.as_ref(), now).await?;
        let Some(mut user) = unchanged.filter(|_| accepted) else {
            drop(work);
            guess.record_failure(core).await?;
            return Err(TurnOffMfaError::WrongCode);
        };
        guess.forget(&mut *work).await?;
        work.mfa().remove(user.id).await?;
        user.mfa_active = false;
        work.users().update(&user, now).await?;
        let event = AuditEvent::success(AuditKind::MfaChanged, actor.origin(), now).on("user", user.id.0);
        work.audit().append(event.with("change", "turned_off")).await?;
        work.commit().await?;
        core.sessions.forget_user(user.id);
        Ok(())
    }
}
