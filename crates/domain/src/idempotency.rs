//! `Idempotency-Key`: a request that may be sent again without being done again.

use async_trait::async_trait;
use chrono::TimeDelta;
use thiserror::Error;

use crate::clock::Instant;
use crate::repository::Stored;
use crate::users::UserId;

/// The key that a client chose: 1 to 255 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// A key that is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be 1 to 255 printable ASCII characters")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// Parses a header value.
    pub fn parse(raw: &str) -> Result<Self, IdempotencyKeyError> {
        let fits = (1..=255).contains(&raw.len()) && raw.bytes().all(|b| (0x20..=0x7e).contains(&b));
        fits.then(|| Self(raw.to_owned())).ok_or(IdempotencyKeyError)
    }

    /// The key itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a request asked, reduced to a hash of its method, path, query and body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

/// A request that may be a repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// Keys of different users never meet.
    pub user_id: UserId,
    /// What the client chose.
    pub key: IdempotencyKey,
    /// What it asked.
    pub fingerprint: Fingerprint,
}

/// An answer as it went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// `Location`.
    pub location: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// The body, at most [`StoredAnswer::MAX_BODY`] bytes.
    pub body: Vec<u8>,
}

impl StoredAnswer {
    /// Longer bodies are not kept, in bytes.
    pub const MAX_BODY: usize = 64 * 1024;
    /// How long an answer is kept.
    pub const KEPT: TimeDelta = TimeDelta::hours(24);
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nobody asked this before: do it, then [`IdempotencyLedger::complete`] before the unit commits.
    Fresh,
    /// It was done: here is the answer.
    Answered(StoredAnswer),
    /// The key was used for something else.
    Mismatch,
    /// Another unit has held the same key for longer than the caller may wait. The unit is dead.
    InProgress,
}

/// The ledger of answered requests, inside the unit of work of the use case that answers.
#[async_trait]
pub trait IdempotencyLedger: Send {
    /// Claims the key. While another unit holds the same key uncommitted this MUST wait for it, at most 5 s, and then
    /// return [`Claim::InProgress`]. An entry older than [`StoredAnswer::KEPT`] counts as absent.
    async fn claim(&mut self, request: &IdempotentRequest, at: Instant) -> Stored<Claim>;

    /// Stores the answer beside the claim, to become visible with the unit's effects.
    async fn complete(&mut self, request: &IdempotentRequest, answer: &StoredAnswer) -> Stored<()>;

    /// Forgets entries older than [`StoredAnswer::KEPT`], at most [`PURGED`](crate::repository::PURGED) a call. Returns how
    /// many.
    async fn purge(&mut self, at: Instant) -> Stored<u64>;
}
