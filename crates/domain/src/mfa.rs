//! The second factor of a sign-in: a time-based code (RFC 6238), or one of a few recovery codes. The database holds the
//! secret sealed, and of everything else that opens an account only hashes.

use async_trait::async_trait;
use chrono::TimeDelta;

use crate::clock::Instant;
use crate::repository::Stored;
use crate::secrets::SealedSecret;
use crate::users::UserId;

/// How much of everything.
#[derive(Debug, Clone, Copy)]
pub struct MfaLimits;

impl MfaLimits {
    /// Recovery codes that are handed out at once.
    pub const RECOVERY_CODES: usize = 10;
    /// A sign-in waits for its code so long.
    pub const CHALLENGE: TimeDelta = TimeDelta::minutes(5);
    /// Codes that may be tried for one sign-in.
    pub const TRIES: u32 = 5;
}

/// The SHA-256 of a recovery code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecoveryCodeHash(pub [u8; 32]);

/// The SHA-256 of the token of a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChallengeHash(pub [u8; 32]);

/// A second factor, or one that is not proven yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// What codes are computed from.
    pub secret: SealedSecret,
    /// Whether its owner has shown a code of it. Before that it opens nothing.
    pub is_confirmed: bool,
}

/// A sign-in whose password was right and that waits for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The hash of its token.
    pub token_hash: ChallengeHash,
    /// Who signs in.
    pub user_id: UserId,
    /// When the password that was right was set: with another one, the challenge is void.
    pub password_set_at: Instant,
    /// Until when it waits.
    pub expires_at: Instant,
}

/// Second factors inside a unit of work: at most one a user. Whoever also locks the user's row does that first.
#[async_trait]
pub trait MfaRepository: Send {
    /// Keeps a secret until it is confirmed, in place of the one that waited. MUST be decided by one statement. `false`:
    /// the user has a confirmed one, and nothing changed.
    async fn enrol(&mut self, user: UserId, secret: &SealedSecret) -> Stored<bool>;

    /// The second factor of a user, confirmed or not.
    async fn find(&mut self, user: UserId) -> Stored<Option<Enrolment>>;

    /// Confirms the secret that waits, if it is still this one, by a code of a time step. MUST be decided by one
    /// statement.
    async fn confirm(&mut self, user: UserId, secret: &SealedSecret, step: i64) -> Stored<bool>;

    /// Uses a time step of a confirmed factor up, and every one before it. MUST be decided by one statement: of any
    /// number of callers exactly one gets `true` for a step.
    async fn use_step(&mut self, user: UserId, step: i64) -> Stored<bool>;

    /// Replaces every recovery code of a user.
    async fn replace_recovery_codes(&mut self, user: UserId, codes: &[RecoveryCodeHash]) -> Stored<()>;

    /// Uses a recovery code up. MUST be decided by one statement: of any number of callers exactly one gets `true`.
    async fn consume_recovery_code(&mut self, user: UserId, code: &RecoveryCodeHash) -> Stored<bool>;

    /// Forgets the factor of a user, its recovery codes and every sign-in that waits for a code. Returns whether there
    /// was a factor.
    async fn remove(&mut self, user: UserId) -> Stored<bool>;

    /// Keeps a challenge, with [`MfaLimits::TRIES`].
    async fn challenge(&mut self, challenge: &Challenge) -> Stored<()>;

    /// Takes one of the tries of a challenge. MUST be decided by one statement: of any number of callers at most
    /// [`MfaLimits::TRIES`] get `Some`, and none once it has expired.
    async fn try_challenge(&mut self, token: &ChallengeHash, at: Instant) -> Stored<Option<Challenge>>;

    /// Ends a challenge whose code was right. Exactly one caller gets `true`.
    async fn close_challenge(&mut self, token: &ChallengeHash) -> Stored<bool>;

    /// For a change of keys: the next secret, by user after `after`, that is not sealed with `key_id`.
    async fn next_not_sealed_with(
        &mut self,
        key_id: &str,
        after: Option<UserId>,
    ) -> Stored<Option<(UserId, SealedSecret)>>;

    /// Puts the same secret there as it is sealed now, unless it is another one meanwhile.
    async fn reseal(&mut self, user: UserId, from: &SealedSecret, to: &SealedSecret) -> Stored<bool>;

    /// Deletes challenges that have expired, at most [`PURGED`](crate::repository::PURGED) a call. Returns how many.
    async fn purge(&mut self, at: Instant) -> Stored<u64>;
}
