//! Who is behind an access token.

use std::sync::Arc;

use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::sessions::{SessionState, TokenError};
use thiserror::Error;

use super::VerifiedToken;
use crate::Core;

/// Finds the live session behind an access token.
#[derive(Debug)]
pub struct Authenticate<'a> {
    /// The token, verified for this very request.
    pub token: &'a VerifiedToken,
}

/// Why a token does not let its bearer in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuthenticateError {
    /// It was good once; refresh it.
    #[error("the access token has expired")]
    Expired,
    /// It is not one of ours.
    #[error("the access token is not valid")]
    Invalid,
    /// Its session was ended, or its user closed.
    #[error("the session has ended")]
    SessionEnded,
    /// No key can verify it at the moment.
    #[error("no usable key")]
    NoKey,
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<TokenError> for AuthenticateError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Expired => Self::Expired,
            TokenError::Invalid => Self::Invalid,
            TokenError::NoKey => Self::NoKey,
        }
    }
}

impl Authenticate<'_> {
    /// Looks the session up, at most once a second a token.
    pub async fn run(self, core: &Core) -> Result<Arc<SessionState>, AuthenticateError> {
        let VerifiedToken { key, claims } = self.token;
        let (read_at, now) = (core.clock.uptime(), core.clock.now());
        if let Some(state) = core.sessions.find(key, read_at, now) {
            return Ok(state);
        }
        let epoch = core.sessions.epoch();
        let mut state = core
            .session_states
            .find_session_state(claims.session_id, now)
            .await?
            .ok_or(AuthenticateError::SessionEnded)?;
        if state.user_id != claims.user_id || claims.generation > state.generation {
            return Err(AuthenticateError::Invalid);
        }
        if claims.generation > state.acked_generation {
            acknowledge(core, &state, claims.generation).await?;
            state.acked_generation = claims.generation;
        }
        let state = Arc::new(state);
        core.sessions.keep(*key, Arc::clone(&state), claims.clone(), read_at, epoch);
        Ok(state)
    }
}

/// The bearer has received what came with this generation: the previous refresh token has had its day.
async fn acknowledge(core: &Core, state: &SessionState, generation: i64) -> Stored<()> {
    let mut work = core.work.begin().await?;
    work.sessions().acknowledge(state.session_id, generation, core.clock.now()).await?;
    work.commit().await
}
