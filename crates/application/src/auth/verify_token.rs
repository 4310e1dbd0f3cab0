//! Whether an access token is one of ours: asked before anything is looked up, so that a flood can be counted by session.

use mif_domain::sessions::{AccessClaims, SessionId};

use super::cache::TokenKey;
use super::{AuthenticateError, SessionCache};
use crate::Core;

/// Checks the signature and the claims of an access token.
#[derive(Debug)]
pub struct VerifyToken<'a> {
    /// What stood after `Bearer`.
    pub token: &'a str,
}

/// A token of ours that has not expired. Whether its session still lives is for
/// [`Authenticate`](super::Authenticate) to say.
#[derive(Debug, Clone)]
pub struct VerifiedToken {
    pub(super) key: TokenKey,
    pub(super) claims: AccessClaims,
}

impl VerifiedToken {
    /// Whose share of requests it counts against.
    pub fn session_id(&self) -> SessionId {
        self.claims.session_id
    }
}

impl VerifyToken<'_> {
    /// Verifies the signature at most once a second a token.
    pub fn run(self, core: &Core) -> Result<VerifiedToken, AuthenticateError> {
        let key = SessionCache::key(self.token);
        let (uptime, now) = (core.clock.uptime(), core.clock.now());
        let claims = match core.sessions.find_claims(&key, uptime, now) {
            Some(claims) => claims,
            None => core.access_tokens.verify(self.token, now)?,
        };
        Ok(VerifiedToken { key, claims })
    }
}
