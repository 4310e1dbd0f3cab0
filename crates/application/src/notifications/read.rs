//! Noting that notifications were read. Not audited: it concerns nobody else.

use mif_domain::notifications::NotificationId;
use mif_domain::repository::{RepositoryError, Stored};
use thiserror::Error;

use crate::Core;
use crate::access::Actor;

/// Marks one of the actor's notifications as read.
#[derive(Debug, Clone, Copy)]
pub struct MarkRead {
    /// Which.
    pub id: NotificationId,
}

/// Why it was not marked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MarkReadError {
    /// The actor has none with this identifier.
    #[error("no such notification")]
    NotFound,
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl MarkRead {
    /// A second time changes nothing and succeeds: the date of the first one stays.
    #[tracing::instrument(target = "mif_trace", name = "MarkRead", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<(), MarkReadError> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        if !work.notifications().mark_read(actor.user_id(), self.id, now).await? {
            return Err(MarkReadError::NotFound);
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
