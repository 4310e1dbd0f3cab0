//! Time that moves only when a test says so.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use mif_domain::clock::truncate;
use mif_domain::{Clock, Instant};

use crate::T0;

/// A clock that stands still. Share it in an `Arc`.
#[derive(Debug)]
pub struct FakeClock(Mutex<(Instant, Duration)>);

impl Default for FakeClock {
    /// Stands at [`T0`].
    fn default() -> Self {
        Self::at(T0)
    }
}

impl FakeClock {
    /// Stands at an instant, with an hour of uptime.
    pub fn at(now: Instant) -> Self {
        Self(Mutex::new((truncate(now), Duration::from_hours(1))))
    }

    /// Moves both kinds of time forward.
    pub fn advance(&self, by: TimeDelta) {
        let mut time = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        time.0 = truncate(time.0 + by);
        time.1 += by.to_std().expect("time does not go back: use `set`");
    }

    /// Moves the wall clock, perhaps backwards, as an administrator would. The uptime does not notice.
    pub fn set(&self, now: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = truncate(now);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Instant {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn uptime(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}
