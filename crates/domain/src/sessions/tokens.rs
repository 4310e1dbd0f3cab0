//! The two tokens: a short-lived one that proves, and a long-lived one that renews.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

use super::SessionId;
use crate::clock::Instant;
use crate::users::{Role, UserId};

/// A refresh token as its owner holds it: 256 random bits, 43 characters of base64url. Never printed, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(Zeroizing<String>);

impl RefreshToken {
    /// Characters of a token: 32 bytes in base64url without padding.
    pub const LENGTH: usize = 43;

    /// Reads a presented token. `None` when it cannot be one, in which case nobody ever held it.
    pub fn parse(raw: &str) -> Option<Self> {
        let shaped =
            raw.len() == Self::LENGTH && raw.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        shaped.then(|| Self(Zeroizing::new(raw.to_owned())))
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(***)")
    }
}

/// The SHA-256 of a refresh token: all that the database ever sees of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// Makes refresh tokens and seals their successors.
pub trait RefreshTokens: Send + Sync + fmt::Debug {
    /// A fresh token.
    fn generate(&self) -> RefreshToken;

    /// Its SHA-256.
    fn hash(&self, token: &RefreshToken) -> TokenHash;

    /// Encrypts the successor under a key derived from the presented token, so that only somebody who holds the old
    /// token can read the new one: neither the database nor the server's keys reveal it.
    fn seal(&self, presented: &RefreshToken, successor: &RefreshToken) -> Vec<u8>;

    /// The reverse of [`RefreshTokens::seal`]; `None` when it was sealed by another token or was changed.
    fn open(&self, presented: &RefreshToken, sealed: &[u8]) -> Option<RefreshToken>;
}

/// What an access token says. `iss`, `aud`, `iat`, `nbf` and `jti` are the issuer's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// `sub`.
    pub user_id: UserId,
    /// `sid`.
    pub session_id: SessionId,
    /// `gen`: with which generation of the refresh token it was handed out.
    pub generation: i64,
    /// `role`, for the client's information: the database's role decides.
    pub role: Role,
    /// `exp`.
    pub expires_at: Instant,
}

/// Why an access token does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// It is not ours, was changed, or is not an access token.
    #[error("the token is not valid")]
    Invalid,
    /// No key can sign or verify at the moment.
    #[error("no usable key")]
    NoKey,
}

/// A public key as RFC 7517 publishes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// `kid`.
    pub key_id: String,
    /// `alg`.
    pub algorithm: &'static str,
    /// `kty` and the parameters of that type, by their registered names.
    pub parameters: Vec<(&'static str, String)>,
}

/// Issues and verifies access tokens.
pub trait AccessTokens: Send + Sync + fmt::Debug {
    /// Signs the claims with the current key.
    fn issue(&self, claims: &AccessClaims, issued_at: Instant) -> Result<String, TokenError>;

    /// Reads a token. MUST take the key by `kid` from our own set and the algorithm from that key, MUST refuse any `typ`
    /// other than `at+jwt`, any issuer or audience other than ours, and MUST ignore `jku`, `x5u` and `jwk`. The leeway
    /// is at most 5 s.
    fn verify(&self, token: &str, now: Instant) -> Result<AccessClaims, TokenError>;

    /// Whether a key may sign now.
    fn can_sign(&self, now: Instant) -> bool;

    /// Every key that may still have signed a living token.
    fn public_keys(&self) -> Vec<PublicKey>;
}
