//! Tokens that reach people by letter: whoever holds one may set a password, or proves to read an address. Made at the
//! moment of sending, so that nothing that is stored or queued can be used; the database only ever sees their hashes.

use async_trait::async_trait;
use chrono::TimeDelta;

use crate::clock::Instant;
use crate::outbox::OutboxId;
use crate::repository::Stored;
use crate::users::{EmailAddress, UserId};

/// The SHA-256 of a token: all that the database ever sees of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LetterTokenHash(pub [u8; 32]);

/// How long tokens are good for, and how often letters leave.
#[derive(Debug, Clone, Copy)]
pub struct LetterLimits;

impl LetterLimits {
    /// A password may be reset so long after the letter was sent.
    pub const RESET: TimeDelta = TimeDelta::minutes(30);
    /// An invitation holds so long after it was sent.
    pub const INVITATION: TimeDelta = TimeDelta::days(7);
    /// A new address may be confirmed so long after it was given.
    pub const CONFIRMATION: TimeDelta = TimeDelta::hours(24);
    /// Between two letters that anybody can cause, to the same user.
    pub const PAUSE: TimeDelta = TimeDelta::minutes(1);
}

/// The right to set a user's password, on its way to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordReset {
    /// Whose password.
    pub user_id: UserId,
    /// The hash of the token.
    pub token_hash: LetterTokenHash,
    /// The message that is carried out. A further attempt at it replaces the token of the one before.
    pub letter: OutboxId,
    /// When it was sent.
    pub sent_at: Instant,
    /// Until when it works.
    pub expires_at: Instant,
}

/// Whether a confirmation may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmationIssued {
    /// Its token counts now.
    Yes,
    /// The last letter left a moment ago: from then on.
    NotBefore(Instant),
    /// Nobody waits for this address any more.
    NotWanted,
}

/// Letter tokens inside a unit of work: at most one of each kind a user. Whoever also locks the user's row does that
/// first.
#[async_trait]
pub trait LetterTokenRepository: Send {
    /// Makes the token of this letter the only one that resets the password of its user, unless another letter was sent
    /// after `unless_since`. MUST be decided by one statement. Returns whether it counts.
    async fn issue_reset(&mut self, reset: &PasswordReset, unless_since: Option<Instant>) -> Stored<bool>;

    /// Whose password a token may still set.
    async fn find_reset(&mut self, token: &LetterTokenHash, at: Instant) -> Stored<Option<UserId>>;

    /// Uses a token up. MUST be decided by one statement: of any number of callers exactly one gets `Some`, and none
    /// once the token has expired.
    async fn consume_reset(&mut self, token: &LetterTokenHash, at: Instant) -> Stored<Option<UserId>>;

    /// Notes the address that a user wants to have. It replaces the one before, whose token is void from now on.
    async fn request_email(&mut self, user: UserId, email: &EmailAddress, expires_at: Instant) -> Stored<()>;

    /// Makes the token of this letter the only one that confirms the address, if that is still the one wanted and the
    /// last confirmation to this user, whatever the address, was sent at least `pause` ago. MUST be decided by one
    /// statement.
    async fn issue_confirmation(
        &mut self,
        user: UserId,
        email: &EmailAddress,
        token: &LetterTokenHash,
        at: Instant,
        pause: TimeDelta,
    ) -> Stored<ConfirmationIssued>;

    /// Whose address a token may still confirm.
    async fn find_confirmation(&mut self, token: &LetterTokenHash, at: Instant) -> Stored<Option<UserId>>;

    /// Uses a token up, and returns whose address is confirmed and which. Decided like
    /// [`LetterTokenRepository::consume_reset`].
    async fn consume_confirmation(
        &mut self,
        token: &LetterTokenHash,
        at: Instant,
    ) -> Stored<Option<(UserId, EmailAddress)>>;

    /// Voids every token of a user and forgets the address they wanted: who changes a password or an address by another
    /// way does not want what was asked for before.
    async fn forget(&mut self, user: UserId) -> Stored<()>;

    /// Deletes what has expired: of resets and of wanted addresses at most [`PURGED`](crate::repository::PURGED) each a call.
    /// Returns how many rows.
    async fn purge(&mut self, at: Instant) -> Stored<u64>;
}
