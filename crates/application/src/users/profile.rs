//! Changing one's own account.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::queries::UserView;
use mif_domain::repository::{Constraint, RepositoryError};
use mif_domain::users::{EmailAddress, FullName, Language, PlainPassword};
use thiserror::Error;

use super::read::own_account;
use crate::access::Actor;
use crate::auth::{ChangePassword, ChangePasswordError};
use crate::{Change, Core};

/// Changes what one may change about oneself.
#[derive(Debug)]
pub struct UpdateProfile {
    /// The version that the caller saw, if they insist on it.
    pub expected_version: Option<i64>,
    /// The name as it is shown.
    pub full_name: Change<Option<FullName>>,
    /// The e-mail address.
    pub email: Change<EmailAddress>,
    /// The language.
    pub language: Change<Language>,
    /// The password as it is: needed for a new password and for a new e-mail address, which could be used to get one.
    pub current_password: Option<PlainPassword>,
    /// The password as it shall be.
    pub new_password: Option<PlainPassword>,
}

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UpdateProfileError {
    /// This change needs the current password.
    #[error("the current password is needed")]
    PasswordNeeded,
    /// The password was not changed.
    #[error(transparent)]
    Password(#[from] ChangePasswordError),
    /// It changed since the caller saw it.
    #[error("the user changed since it was read")]
    Stale,
    /// Somebody has this e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The database failed.
    #[error(transparent)]
    Repository(RepositoryError),
}

impl From<RepositoryError> for UpdateProfileError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Stale => Self::Stale,
            RepositoryError::Conflict(Constraint::EmailTaken) => Self::EmailTaken,
            other => Self::Repository(other),
        }
    }
}

impl UpdateProfile {
    /// Changes the profile, then the password: a profile that cannot be stored leaves the password alone.
    pub async fn run(mut self, core: &Core, actor: &Actor) -> Result<UserView, UpdateProfileError> {
        let account = own_account(core, actor).await?;
        if self.expected_version.is_some_and(|version| version != account.version) {
            return Err(UpdateProfileError::Stale);
        }
        let new_email = matches!(&self.email, Change::Set(email) if *email != account.email);
        if new_email || self.new_password.is_some() {
            let current = self.current_password.as_ref().ok_or(UpdateProfileError::PasswordNeeded)?;
            let right = core.hasher.verify(current, Some(&account.password_hash)).await;
            if !right.map_err(ChangePasswordError::from)? {
                return Err(ChangePasswordError::WrongPassword.into());
            }
        }
        let passwords = self.current_password.take().zip(self.new_password.take());
        if let Some((_, new)) = &passwords {
            let email = match &self.email {
                Change::Set(email) => email,
                Change::Keep => &account.email,
            };
            let broken = core.password_policy.broken_rules(new, &account.username, email);
            if !broken.is_empty() {
                return Err(ChangePasswordError::Weak(broken).into());
            }
        }
        let mut stored = self.write(core, actor).await?;
        if let Some((current, new)) = passwords {
            ChangePassword { current, new }.run(core, actor).await?;
            stored = UserView::from(own_account(core, actor).await?);
        }
        Ok(stored)
    }

    async fn write(self, core: &Core, actor: &Actor) -> Result<UserView, UpdateProfileError> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let mut user = work.users().find_for_update(actor.user_id()).await?.ok_or(RepositoryError::Stale)?;
        if self.expected_version.is_some_and(|version| version != user.version) {
            return Err(UpdateProfileError::Stale);
        }
        let changed = [
            self.full_name.apply(&mut user.full_name),
            self.email.apply(&mut user.email),
            self.language.apply(&mut user.language),
        ];
        if !changed.contains(&true) {
            return Ok(user.into());
        }
        let stored = work.users().update(&user, now).await?;
        let event = AuditEvent::success(AuditKind::UserUpdated, actor.origin(), now).on("user", stored.id.0);
        work.audit().append(event).await?;
        work.commit().await?;
        core.sessions.forget_user(stored.id);
        Ok(stored.into())
    }
}
