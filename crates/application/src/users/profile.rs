//! Changing one's own account.

use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::letter_tokens::LetterLimits;
use mif_domain::outbox::OutboxMessage;
use mif_domain::repository::{Constraint, RepositoryError};
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::{EmailAddress, FullName, Language, PasswordHash, PlainPassword, User};
use thiserror::Error;

use super::history::{fresh_hash, put_in_force};
use super::read::{OwnAccount, own_account};
use crate::access::{Actor, ExpectedVersion, Refusal};
use crate::auth::{ChangePasswordError, prove_password};
use crate::{Change, Core};

/// Changes what one may change about oneself.
#[derive(Debug)]
pub struct UpdateProfile {
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
    /// The name as it is shown.
    pub full_name: Change<Option<FullName>>,
    /// The e-mail address. A new one counts once it is confirmed with the letter that is sent to it.
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
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// This change needs the current password.
    #[error("the current password is needed")]
    PasswordNeeded,
    /// The password was not changed.
    #[error(transparent)]
    Password(#[from] ChangePasswordError),
    /// Somebody has this e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
}

impl From<RepositoryError> for UpdateProfileError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Conflict(Constraint::EmailTaken) => Self::EmailTaken,
            other => Self::Refused(other.into()),
        }
    }
}

impl UpdateProfile {
    /// Checks and hashes first, then writes profile and password together, or neither.
    #[tracing::instrument(target = "mif_trace", name = "UpdateProfile", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<OwnAccount, UpdateProfileError> {
        let account = own_account(core, actor).await?;
        self.expected_version.check(account.version)?;
        let new_email = matches!(&self.email, Change::Set(email) if *email != account.email);
        let sensitive = new_email || self.new_password.is_some();
        if sensitive {
            let current = self.current_password.as_ref().ok_or(UpdateProfileError::PasswordNeeded)?;
            prove_password(core, actor, &account, current).await?;
        }
        let hash = match &self.new_password {
            Some(new) => Some(self.checked_hash(core, &account, new).await?),
            None => None,
        };

        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let user = work.users().find_for_update(actor.user_id()).await?.ok_or(Refusal::Stale)?;
        self.expected_version.check(user.version)?;
        // While the password was being checked, it may have been replaced and this session ended.
        let proved = user.is_active && user.password_hash == account.password_hash;
        if sensitive && !(proved && work.sessions().is_live(actor.session_id(), now).await?) {
            return Err(ChangePasswordError::ChangedMeanwhile.into());
        }
        let stored = self.write(&mut *work, user, hash, actor, now).await?;
        work.commit().await?;
        core.sessions.forget_user(stored.id);
        Ok(OwnAccount::of(stored.into(), core).await?)
    }

    async fn checked_hash(
        &self,
        core: &Core,
        account: &User,
        new: &PlainPassword,
    ) -> Result<PasswordHash, ChangePasswordError> {
        if let Change::Set(wanted) = &self.email {
            let broken = core.password_policy.broken_rules(new, &account.username, wanted);
            if !broken.is_empty() {
                return Err(ChangePasswordError::Weak(broken));
            }
        }
        Ok(fresh_hash(core, account, new).await?)
    }

    async fn write(
        self,
        work: &mut dyn UnitOfWork,
        mut user: User,
        hash: Option<PasswordHash>,
        actor: &Actor,
        now: Instant,
    ) -> Result<User, UpdateProfileError> {
        let changed = [self.full_name.apply(&mut user.full_name), self.language.apply(&mut user.language)];
        let profile_changed = changed.contains(&true);
        if let Some(hash) = hash {
            (user, _) = put_in_force(work, user, hash, false, Some(actor.session_id()), now).await?;
            let event = AuditEvent::success(AuditKind::PasswordChanged, actor.origin(), now).on("user", user.id.0);
            work.audit().append(event).await?;
        } else if profile_changed {
            user = work.users().update(&user, now).await?;
        }
        if profile_changed {
            let event = AuditEvent::success(AuditKind::UserUpdated, actor.origin(), now).on("user", user.id.0);
            work.audit().append(event).await?;
        }
        // After the password, which makes every letter before it worthless.
        if let Change::Set(email) = self.email
            && email != user.email
        {
            want_email(work, &user, email, now).await?;
        }
        Ok(user)
    }
}

/// Leaves the address as it is until the new one is confirmed, so that nobody can take an account along to an address
/// that they only claim to read.
async fn want_email(
    work: &mut dyn UnitOfWork,
    user: &User,
    address: EmailAddress,
    now: Instant,
) -> Result<(), UpdateProfileError> {
    if work.users().email_exists(&address, user.id).await? {
        return Err(UpdateProfileError::EmailTaken);
    }
    work.letter_tokens().request_email(user.id, &address, now + LetterLimits::CONFIRMATION).await?;
    let message = OutboxMessage::SendEmailConfirmation { user_id: user.id, address };
    Ok(work.outbox().enqueue(message, now).await?)
}
