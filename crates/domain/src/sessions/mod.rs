//! Sessions: one per sign-in, kept alive by a refresh token that changes at every use.

mod repository;
mod session;
mod tokens;

pub use repository::{RevokeReason, Rotated, Rotation, SessionRepository, Successor};
pub use session::{ClientInfo, NewSession, SessionId, SessionLimits, SessionState};
pub use tokens::{AccessClaims, AccessTokens, PublicKey, RefreshToken, RefreshTokens, TokenError, TokenHash};
