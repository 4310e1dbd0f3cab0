//! Noting that notifications were read. Not audited: it concerns nobody else.

use mif_domain::notifications::NotificationId;
use mif_domain::repository::Stored;

use crate::Core;
use crate::access::{Actor, Refusal};

/// Marks one of the actor's notifications as read.
#[derive(Debug, Clone, Copy)]
pub struct MarkRead {
    /// Which.
    pub id: NotificationId,
}

impl MarkRead {
    /// A second time changes nothing and succeeds: the date of the first one stays.
    #[tracing::instrument(target = "mif_trace", name = "MarkRead", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<(), Refusal> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        if !work.notifications().mark_read(actor.user_id(), self.id, now).await? {
            return Err(Refusal::NotFound);
        }
        work.commit().await?;
        Ok(())
    }
}

/// Marks all of the actor's notifications as read.
#[derive(Debug, Clone, Copy)]
pub struct MarkAllRead;

impl MarkAllRead {
    /// Returns how many were not.
    #[tracing::instrument(target = "mif_trace", name = "MarkAllRead", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Stored<u64> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let marked = work.notifications().mark_all_read(actor.user_id(), now).await?;
        work.commit().await?;
        Ok(marked)
    }
}
