//! Changing one's own password.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::repository::RepositoryError;
use mif_domain::users::{HasherBusy, PasswordRule, PlainPassword};
use thiserror::Error;

use super::prove_password;
use crate::Core;
use crate::access::Actor;
use crate::users::history::{FreshHashError, fresh_hash, put_in_force};
use crate::users::own_account;

/// Replaces the actor's password. Every other session of theirs ends.
#[derive(Debug)]
pub struct ChangePassword {
    /// The password as it is.
    pub current: PlainPassword,
    /// The password as it shall be.
    pub new: PlainPassword,
}

/// Why it was not changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChangePasswordError {
    /// The current password is not this one, or too many wrong ones were tried: nothing tells which.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The new one is not good enough.
    #[error("the new password breaks {0:?}")]
    Weak(Vec<PasswordRule>),
    /// The account changed while the new password was being hashed: try again.
    #[error("the account changed meanwhile")]
    ChangedMeanwhile,
    /// Too many passwords are being hashed.
    #[error(transparent)]
    Busy(#[from] HasherBusy),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<FreshHashError> for ChangePasswordError {
    fn from(error: FreshHashError) -> Self {
        match error {
            FreshHashError::Weak(broken) => Self::Weak(broken),
            FreshHashError::Busy(busy) => Self::Busy(busy),
            FreshHashError::Repository(error) => Self::Repository(error),
        }
    }
}

impl ChangePassword {
    /// Checks, hashes, checks again, writes.
    #[tracing::instrument(target = "mif_trace", name = "ChangePassword", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<(), ChangePasswordError> {
        let before = own_account(core, actor).await?;
        prove_password(core, actor, &before, &self.current).await?;
        let hash = fresh_hash(core, &before, &self.new).await?;

        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let user = work.users().find_for_update(actor.user_id()).await?;
        let user = user
            .filter(|user| user.is_active && user.password_hash == before.password_hash)
            .ok_or(ChangePasswordError::ChangedMeanwhile)?;
        if !work.sessions().is_live(actor.session_id(), now).await? {
            return Err(ChangePasswordError::ChangedMeanwhile);
        }
        let (user, ended) = put_in_force(&mut *work, user, hash, false, Some(actor.session_id()), now).await?;
        let event = AuditEvent::success(AuditKind::PasswordChanged, actor.origin(), now)
            .on("user", user.id.0)
            .with("sessions_ended", ended.to_string());
        work.audit().append(event).await?;
        work.commit().await?;
        core.sessions.forget_user(user.id);
        Ok(())
    }
}
