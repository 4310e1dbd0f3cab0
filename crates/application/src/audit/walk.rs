//! From one place of the chain to the next, believing nothing.

use mif_domain::Instant;
use mif_domain::audit::{ChainEnd, ChainHash, ChainRow, Link, Mark, RecordedEvent, RowEvent, encode};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// The first thing that is wrong with the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("seq {seq}, event {}: {kind}", event_id.map_or_else(|| "unknown".to_owned(), |id| id.to_string()))]
pub struct Fault {
    /// Where in the chain; 0 for an event that is not in it.
    pub seq: i64,
    /// Which event, as far as that is known.
    pub event_id: Option<i64>,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FaultKind {
    /// The next place that is there is a later one.
    #[error("it is missing: the next place that is there is {next}")]
    MissingLink {
        /// The next place.
        next: i64,
    },
    /// The link is there, its event is not.
    #[error("the event was deleted")]
    EventGone,
    /// The row holds what this program never writes.
    #[error("what stands there cannot be read: this program did not write it")]
    EventUnreadable,
    /// It does not follow the place before it.
    #[error("it does not follow the place before it: a link was changed, inserted or moved")]
    DoesNotFollow,
    /// The hash is not the one of this event at this place.
    #[error("the event is not what was linked here: it was edited, re-stamped or moved, or its link was changed")]
    Altered,
    /// What a checkpoint signed stood here is not what stands here.
    #[error("the chain was rewritten after place {agreed}: a checkpoint of {at} signed another hash")]
    Rewritten {
        /// The last place that a checkpoint confirms.
        agreed: i64,
        /// When the checkpoint was made.
        at: Instant,
    },
    /// The chain ends before a place that a checkpoint covers.
    #[error("the end was cut off: a checkpoint of {at} covers the chain up to place {covered}")]
    TailCut {
        /// How far it went.
        covered: i64,
        /// When the checkpoint was made.
        at: Instant,
    },
    /// A checkpoint or an anchor that none of our keys signed.
    #[error("the {0} for this place has no valid signature")]
    Forged(&'static str),
    /// It should have been linked long ago.
    #[error("it was never linked, although it is older than a minute, and so are {others} others")]
    Overdue {
        /// How many more.
        others: i64,
    },
}

/// The hash of an event at a place.
pub(super) fn link_hash(buffer: &mut Vec<u8>, seq: i64, prev_hash: &ChainHash, event: &RecordedEvent) -> ChainHash {
    encode(buffer, seq, prev_hash, event);
    ChainHash(Sha256::digest(buffer.as_slice()).into())
}

/// The links that put events at the end of the chain.
pub(super) fn links(end: ChainEnd, events: &[RecordedEvent]) -> Vec<Link> {
    let mut buffer = Vec::new();
    let (mut seq, mut prev_hash) = (end.seq, end.hash);
    let link = |event: &RecordedEvent| {
        seq += 1;
        let hash = link_hash(&mut buffer, seq, &prev_hash, event);
        let link = Link { seq, event_id: event.id, prev_hash, hash };
        prev_hash = hash;
        link
    };
    events.iter().map(link).collect()
}

/// A walk along the chain.
#[derive(Debug)]
pub(super) struct ChainWalk {
    seq: i64,
    hash: ChainHash,
    buffer: Vec<u8>,
}

impl ChainWalk {
    /// Begins where pruning stopped, else before the first place.
    pub(super) fn after(anchor: Option<&Mark>) -> Self {
        let (seq, hash) = anchor.map_or((0, ChainHash::GENESIS), |anchor| (anchor.seq, anchor.hash));
        Self { seq, hash, buffer: Vec::new() }
    }

    /// How far it has come.
    pub(super) fn seq(&self) -> i64 {
        self.seq
    }

    /// The hash of that place.
    pub(super) fn hash(&self) -> ChainHash {
        self.hash
    }

    /// One place further, if all is well there.
    pub(super) fn step(&mut self, row: &ChainRow) -> Result<(), Fault> {
        let link = &row.link;
        if link.seq != self.seq + 1 {
            let kind = FaultKind::MissingLink { next: link.seq };
            return Err(Fault { seq: self.seq + 1, event_id: None, kind });
        }
        let fault = |kind| Err(Fault { seq: link.seq, event_id: Some(link.event_id), kind });
        if link.prev_hash != self.hash {
            return fault(FaultKind::DoesNotFollow);
        }
        match &row.event {
            RowEvent::Gone => return fault(FaultKind::EventGone),
            RowEvent::Unreadable => return fault(FaultKind::EventUnreadable),
            RowEvent::Stored(event) if link_hash(&mut self.buffer, link.seq, &self.hash, event) != link.hash => {
                return fault(FaultKind::Altered);
            }
            RowEvent::Stored(_) => {}
        }
        (self.seq, self.hash) = (link.seq, link.hash);
        Ok(())
    }
}
