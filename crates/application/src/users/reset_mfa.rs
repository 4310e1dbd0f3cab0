//! Taking a second factor away from somebody who lost it.

use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::repository::RepositoryError;
use mif_domain::sessions::RevokeReason;
use mif_domain::users::UserId;
use thiserror::Error;

use super::read::manage;
use crate::Core;
use crate::access::{Action, Actor, Denied, RecheckError, Refusal, still_permitted};

/// Turns the second factor of an account off. Every session of it ends.
#[derive(Debug, Clone, Copy)]
pub struct ResetMfa {
    /// Whose.
    pub id: UserId,
}

/// Why it stays on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ResetMfaError {
    /// There is none that the actor may see.
    #[error("no such user")]
    NotFound,
    /// The account has no second factor.
    #[error("there is no second factor")]
    NotActive,
    /// Accounts are managed by administrators.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<Refusal> for ResetMfaError {
    fn from(error: Refusal) -> Self {
        match error {
            Refusal::NotFound => Self::NotFound,
            Refusal::Denied(denied) => Self::Denied(denied),
            Refusal::Repository(error) => Self::Repository(error),
        }
    }
}

impl From<RecheckError> for ResetMfaError {
    fn from(error: RecheckError) -> Self {
        match error {
            RecheckError::Denied(denied) => Self::Denied(denied),
            RecheckError::Repository(error) => Self::Repository(error),
        }
    }
}

impl ResetMfa {
    /// For an administrator. Where the role needs one, its owner sets another up at the next sign-in.
    #[tracing::instrument(target = "mif_trace", name = "ResetMfa", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<(), ResetMfaError> {
        manage(core, actor, self.id).await?;
        reset_mfa(core, self.id, Some(actor)).await
    }
}

/// The same, wherever it comes from. Without an actor it is the command line of the machine.
pub(crate) async fn reset_mfa(core: &Core, id: UserId, actor: Option<&Actor>) -> Result<(), ResetMfaError> {
    let mut work = core.work.begin().await?;
    let now = core.clock.now();
    let origin = match actor {
        Some(actor) => {
            still_permitted(&mut *work, actor, Action::ManageUsers, now).await?;
            actor.origin()
        }
        None => AuditOrigin::default(),
    };
    let mut user = work.users().find_for_update(id).await?.ok_or(ResetMfaError::NotFound)?;
    if !work.mfa().remove(user.id).await? || !user.mfa_active {
        return Err(ResetMfaError::NotActive);
    }
    user.mfa_active = false;
    work.users().update(&user, now).await?;
    work.sessions().revoke_all(user.id, None, RevokeReason::Closed, now).await?;
    let event = AuditEvent::success(AuditKind::MfaChanged, origin, now).on("user", user.id.0);
    work.audit().append(event.with("change", "reset")).await?;
    work.commit().await?;
    core.sessions.forget_user(user.id);
    Ok(())
}
