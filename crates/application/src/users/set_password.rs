//! Giving somebody a temporary password.

use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::users::{HasherBusy, PasswordRule, PlainPassword, User, UserId};
use thiserror::Error;

use super::history::{FreshHashError, fresh_hash, put_in_force};
use super::read::manage;
use crate::Core;
use crate::access::{Action, Actor, Refusal, still_permitted};

/// Replaces somebody's password. Every session of theirs ends, the next one may only change the password, and an account
/// that guessing closed is open again.
#[derive(Debug)]
pub struct SetPassword {
    /// Whose.
    pub id: UserId,
    /// The temporary password.
    pub password: PlainPassword,
}

/// Why it was not replaced.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SetPasswordError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The password is not good enough.
    #[error("the password breaks {0:?}")]
    Weak(Vec<PasswordRule>),
    /// The account changed while the new password was being hashed: try again.
    #[error("the account changed meanwhile")]
    ChangedMeanwhile,
    /// Too many passwords are being hashed.
    #[error(transparent)]
    Busy(#[from] HasherBusy),
}

impl From<RepositoryError> for SetPasswordError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Stale => Self::ChangedMeanwhile,
            other => Self::Refused(other.into()),
        }
    }
}

impl From<FreshHashError> for SetPasswordError {
    fn from(error: FreshHashError) -> Self {
        match error {
            FreshHashError::Weak(broken) => Self::Weak(broken),
            FreshHashError::Busy(busy) => Self::Busy(busy),
            FreshHashError::Repository(error) => error.into(),
        }
    }
}

impl SetPassword {
    /// Replaces the password, for an administrator.
    #[tracing::instrument(target = "mif_trace", name = "SetPassword", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<(), SetPasswordError> {
        manage(core, actor, self.id).await?;
        replace_password(core, self.id, &self.password, Some(actor)).await
    }
}

async fn account(core: &Core, id: UserId) -> Stored<Option<User>> {
    let mut work = core.work.begin().await?;
    work.users().find_for_update(id).await
}

/// What [`SetPassword`] and the command line have in common.
pub(crate) async fn replace_password(
    core: &Core,
    id: UserId,
    password: &PlainPassword,
    actor: Option<&Actor>,
) -> Result<(), SetPasswordError> {
    let before = account(core, id).await?.ok_or(Refusal::NotFound)?;
    let hash = fresh_hash(core, &before, password).await?;

    let mut work = core.work.begin().await?;
    let now = core.clock.now();
    let origin = match actor {
        Some(actor) => {
            still_permitted(&mut *work, actor, Action::ManageUsers, now).await?;
            actor.origin()
        }
        None => AuditOrigin::default(),
    };
    let user = work.users().find_for_update(id).await?.ok_or(Refusal::NotFound)?;
    if user.password_hash != before.password_hash {
        return Err(SetPasswordError::ChangedMeanwhile);
    }
    put_in_force(&mut *work, user, hash, true, None, now).await?;
    // What was guessed at is gone.
    work.guesses().unlock(id).await?;
    work.audit().append(AuditEvent::success(AuditKind::PasswordReset, origin, now).on("user", id.0)).await?;
    work.commit().await?;
    core.sessions.forget_user(id);
    Ok(())
}
