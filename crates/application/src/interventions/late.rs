//! Telling about work that is late, without being asked.

use mif_domain::repository::Stored;

use super::notify;
use crate::Core;

/// Tells technicians and managers about work whose date has passed, once for each.
#[derive(Debug, Clone, Copy)]
pub struct NotifyLateness;

impl NotifyLateness {
    /// Interventions a unit.
    const BATCH: u32 = 100;

    /// Safe to run at any time, on any number of replicas. Returns how many interventions were told about.
    #[tracing::instrument(target = "mif_trace", name = "NotifyLateness", skip_all)]
    pub async fn run(self, core: &Core) -> Stored<usize> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let late = work.interventions().take_late(now, Self::BATCH).await?;
        for intervention in &late {
            notify::late(&mut *work, intervention, now).await?;
        }
        work.commit().await?;
        Ok(late.len())
    }
}
