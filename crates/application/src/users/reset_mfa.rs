//! Taking a second factor away from somebody who lost it.

use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::repository::RepositoryError;
use mif_domain::sessions::RevokeReason;
use mif_domain::users::UserId;
use thiserror::Error;

use super::read::manage;
use crate::Core;
use crate::access::{Action, Actor, Refusal, still_permitted};

/// Turns the second factor of an account off. Every session of it ends.
#[derive(Debug, Clone, Copy)]
pub struct ResetMfa {
    /// Whose.
    pub id: UserId,
}

/// Why it stays on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ResetMfaError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The account has no second factor.
    #[error("there is no second factor")]
    NotActive,
}

impl From<RepositoryError> for ResetMfaError {
    fn from(error: RepositoryError) -> Self {
        Self::Refused(error.into())
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
    let mut user = work.users().find_for_update(id).await?.ok_or(Refusal::NotFound)?;
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
