//! The clock of the machine.

use std::time::{Duration, Instant, SystemTime};

use mif_domain::clock::truncate;

/// The clock of the machine.
#[derive(Debug)]
pub(crate) struct SystemClock {
    started: Instant,
}

#[expect(clippy::disallowed_methods, reason = "this is the adapter behind the port")]
impl SystemClock {
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the adapter behind the port")]
impl mif_domain::Clock for SystemClock {
    fn now(&self) -> mif_domain::Instant {
        truncate(SystemTime::now().into())
    }

    fn uptime(&self) -> Duration {
        Instant::now().saturating_duration_since(self.started)
    }
}
