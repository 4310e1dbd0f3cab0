//! Confirming a new e-mail address with a token from a letter to it.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::repository::{Constraint, RepositoryError};
use thiserror::Error;

use super::email::tell_old_address;
use crate::Core;
use crate::access::RequestInfo;
use crate::letter_token::LetterToken;

/// Makes the address that a letter was sent to the user's own.
#[derive(Debug)]
pub struct ConfirmEmail {
    /// The token as it was presented.
    pub token: String,
    /// For the audit trail.
    pub request: RequestInfo,
}

/// Why the address stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfirmEmailError {
    /// Unknown, expired, replaced or used already, or of a closed account: nothing tells which.
    #[error("the token does not confirm any address")]
    InvalidToken,
    /// Somebody got this address meanwhile.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The database failed.
    #[error(transparent)]
    Repository(RepositoryError),
}

impl From<RepositoryError> for ConfirmEmailError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Conflict(Constraint::EmailTaken) => Self::EmailTaken,
            other => Self::Repository(other),
        }
    }
}

impl ConfirmEmail {
    /// Uses the token up and changes the address, or does neither. The old address is told.
    #[tracing::instrument(target = "mif_trace", name = "ConfirmEmail", skip_all)]
    pub async fn run(self, core: &Core) -> Result<(), ConfirmEmailError> {
        let token = LetterToken::parse(&self.token).ok_or(ConfirmEmailError::InvalidToken)?.hash();
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let id = work.letter_tokens().find_confirmation(&token, now).await?.ok_or(ConfirmEmailError::InvalidToken)?;
        let user = work.users().find_for_update(id).await?;
        let mut user = user.filter(|user| user.is_active).ok_or(ConfirmEmailError::InvalidToken)?;
        let confirmed = work.letter_tokens().consume_confirmation(&token, now).await?;
        let (_, email) = confirmed.ok_or(ConfirmEmailError::InvalidToken)?;
        let old = std::mem::replace(&mut user.email, email);
        let user = work.users().update(&user, now).await?;
        tell_old_address(&mut *work, &user, old, now).await?;
        let event = AuditEvent::success(AuditKind::UserUpdated, self.request.origin(Some(id)), now);
        work.audit().append(event.on("user", id.0).with("fields", "email")).await?;
        work.commit().await?;
        core.sessions.forget_user(id);
        Ok(())
    }
}
