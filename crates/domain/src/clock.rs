//! Time and randomness as ports, so that every test can stand still in time.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};

/// An instant, always UTC, never finer than a microsecond: what both databases can hold.
pub type Instant = DateTime<Utc>;

/// Where time comes from.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The current instant. MUST be truncated to microseconds ([`truncate`]), so that what is read back from a
    /// database equals what was written.
    fn now(&self) -> Instant;

    /// Time since some fixed moment in the life of the process. MUST never go back, whatever happens to [`Clock::now`]:
    /// the age of cached entries is measured with it.
    fn uptime(&self) -> Duration;
}

/// Where randomness comes from.
pub trait Entropy: Send + Sync + std::fmt::Debug {
    /// Fills `buffer` with bytes fit for keys and tokens. An adapter that cannot MUST panic rather than return
    /// predictable bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// The one place where instants lose what is finer than a microsecond.
pub fn truncate(instant: Instant) -> Instant {
    instant.trunc_subsecs(6)
}
