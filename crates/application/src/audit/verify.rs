//! Proving that the audit trail is what it was.

use chrono::TimeDelta;
use mif_domain::Instant;
use mif_domain::audit::{AuditChain, ChainSnapshot, Mark, MarkSigner, SignedMark, Unlinked};
use mif_domain::repository::RepositoryError;
use thiserror::Error;

use super::walk::{ChainWalk, Fault, FaultKind};

/// Checks the whole chain against its events, its own marks, and checkpoints from elsewhere.
#[derive(Debug)]
pub struct VerifyAudit {
    /// Checkpoints that were kept outside the database.
    pub against: Vec<SignedMark>,
}

/// What a verification proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Where the chain begins: everything before was forgotten, and this anchor says so.
    pub anchor: Option<Mark>,
    /// How many events stand in the chain as they were linked.
    pub events: i64,
    /// The last place.
    pub last: i64,
    /// How many checkpoints signed what stands there now.
    pub checkpoints: usize,
    /// How many are about places that were forgotten.
    pub forgotten: usize,
    /// The newest checkpoint.
    pub newest: Option<Mark>,
    /// How many events were not linked yet.
    pub unlinked: i64,
}

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VerifyAuditError {
    /// Something is wrong with the audit trail.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl VerifyAudit {
    /// Rows at a time: what memory it takes does not depend on the length of the chain.
    const ROWS: u32 = 5000;
    /// An event that was not linked after this is a fault.
    const LINKED_WITHIN: TimeDelta = TimeDelta::minutes(1);

    /// Walks the chain as it is now.
    #[tracing::instrument(target = "mif_trace", name = "VerifyAudit", skip_all)]
    pub async fn run(
        self,
        chain: &dyn AuditChain,
        signer: &dyn MarkSigner,
        now: Instant,
    ) -> Result<Proof, VerifyAuditError> {
        let mut snapshot = chain.snapshot().await?;
        let anchor = snapshot.anchor().await?;
        let mut checkpoints = self.against;
        checkpoints.extend(snapshot.checkpoint().await?);
        for (mark, name) in
            checkpoints.iter().map(|mark| (mark, "checkpoint")).chain(anchor.iter().map(|mark| (mark, "anchor")))
        {
            if !signer.is_genuine(mark) {
                return Err(Fault { seq: mark.mark.seq, event_id: None, kind: FaultKind::Forged(name) }.into());
            }
        }
        let anchor = anchor.map(|anchor| anchor.mark);
        let mut witnesses = Witnesses::new(checkpoints.iter().map(|checkpoint| checkpoint.mark).collect());
        let mut walk = ChainWalk::after(anchor.as_ref());
        witnesses.hear(&walk, None)?;
        Self::walk(&mut *snapshot, &mut walk, &mut witnesses).await?;
        witnesses.dismiss(&walk)?;
        let unlinked = Self::unlinked(&mut *snapshot, now).await?;
        Ok(Proof {
            anchor,
            events: walk.seq() - anchor.map_or(0, |anchor| anchor.seq),
            last: walk.seq(),
            checkpoints: witnesses.agreeing,
            forgotten: witnesses.forgotten,
            newest: witnesses.marks.last().copied(),
            unlinked: unlinked.events,
        })
    }

    async fn walk(
        snapshot: &mut dyn ChainSnapshot,
        walk: &mut ChainWalk,
        witnesses: &mut Witnesses,
    ) -> Result<(), VerifyAuditError> {
        loop {
            let rows = snapshot.rows(walk.seq(), Self::ROWS).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in &rows {
                walk.step(row)?;
                witnesses.hear(walk, Some(row.link.event_id))?;
            }
        }
    }

    async fn unlinked(snapshot: &mut dyn ChainSnapshot, now: Instant) -> Result<Unlinked, VerifyAuditError> {
        let unlinked = snapshot.unlinked(now - Self::LINKED_WITHIN).await?;
        let unreadable = unlinked.first_unreadable;
        if unreadable.is_some_and(|id| unlinked.first_overdue.is_none_or(|overdue| id < overdue)) {
            return Err(Fault { seq: 0, event_id: unreadable, kind: FaultKind::EventUnreadable }.into());
        }
        if unlinked.overdue > 0 {
            let kind = FaultKind::Overdue { others: unlinked.overdue - 1 };
            return Err(Fault { seq: 0, event_id: unlinked.first_overdue, kind }.into());
        }
        Ok(unlinked)
    }
}

/// Checkpoints, by place, heard one after the other.
struct Witnesses {
    marks: Vec<Mark>,
    heard: usize,
    agreeing: usize,
    forgotten: usize,
    /// The last place that one confirmed.
    agreed: i64,
}

impl Witnesses {
    fn new(mut marks: Vec<Mark>) -> Self {
        marks.sort_by_key(|mark| (mark.seq, mark.at));
        Self { marks, heard: 0, agreeing: 0, forgotten: 0, agreed: 0 }
    }

    /// Hears those about the place that the walk has reached.
    fn hear(&mut self, walk: &ChainWalk, event_id: Option<i64>) -> Result<(), Fault> {
        while let Some(mark) = self.marks.get(self.heard).filter(|mark| mark.seq <= walk.seq()) {
            if mark.seq < walk.seq() {
                self.forgotten += 1;
            } else if mark.hash == walk.hash() {
                self.agreeing += 1;
                self.agreed = mark.seq;
            } else {
                let kind = FaultKind::Rewritten { agreed: self.agreed, at: mark.at };
                return Err(Fault { seq: mark.seq, event_id, kind });
            }
            self.heard += 1;
        }
        Ok(())
    }

    /// Nobody may be left who saw more than there is.
    fn dismiss(&self, walk: &ChainWalk) -> Result<(), Fault> {
        match self.marks.last().filter(|_| self.heard < self.marks.len()) {
            None => Ok(()),
            Some(mark) => {
                let kind = FaultKind::TailCut { covered: mark.seq, at: mark.at };
                Err(Fault { seq: walk.seq() + 1, event_id: None, kind })
            }
        }
    }
}
