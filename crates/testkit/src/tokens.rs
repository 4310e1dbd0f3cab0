//! Tokens that anybody can read.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mif_domain::Instant;
use mif_domain::sessions::{
    AccessClaims, AccessTokens, PublicKey, RefreshToken, RefreshTokens, SessionId, TokenError, TokenHash,
};
use mif_domain::users::{Role, UserId};

use crate::entropy::mix;

/// Access tokens in plain text: `fake.user.session.generation.role.expiry.number`. Expires like the real one, without leeway.
#[derive(Debug, Default)]
pub struct FakeAccessTokens {
    issued: AtomicU64,
    keyless: AtomicBool,
}

impl FakeAccessTokens {
    /// Whether there is no key from now on.
    pub fn set_keyless(&self, keyless: bool) {
        self.keyless.store(keyless, Ordering::SeqCst);
    }

    /// What a token says, however old it is.
    pub fn read(token: &str) -> Option<AccessClaims> {
        let mut parts = token.strip_prefix("fake.")?.split('.');
        let mut number = || parts.next()?.parse::<i64>().ok();
        let (user, session, generation) = (number()?, number()?, number()?);
        let role = Role::from_stored(parts.next()?)?;
        let expires_at = Instant::from_timestamp_micros(parts.next()?.parse().ok()?)?;
        Some(AccessClaims { user_id: UserId(user), session_id: SessionId(session), generation, role, expires_at })
    }

    fn key(&self) -> Result<(), TokenError> {
        if self.keyless.load(Ordering::SeqCst) { Err(TokenError::NoKey) } else { Ok(()) }
    }
}

impl AccessTokens for FakeAccessTokens {
    fn issue(&self, claims: &AccessClaims, _issued_at: Instant) -> Result<String, TokenError> {
        self.key()?;
        Ok(format!(
            "fake.{}.{}.{}.{}.{}.{}",
            claims.user_id.0,
            claims.session_id.0,
            claims.generation,
            claims.role.as_str(),
            claims.expires_at.timestamp_micros(),
            self.issued.fetch_add(1, Ordering::SeqCst),
        ))
    }

    fn verify(&self, token: &str, now: Instant) -> Result<AccessClaims, TokenError> {
        self.key()?;
        let claims = Self::read(token).ok_or(TokenError::Invalid)?;
        if claims.expires_at <= now { Err(TokenError::Expired) } else { Ok(claims) }
    }

    fn can_sign(&self, _: Instant) -> bool {
        self.key().is_ok()
    }

    fn public_keys(&self) -> Vec<PublicKey> {
        Vec::new()
    }
}

/// Refresh tokens that count, sealed by writing both tokens down.
#[derive(Debug, Default)]
pub struct FakeRefreshTokens(AtomicU64);

impl FakeRefreshTokens {
    /// The `n`-th token, 1 being the first that is generated.
    pub fn nth(n: u64) -> RefreshToken {
        RefreshToken::parse(&format!("fake-refresh-{n:030}")).expect("43 characters")
    }

    /// The hash that stands for a token.
    pub fn hash_of(token: &RefreshToken) -> TokenHash {
        let mut hash = [0; 32];
        let mut state = 0;
        for (index, byte) in token.expose().bytes().enumerate() {
            state = mix(state ^ (u64::from(byte) + 1));
            for (place, part) in hash.iter_mut().skip((index % 4) * 8).zip(state.to_le_bytes()) {
                *place ^= part;
            }
        }
        TokenHash(hash)
    }
}

impl RefreshTokens for FakeRefreshTokens {
    fn generate(&self) -> RefreshToken {
        Self::nth(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn hash(&self, token: &RefreshToken) -> TokenHash {
        Self::hash_of(token)
    }

    fn seal(&self, presented: &RefreshToken, successor: &RefreshToken) -> Vec<u8> {
        format!("{}|{}", presented.expose(), successor.expose()).into_bytes()
    }

    fn open(&self, presented: &RefreshToken, sealed: &[u8]) -> Option<RefreshToken> {
        let text = std::str::from_utf8(sealed).ok()?;
        RefreshToken::parse(text.strip_prefix(presented.expose())?.strip_prefix('|')?)
    }
}
