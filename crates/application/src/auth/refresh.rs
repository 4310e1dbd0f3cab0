//! Renewing a session with its refresh token: five rules, tried in order. Each is one conditional
//! statement of the repository, so that the database decides between any number of callers.

use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::outbox::OutboxMessage;
use mif_domain::repository::RepositoryError;
use mif_domain::sessions::{RefreshToken, Rotation, TokenError, TokenHash};
use mif_domain::unit_of_work::UnitOfWork;
use thiserror::Error;

use super::TokenPair;
use crate::Core;
use crate::access::RequestInfo;

/// Exchanges a refresh token for a new pair.
#[derive(Debug)]
pub struct Refresh {
    /// The token, as it was presented.
    pub token: String,
    /// For the audit trail.
    pub request: RequestInfo,
}

/// Why there is no new pair.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RefreshError {
    /// The token does not renew anything (any more): sign in again.
    #[error("the refresh token is not valid")]
    Refused,
    /// No key can sign a token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl Refresh {
    /// Rotates, repeats a lost answer, or refuses.
    #[tracing::instrument(target = "mif_trace", name = "Refresh", skip_all)]
    pub async fn run(self, core: &Core) -> Result<TokenPair, RefreshError> {
        let Some(presented) = RefreshToken::parse(&self.token) else {
            counted("refused");
            return Err(RefreshError::Refused);
        };
        let hash = core.refresh_tokens.hash(&presented);
        let successor = core.refresh_tokens.generate();
        let rotation = Rotation {
            presented: hash,
            successor: core.refresh_tokens.hash(&successor),
            sealed_successor: core.refresh_tokens.seal(&presented, &successor),
            at: core.clock.now(),
        };
        let mut work = core.work.begin().await?;

        // Rule 1: the current token.
        let rotated = work.sessions().rotate(&rotation).await?;
        if let Some(session) = rotated {
            let origin = self.request.origin(Some(session.user_id));
            let event = AuditEvent::success(AuditKind::TokenRefreshed, origin, rotation.at);
            work.audit().append(event.on("session", session.session_id.0)).await?;
            let pair = TokenPair::issue(core, &session, successor, rotation.at)?;
            work.commit().await?;
            counted("rotated");
            return Ok(pair);
        }

        // Rule 2: the previous one, when the answer may not have arrived. Nothing was written.
        let found = work.sessions().find_successor(&hash, rotation.at).await?;
        if let Some(found) = found {
            let again = core
                .refresh_tokens
                .open(&presented, &found.sealed)
                .ok_or_else(|| RepositoryError::Corrupt("a sealed successor does not open".to_owned()))?;
            counted("repeated");
            return Ok(TokenPair::issue(core, &found.session, again, rotation.at)?);
        }

        // Rules 3, 4 and 5: refused, and if the token was used up, the session with it.
        let reused = self.end_if_reused(core, work, &hash, rotation.at).await?;
        counted(if reused { "reused" } else { "refused" });
        Err(RefreshError::Refused)
    }

    async fn end_if_reused(
        &self,
        core: &Core,
        mut work: Box<dyn UnitOfWork>,
        hash: &TokenHash,
        at: Instant,
    ) -> Result<bool, RepositoryError> {
        let reused = work.sessions().revoke_if_reused(hash, at).await?;
        let Some((session_id, user_id)) = reused else { return Ok(false) };
        let event = AuditEvent::failure(AuditKind::TokenReuseDetected, self.request.origin(Some(user_id)), at);
        work.audit().append(event.on("session", session_id.0)).await?;
        work.outbox().enqueue(OutboxMessage::WarnOfTokenReuse { user_id, session_id }, at).await?;
        work.commit().await?;
        core.sessions.forget_session(session_id);
        tracing::warn!(
            session_id = session_id.0,
            user_id = user_id.0,
            "a used-up refresh token came back: session ended"
        );
        Ok(true)
    }
}

fn counted(outcome: &'static str) {
    metrics::counter!("auth_refreshes_total", "outcome" => outcome).increment(1);
}
