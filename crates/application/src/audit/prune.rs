//! Forgetting old events: always a whole beginning of the chain, never beyond the newest checkpoint, and with a signed
//! anchor that says where the rest begins.

use std::time::Duration;

use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin, Mark, MarkKind, RowEvent};
use mif_domain::repository::{RepositoryError, Stored};

use super::linker::{AuditLinker, Memory};
use super::walk::ChainWalk;

/// Events a round.
const BATCH: u32 = 500;
/// Until the next look when nothing is left to forget.
const DAILY: Duration = Duration::from_hours(24);
/// Until the next look when another linker has the lease.
const SOON: Duration = Duration::from_mins(1);

impl AuditLinker {
    /// Forgets a batch, once a day until none is left. Returns how many events that were.
    pub(super) async fn forget_old(&self, memory: &mut Memory, uptime: Duration) -> Stored<usize> {
        if memory.prune_after.is_some_and(|after| uptime < after) {
            return Ok(0);
        }
        let Some((mark, events)) = self.old_events().await? else {
            memory.prune_after = Some(uptime + DAILY);
            return Ok(0);
        };
        if !self.holds_lease(memory).await? {
            memory.prune_after = Some(uptime + SOON);
            return Ok(0);
        }
        let event = AuditEvent::success(AuditKind::AuditPruned, AuditOrigin::default(), mark.at)
            .with("events", events.len().to_string())
            .with("up_to_seq", mark.seq.to_string());
        match self.chain.prune(&self.signer.sign(mark), &events, event).await {
            Ok(()) => Ok(events.len()),
            // Another linker was faster.
            Err(RepositoryError::Stale) => {
                memory.prune_after = Some(uptime + SOON);
                Ok(0)
            }
            Err(error) => Err(error),
        }
    }

    /// The oldest events, as far as they may be forgotten, and the anchor that stands for them. What is not as it was linked
    /// stays, and everything behind it: it is evidence.
    async fn old_events(&self) -> Stored<Option<(Mark, Vec<i64>)>> {
        let now = self.clock.now();
        let mut snapshot = self.chain.snapshot().await?;
        let Some(checkpoint) = snapshot.checkpoint().await?.filter(|mark| self.signer.is_genuine(mark)) else {
            return Ok(None);
        };
        let anchor = snapshot.anchor().await?;
        let mut walk = ChainWalk::after(anchor.as_ref().map(|anchor| &anchor.mark));
        let mut events = Vec::new();
        for row in snapshot.rows(walk.seq(), BATCH).await? {
            let old = matches!(&row.event, RowEvent::Stored(event) if event.at < now - self.retention);
            if !old || row.link.seq >= checkpoint.mark.seq {
                break;
            }
            if let Err(fault) = walk.step(&row) {
                tracing::error!(%fault, "the audit trail was changed: nothing from there on is forgotten");
                break;
            }
            events.push(row.link.event_id);
        }
        let (seq, hash) = (walk.seq(), walk.hash());
        let mark = Mark { kind: MarkKind::Anchor, seq, hash, at: now, events: seq };
        Ok((!events.is_empty()).then_some((mark, events)))
    }
}
