//! Removing blobs that no document has.

use std::time::Duration;

use mif_domain::documents::UPLOADS_SETTLE_WITHIN;

use super::UpkeepError;
use crate::Core;

/// Removes blobs without a row, and what unfinished uploads left behind.
#[derive(Debug, Clone, Copy)]
pub struct SweepDocuments {
    /// Only what is older: an upload's blob stands before its row does.
    pub older_than: Duration,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Blobs without a row.
    pub orphans: u64,
    /// Beginnings of uploads.
    pub unfinished: u64,
}

impl SweepDocuments {
    /// Long after the last upload could still be on its way.
    pub const USUAL: Duration = Duration::from_hours(24);
    /// What is younger may belong to an upload that is on its way.
    pub const LEAST: Duration = UPLOADS_SETTLE_WITHIN;
    /// Blobs a round.
    const BATCH: usize = 500;

    /// Any number of replicas may run this at once: removing what is gone is fine.
    #[tracing::instrument(target = "mif_trace", name = "SweepDocuments", skip_all)]
    pub async fn run(self, core: &Core) -> Result<Swept, UpkeepError> {
        let before = core.clock.now() - self.older_than;
        let mut swept = Swept { unfinished: core.files.remove_unfinished(before).await?, orphans: 0 };
        let mut after = None;
        loop {
            let blobs = core.files.list(before, after, Self::BATCH).await?;
            let Some(last) = blobs.last() else { return Ok(swept) };
            after = Some(*last);
            let known = core.queries.known_files(&blobs).await?;
            for orphan in blobs.iter().filter(|blob| !known.contains(blob)) {
                core.files.remove(*orphan).await?;
                swept.orphans += 1;
            }
        }
    }
}
