//! One look at a password: allowed first, then hashed, then written down. Two units of work, because nothing slow happens
//! inside one.

use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::guesses::{AddressKey, Reservation};
use mif_domain::outbox::OutboxMessage;
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::{HasherBusy, PasswordHash, PlainPassword, UserId};
use thiserror::Error;

use crate::Core;
use crate::access::RequestInfo;

/// A password that somebody claims to be a user's.
#[derive(Debug)]
pub(crate) struct Guess<'a> {
    /// Whose; `None` when nobody has the name.
    pub(crate) user: Option<UserId>,
    /// From where.
    pub(crate) request: &'a RequestInfo,
    /// Where it was asked for, in the audit trail.
    pub(crate) occasion: &'static str,
}

/// What came of a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the password. [`Guess::forget`] is for the caller, in the unit that acts on it.
    Right,
    /// It is not, or it was not looked at: nothing tells which. This is written down already.
    Refused,
}

/// Why there is no verdict.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum GuessError {
    /// Too many passwords are being hashed.
    #[error(transparent)]
    Busy(#[from] HasherBusy),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl Guess<'_> {
    /// Counts the guess as a failure, and only then looks at it. With `typed` or `hash` missing it costs the same and is
    /// wrong.
    pub(crate) async fn check(
        &self,
        core: &Core,
        typed: Option<&PlainPassword>,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, GuessError> {
        if !self.reserve(core).await? {
            return Ok(Verdict::Refused);
        }
        let hash = typed.and(hash);
        let placeholder = placeholder();
        let Some(typed) = typed.or(placeholder.as_ref()) else { return Ok(Verdict::Refused) };
        match core.hasher.verify(typed, hash).await {
            Ok(true) => Ok(Verdict::Right),
            Ok(false) => {
                self.record_failure(core).await?;
                Ok(Verdict::Refused)
            }
            Err(busy) => {
                self.give_back(core).await?;
                Err(busy.into())
            }
        }
    }

    /// The password was right: its pair and account begin anew.
    pub(crate) async fn forget(&self, work: &mut dyn UnitOfWork) -> Stored<()> {
        match self.user {
            Some(user) => work.guesses().succeed(user, &self.address()).await,
            None => Ok(()),
        }
    }

    /// Writes down that it was refused, and tells the owner of an account that is closed by now.
    pub(crate) async fn record_failure(&self, core: &Core) -> Stored<()> {
        let mut work = core.work.begin().await?;
        self.record(&mut *work, None, core.clock.now()).await?;
        work.commit().await
    }

    fn address(&self) -> AddressKey {
        self.request.address_key()
    }

    /// The first unit. Returns whether the password may be looked at.
    pub(super) async fn reserve(&self, core: &Core) -> Stored<bool> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let reservation = match self.user {
            Some(user) => work.guesses().reserve(user, &self.address(), now).await?,
            None => work.guesses().reserve_unknown(&self.address(), now).await?,
        };
        let allowed = match reservation {
            Reservation::Allowed { locked_until, .. } => {
                if let Some((user, until)) = self.user.zip(locked_until) {
                    self.record_lock(&mut *work, user, until.to_rfc3339(), now).await?;
                }
                true
            }
            Reservation::Locked => {
                self.record(&mut *work, Some("locked"), now).await?;
                false
            }
        };
        work.commit().await?;
        Ok(allowed)
    }

    async fn record(&self, work: &mut dyn UnitOfWork, unseen: Option<&'static str>, at: Instant) -> Stored<()> {
        let mut event = AuditEvent::failure(AuditKind::LoginFailed, self.request.origin(self.user), at);
        event = event.with("occasion", self.occasion);
        if let Some(why) = unseen {
            event = event.with("not_checked", why);
        }
        if let Some(user) = self.user
            && work.guesses().claim_closing(user).await?
        {
            work.outbox().enqueue(OutboxMessage::WarnOfClosedAccount { user_id: user }, at).await?;
            self.record_lock(work, user, "unlocked".to_owned(), at).await?;
            tracing::warn!(user_id = user.0, "too many failed sign-ins: account closed");
        }
        work.audit().append(event).await
    }

    async fn record_lock(&self, work: &mut dyn UnitOfWork, user: UserId, until: String, at: Instant) -> Stored<()> {
        metrics::counter!("auth_locks_total").increment(1);
        let event = AuditEvent::failure(AuditKind::LoginLocked, self.request.origin(self.user), at);
        work.audit().append(event.on("user", user.0).with("until", until)).await
    }

    /// As if nobody had tried: nobody looked at the password, so that a busy morning locks nobody out, or it was right and
    /// only a part of what is asked for.
    pub(super) async fn give_back(&self, core: &Core) -> Stored<()> {
        let Some(user) = self.user else { return Ok(()) };
        let mut work = core.work.begin().await?;
        work.guesses().give_back(user, &self.address()).await?;
        work.commit().await
    }
}

/// What is hashed in place of something that nobody can have as a password.
fn placeholder() -> Option<PlainPassword> {
    PlainPassword::parse("-".to_owned()).ok()
}
