//! Giving somebody a temporary password.

use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::repository::RepositoryError;
use mif_domain::sessions::RevokeReason;
use mif_domain::users::{HasherBusy, PasswordRule, PlainPassword, UserId};
use thiserror::Error;

use super::read::manage;
use crate::Core;
use crate::access::{Action, Actor, Denied, RecheckError, Refusal, still_permitted};

/// Replaces somebody's password. Every session of theirs ends, and the next one may only change the password.
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
    /// There is none that the actor may see.
    #[error("no such user")]
    NotFound,
    /// Passwords of others are set by administrators.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The password is not good enough.
    #[error("the password breaks {0:?}")]
    Weak(Vec<PasswordRule>),
    /// Too many passwords are being hashed.
    #[error(transparent)]
    Busy(#[from] HasherBusy),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<Refusal> for SetPasswordError {
    fn from(error: Refusal) -> Self {
        match error {
            Refusal::NotFound => Self::NotFound,
            Refusal::Denied(denied) => Self::Denied(denied),
            Refusal::Repository(error) => Self::Repository(error),
        }
    }
}

impl From<RecheckError> for SetPasswordError {
    fn from(error: RecheckError) -> Self {
        match error {
            RecheckError::Denied(denied) => Self::Denied(denied),
            RecheckError::Repository(error) => Self::Repository(error),
        }
    }
}

impl SetPassword {
    /// Replaces the password, for an administrator.
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<(), SetPasswordError> {
        manage(core, actor, self.id).await?;
        replace_password(core, self.id, &self.password, Some(actor)).await
    }
}

/// What [`SetPassword`] and the command line have in common.
pub(crate) async fn replace_password(
    core: &Core,
    id: UserId,
    password: &PlainPassword,
    actor: Option<&Actor>,
) -> Result<(), SetPasswordError> {
    let scope = mif_domain::queries::UserScope::All;
    let account = core.queries.find_user(id, scope).await?.ok_or(SetPasswordError::NotFound)?;
    let broken = core.password_policy.broken_rules(password, &account.username, &account.email);
    if !broken.is_empty() {
        return Err(SetPasswordError::Weak(broken));
    }
    let hash = core.hasher.hash(password).await?;

    let mut work = core.work.begin().await?;
    let now = core.clock.now();
    let origin = match actor {
        Some(actor) => {
            still_permitted(&mut *work, actor, Action::ManageUsers, now).await?;
            actor.origin()
        }
        None => AuditOrigin::default(),
    };
    let mut user = work.users().find_for_update(id).await?.ok_or(SetPasswordError::NotFound)?;
    user.set_password(hash, true, now);
    work.users().update(&user, now).await?;
    work.letter_tokens().forget(id).await?;
    work.sessions().revoke_all(id, None, RevokeReason::PasswordChanged, now).await?;
    work.audit().append(AuditEvent::success(AuditKind::PasswordReset, origin, now).on("user", id.0)).await?;
    work.commit().await?;
    core.sessions.forget_user(id);
    Ok(())
}
