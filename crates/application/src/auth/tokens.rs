//! What a sign-in and a refresh hand out.

use mif_domain::Instant;
use mif_domain::sessions::{AccessClaims, RefreshToken, Rotated, SessionLimits, TokenError};

use crate::Core;

/// An access token and the refresh token that renews it.
#[derive(Debug, Clone)]
pub struct TokenPair {
    /// A signed JWT.
    pub access_token: String,
    /// The secret that gets the next pair.
    pub refresh_token: RefreshToken,
    /// How long the access token is good, in seconds.
    pub expires_in: i64,
}

impl TokenPair {
    pub(super) fn issue(
        core: &Core,
        session: &Rotated,
        refresh_token: RefreshToken,
        at: Instant,
    ) -> Result<Self, TokenError> {
        let claims = AccessClaims {
            user_id: session.user_id,
            session_id: session.session_id,
            generation: session.generation,
            role: session.role,
            expires_at: at + SessionLimits::ACCESS_TOKEN,
        };
        let access_token = core.access_tokens.issue(&claims, at)?;
        Ok(Self { access_token, refresh_token, expires_in: SessionLimits::ACCESS_TOKEN.num_seconds() })
    }
}
