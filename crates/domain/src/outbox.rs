//! Effects that must happen after a transaction commits: written as rows in that transaction, carried out by a worker
//! with leases and retries. A message may be delivered more than once; handlers are idempotent.

use async_trait::async_trait;
use chrono::TimeDelta;

use crate::clock::Instant;
use crate::documents::FileId;
use crate::repository::Stored;
use crate::sessions::SessionId;
use crate::users::{EmailAddress, UserId};

/// Something that must happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxMessage {
    /// Tell a user that one of their sessions was ended because a used-up token came back.
    WarnOfTokenReuse {
        /// Whom.
        user_id: UserId,
        /// Which session.
        session_id: SessionId,
    },
    /// Remove the blob of a document that was deleted.
    RemoveFile {
        /// Which.
        file_id: FileId,
    },
    /// Tell a user that their account was closed because of too many failed sign-ins.
    WarnOfClosedAccount {
        /// Whom.
        user_id: UserId,
    },
    /// Send a letter with which a new password can be set to whoever has this address, if anybody has. Whether somebody
    /// has is only looked up when it is sent, so that asking costs and shows the same for every address.
    SendPasswordReset {
        /// The address that somebody typed.
        address: EmailAddress,
    },
    /// Invite the owner of a new account to choose its first password.
    SendInvitation {
        /// Whom.
        user_id: UserId,
    },
    /// Ask whoever reads an address to confirm that it is the user's.
    SendEmailConfirmation {
        /// Who wants it.
        user_id: UserId,
        /// Which.
        address: EmailAddress,
    },
    /// Tell the reader of the old address that the account has another one.
    TellOfChangedEmail {
        /// Whose account.
        user_id: UserId,
        /// The old address.
        old_address: EmailAddress,
        /// The new one as far as the old one's reader may see it: see [`masked`](crate::mail::masked).
        new_masked: String,
    },
}

/// Messages of different lanes do not wait for each other: a mail server that hangs holds up letters and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// What needs a mail server.
    Letters,
    /// What needs the document store.
    Files,
}

impl OutboxMessage {
    /// What it asks for, in a word that never changes: rows and traces name it so.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::WarnOfTokenReuse { .. } => "warn_of_token_reuse",
            Self::RemoveFile { .. } => "remove_file",
            Self::WarnOfClosedAccount { .. } => "warn_of_closed_account",
            Self::SendPasswordReset { .. } => "send_password_reset",
            Self::SendInvitation { .. } => "send_invitation",
            Self::SendEmailConfirmation { .. } => "send_email_confirmation",
            Self::TellOfChangedEmail { .. } => "tell_of_changed_email",
        }
    }

    /// The lane that it waits in.
    pub const fn lane(&self) -> Lane {
        match self {
            Self::RemoveFile { .. } => Lane::Files,
            Self::WarnOfTokenReuse { .. }
            | Self::WarnOfClosedAccount { .. }
            | Self::SendPasswordReset { .. }
            | Self::SendInvitation { .. }
            | Self::SendEmailConfirmation { .. }
            | Self::TellOfChangedEmail { .. } => Lane::Letters,
        }
    }
}

/// Identifies a message; the same over all attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutboxId(pub i64);

/// A message that a worker holds until its lease runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedMessage {
    /// Which.
    pub id: OutboxId,
    /// What to do.
    pub message: OutboxMessage,
    /// Attempts so far, this one included.
    pub attempt: u32,
    /// When it was added.
    pub enqueued_at: Instant,
    /// The trace that it was added in, as W3C Trace Context spells it in `traceparent`, when there was one.
    pub trace_parent: Option<String>,
}

impl LeasedMessage {
    /// The identifier of that trace.
    pub fn trace_id(&self) -> Option<&str> {
        self.trace_parent.as_deref()?.split('-').nth(1)
    }
}

/// A message that was given up, for people to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// Which.
    pub id: OutboxId,
    /// What it was about, in one word.
    pub kind: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was added.
    pub enqueued_at: Instant,
    /// Why the last attempt failed.
    pub reason: String,
}

/// When to try again after the `attempt`-th failure (from 1): 1 minute doubling to 6 hours; `None` after the tenth.
pub fn backoff(attempt: u32) -> Option<TimeDelta> {
    const ATTEMPTS: u32 = 10;
    const CEILING_MINUTES: i64 = 6 * 60;
    (attempt < ATTEMPTS).then(|| {
        let doubled = 1_i64.checked_shl(attempt.saturating_sub(1)).unwrap_or(CEILING_MINUTES);
        TimeDelta::minutes(doubled.min(CEILING_MINUTES))
    })
}

/// The outbox inside a unit of work.
#[async_trait]
pub trait Outbox: Send {
    /// Adds a message, due at once. It MUST become visible together with the unit's other effects, or not at all. The trace
    /// that this is called in SHOULD be kept with it.
    async fn enqueue(&mut self, message: OutboxMessage, at: Instant) -> Stored<()>;
}

/// The outbox as the worker sees it.
#[async_trait]
pub trait OutboxQueue: Send + Sync + std::fmt::Debug {
    /// Takes up to `limit` due messages of a lane whose lease is free or has run out, until `at + lease`. Several workers
    /// may call this at once: one message MUST go to one of them.
    async fn lease(&self, lane: Lane, at: Instant, lease: TimeDelta, limit: u32) -> Stored<Vec<LeasedMessage>>;

    /// The message was carried out; forgets it.
    async fn complete(&self, id: OutboxId) -> Stored<()>;

    /// Nothing was tried: due again at `at`, and the attempt MUST NOT count.
    async fn put_back(&self, id: OutboxId, at: Instant) -> Stored<()>;

    /// The attempt failed: due again at `retry_at`, or, with `None`, given up and kept for people to see.
    async fn postpone(&self, id: OutboxId, error: &str, retry_at: Option<Instant>) -> Stored<()>;

    /// What was given up, the oldest first.
    async fn list_given_up(&self, limit: u32) -> Stored<Vec<GivenUp>>;

    /// What was given up, or one such message, is due at `at` with all its attempts before it. Returns how many there were.
    async fn retry_given_up(&self, only: Option<OutboxId>, at: Instant) -> Stored<u64>;

    /// Forgets what was given up, or one such message. Returns how many there were.
    async fn forget_given_up(&self, only: Option<OutboxId>) -> Stored<u64>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_to_six_hours_and_ends_after_ten_attempts() {
        let minutes: Vec<_> = (1..=11).map(|n| backoff(n).map(|d| d.num_minutes())).collect();
        let expected = [1, 2, 4, 8, 16, 32, 64, 128, 256].map(Some);
        assert_eq!(minutes[..9], expected);
        assert_eq!(minutes[9..], [None, None]);
    }
}
