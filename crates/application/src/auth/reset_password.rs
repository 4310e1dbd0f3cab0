//! Setting a password with a token from a letter: a forgotten one, or the first one after an invitation.

use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::letter_tokens::LetterTokenHash;
use mif_domain::repository::RepositoryError;
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::{HasherBusy, PasswordRule, PlainPassword, User};
use thiserror::Error;

use crate::Core;
use crate::access::RequestInfo;
use crate::letter_token::LetterToken;
use crate::users::history::{FreshHashError, fresh_hash, put_in_force};

/// Sets the password of whoever the token was sent to.
#[derive(Debug)]
pub struct ResetPassword {
    /// The token as it was presented.
    pub token: String,
    /// The password as it shall be.
    pub new: PlainPassword,
    /// For the audit trail.
    pub request: RequestInfo,
}

/// Why it was not set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ResetPasswordError {
    /// Unknown, expired, replaced or used already, or of a closed account: nothing tells which.
    #[error("the token does not reset any password")]
    InvalidToken,
    /// The password is not good enough. The token still works.
    #[error("the new password breaks {0:?}")]
    Weak(Vec<PasswordRule>),
    /// Too many passwords are being hashed.
    #[error(transparent)]
    Busy(#[from] HasherBusy),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<FreshHashError> for ResetPasswordError {
    fn from(error: FreshHashError) -> Self {
        match error {
            FreshHashError::Weak(broken) => Self::Weak(broken),
            FreshHashError::Busy(busy) => Self::Busy(busy),
            FreshHashError::Repository(error) => Self::Repository(error),
        }
    }
}

impl ResetPassword {
    /// Checks and hashes first; then uses the token up, sets the password and ends every session, or does nothing of it.
    #[tracing::instrument(target = "mif_trace", name = "ResetPassword", skip_all)]
    pub async fn run(self, core: &Core) -> Result<(), ResetPasswordError> {
        let token = LetterToken::parse(&self.token).ok_or(ResetPasswordError::InvalidToken)?.hash();
        let account = {
            let mut work = core.work.begin().await?;
            holder(&mut *work, &token, core.clock.now()).await?
        };
        let hash = fresh_hash(core, &account, &self.new).await?;

        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let user = holder(&mut *work, &token, now).await?;
        if user.password_hash != account.password_hash {
            // Whoever changed it did so with the right password: what the letter was for is done.
            return Err(ResetPasswordError::InvalidToken);
        }
        work.letter_tokens().consume_reset(&token, now).await?.ok_or(ResetPasswordError::InvalidToken)?;
        let user_id = user.id;
        put_in_force(&mut *work, user, hash, false, None, now).await?;
        // What was guessed at is gone.
        work.guesses().unlock(user_id).await?;
        let event = AuditEvent::success(AuditKind::PasswordReset, self.request.origin(Some(user_id)), now);
        work.audit().append(event.on("user", user_id.0).with("by", "letter")).await?;
        work.commit().await?;
        core.sessions.forget_user(user_id);
        Ok(())
    }
}

/// The user's row is locked before the token is touched, here and wherever tokens are made.
async fn holder(work: &mut dyn UnitOfWork, token: &LetterTokenHash, now: Instant) -> Result<User, ResetPasswordError> {
    let user = work.letter_tokens().find_reset(token, now).await?.ok_or(ResetPasswordError::InvalidToken)?;
    let user = work.users().find_for_update(user).await?;
    user.filter(|user| user.is_active).ok_or(ResetPasswordError::InvalidToken)
}
