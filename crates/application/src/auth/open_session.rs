//! Opening a session for somebody who has shown everything that was asked for.

use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::repository::RepositoryError;
use mif_domain::sessions::{ClientInfo, NewSession, Rotated, SessionLimits, TokenError};
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::User;
use thiserror::Error;

use super::TokenPair;
use super::guess::Guess;
use crate::Core;

/// A session about to be opened. The caller MUST have locked the user's row in the unit that it hands in.
pub(super) struct OpenSession<'a> {
    pub(super) user: &'a User,
    pub(super) client: &'a ClientInfo,
    pub(super) guess: &'a Guess<'a>,
}

/// Why it was not opened.
#[derive(Debug, Error)]
pub(super) enum OpenSessionError {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl OpenSession<'_> {
    /// Everything but the commit.
    pub(super) async fn run(
        self,
        core: &Core,
        work: &mut dyn UnitOfWork,
        now: Instant,
    ) -> Result<TokenPair, OpenSessionError> {
        let user_id = self.user.id;
        let refresh_token = core.refresh_tokens.generate();
        let token_hash = core.refresh_tokens.hash(&refresh_token);
        work.sessions().revoke_oldest(user_id, SessionLimits::MAX_PER_USER - 1, now).await?;
        let client = self.client.clone();
        let session =
            NewSession { user_id, token_hash, client, created_at: now, expires_at: now + SessionLimits::LIFETIME };
        let session_id = work.sessions().insert(session).await?;
        work.users().record_login(user_id, now).await?;
        self.guess.forget(work).await?;
        let event = AuditEvent::success(AuditKind::LoginSuccess, self.guess.request.origin(Some(user_id)), now);
        work.audit().append(event.on("session", session_id.0)).await?;
        let opened = Rotated { session_id, user_id, role: self.user.role, generation: 1 };
        Ok(TokenPair::issue(core, &opened, refresh_token, now)?)
    }
}
