//! Signing in with a name and a password.

use std::time::Duration;

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::sessions::{ClientInfo, NewSession, Rotated, SessionLimits, TokenError};
use mif_domain::users::{HasherBusy, PlainPassword, SignInName, UserId};
use thiserror::Error;

use super::TokenPair;
use crate::Core;
use crate::access::RequestInfo;

/// Opens a session.
#[derive(Debug)]
pub struct LogIn {
    /// A username or an e-mail address, as typed.
    pub name: String,
    /// The password, as typed.
    pub password: String,
    /// What the session list will show.
    pub client: ClientInfo,
    /// For the audit trail.
    pub request: RequestInfo,
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LogInError {
    /// Unknown name, wrong password or closed account: nothing tells which.
    #[error("the name or the password is wrong")]
    Refused,
    /// Too many people are signing in.
    #[error(transparent)]
    Busy(#[from] HasherBusy),
    /// No key can sign a token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl LogIn {
    /// A failure is answered no sooner than this after it arrived, so that time does not tell why it failed.
    pub const FAILURE_AFTER: Duration = Duration::from_millis(400);

    /// Opens a session, or takes its time to refuse.
    pub async fn run(self, core: &Core) -> Result<TokenPair, LogInError> {
        let arrived = core.clock.uptime();
        let request = self.request.clone();
        let outcome = self.attempt(core).await;
        if let Err(Attempt::Refused(user)) = outcome {
            record_failure(core, &request, user).await?;
            let elapsed = core.clock.uptime().saturating_sub(arrived);
            tokio::time::sleep(Self::FAILURE_AFTER.saturating_sub(elapsed)).await;
            return Err(LogInError::Refused);
        }
        outcome.map_err(|attempt| match attempt {
            Attempt::Refused(_) => LogInError::Refused,
            Attempt::Failed(error) => error,
        })
    }

    async fn attempt(self, core: &Core) -> Result<TokenPair, Attempt> {
        let password = PlainPassword::parse(self.password).map_err(|_| Attempt::Refused(None))?;
        let credentials = match SignInName::parse(&self.name) {
            Some(name) => core.session_states.find_credentials(&name).await.map_err(LogInError::from)?,
            None => None,
        };
        let hash = credentials.as_ref().map(|found| &found.password_hash);
        let matches = core.hasher.verify(&password, hash).await.map_err(LogInError::from)?;
        let user = credentials.as_ref().map(|found| found.user_id);
        match credentials {
            Some(found) if matches && found.is_active => {
                // The hash took a while: rights are checked again inside the unit that opens the session.
                let pair = open_session(core, found.user_id, &found.password_hash, self.client, &self.request).await?;
                pair.ok_or(Attempt::Refused(user))
            }
            _ => Err(Attempt::Refused(user)),
        }
    }
}

enum Attempt {
    Refused(Option<UserId>),
    Failed(LogInError),
}

impl From<LogInError> for Attempt {
    fn from(error: LogInError) -> Self {
        Self::Failed(error)
    }
}

async fn open_session(
    core: &Core,
    user_id: UserId,
    verified: &mif_domain::users::PasswordHash,
    client: ClientInfo,
    request: &RequestInfo,
) -> Result<Option<TokenPair>, LogInError> {
    let refresh_token = core.refresh_tokens.generate();
    let token_hash = core.refresh_tokens.hash(&refresh_token);
    let mut work = core.work.begin().await?;
    let now = core.clock.now();
    let user = work.users().find_for_update(user_id).await?;
    let Some(user) = user.filter(|user| user.is_active && user.password_hash == *verified) else {
        return Ok(None);
    };
    work.sessions().revoke_oldest(user_id, SessionLimits::MAX_PER_USER - 1, now).await?;
    let session =
        NewSession { user_id, token_hash, client, created_at: now, expires_at: now + SessionLimits::LIFETIME };
    let session_id = work.sessions().insert(session).await?;
    work.users().record_login(user_id, now).await?;
    let event = AuditEvent::success(AuditKind::LoginSuccess, request.origin(Some(user_id)), now);
    work.audit().append(event.on("session", session_id.0)).await?;
    let opened = Rotated { session_id, user_id, role: user.role, generation: 1 };
    let pair = TokenPair::issue(core, &opened, refresh_token, now)?;
    work.commit().await?;
    Ok(Some(pair))
}

async fn record_failure(core: &Core, request: &RequestInfo, user: Option<UserId>) -> Stored<()> {
    let mut work = core.work.begin().await?;
    let event = AuditEvent::failure(AuditKind::LoginFailed, request.origin(user), core.clock.now());
    work.audit().append(event).await?;
    work.commit().await
}
