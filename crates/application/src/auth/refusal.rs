//! When a refused sign-in is answered.

use std::time::Duration;

use crate::Core;

/// When a sign-in arrived.
pub(super) struct Arrival(Duration);

impl Arrival {
    /// A refusal is answered no sooner than this after the sign-in arrived, so that time does not tell why.
    const REFUSED_AFTER: Duration = Duration::from_millis(400);

    pub(super) fn now(core: &Core) -> Self {
        Self(core.clock.uptime())
    }

    /// Waits until the refusal may be told.
    pub(super) async fn hold_refusal(self, core: &Core) {
        let elapsed = core.clock.uptime().saturating_sub(self.0);
        tokio::time::sleep(Self::REFUSED_AFTER.saturating_sub(elapsed)).await;
    }
}
