//! The chain over the audit trail: every event gets a place and a hash that covers its predecessor's, so that nothing can
//! be changed, removed or moved without breaking what follows.

use async_trait::async_trait;

use super::{AuditEvent, Mark, SignedMark};
use crate::clock::Instant;
use crate::repository::Stored;

/// A SHA-256 of the chain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChainHash(pub [u8; 32]);

impl ChainHash {
    /// What the first link follows.
    pub const GENESIS: Self = Self([0; 32]);

    /// In hexadecimal digits.
    pub fn to_hex(self) -> String {
        use std::fmt::Write as _;
        self.0.iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// From 64 lower-case hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut hash = [0; 32];
        for (index, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
        }
        Some(Self(hash))
    }
}

impl std::fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_hex())
    }
}

/// An event as it is stored. Words stay texts: also what this version does not know, or what somebody forged, has a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// The identifier.
    pub id: i64,
    /// When.
    pub at: Instant,
    /// What.
    pub kind: String,
    /// Who.
    pub actor: Option<i64>,
    /// From where.
    pub ip: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
    /// On what.
    pub resource: Option<String>,
    /// How it ended.
    pub outcome: String,
    /// A JSON object, byte for byte.
    pub details: String,
}

/// A place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The place, counted from 1 without gaps.
    pub seq: i64,
    /// Whose.
    pub event_id: i64,
    /// The hash of the place before.
    pub prev_hash: ChainHash,
    /// The hash of this one.
    pub hash: ChainHash,
}

/// Where the chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainEnd {
    /// The last place; 0 when nothing was ever linked.
    pub seq: i64,
    /// Its hash, which the next link follows.
    pub hash: ChainHash,
    /// The event that stands there; 0 when there is none.
    pub event_id: i64,
}

/// A link with the event that it names, as far as that is there and can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainRow {
    /// The link.
    pub link: Link,
    /// The event.
    pub event: RowEvent,
}

/// What stands behind a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowEvent {
    /// The event.
    Stored(RecordedEvent),
    /// Nothing.
    Gone,
    /// Something that no version of this program wrote.
    Unreadable,
}

/// What waits for a place in the chain, as far as one look reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waiting {
    /// The events, by identifier.
    pub events: Vec<RecordedEvent>,
    /// Rows that no version of this program wrote and that have no hash, by identifier.
    pub unreadable: Vec<i64>,
}

impl Waiting {
    /// How many rows were looked at.
    pub fn rows(&self) -> usize {
        self.events.len() + self.unreadable.len()
    }

    /// The last of them.
    pub fn last(&self) -> Option<i64> {
        self.events.last().map(|event| event.id).max(self.unreadable.last().copied())
    }
}

/// Events that the chain does not hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unlinked {
    /// How many.
    pub events: i64,
    /// How many of them are older than they may be.
    pub overdue: i64,
    /// The first of those.
    pub first_overdue: Option<i64>,
    /// The first one that cannot be read, and so never will be linked.
    pub first_unreadable: Option<i64>,
}

/// The chain as its linker sees it.
#[async_trait]
pub trait AuditChain: Send + Sync + std::fmt::Debug {
    /// Takes the linker's lease until `until`, or prolongs the holder's own. MUST be one conditional statement: of several
    /// callers at most one holds the lease at `at`.
    async fn hold_lease(&self, holder: &str, at: Instant, until: Instant) -> Stored<bool>;

    /// Gives the lease back, if this holder has it.
    async fn release_lease(&self, holder: &str) -> Stored<()>;

    /// Where the chain ends: its last link, else where pruning stopped, else before the first place.
    async fn end(&self) -> Stored<ChainEnd>;

    /// Up to `limit` rows with an identifier above `after` that no link names, by identifier. MUST NOT fail because of a row
    /// that cannot be read: whoever can write one past the program would stop the chain with it.
    async fn unlinked(&self, after: i64, limit: u32) -> Stored<Waiting>;

    /// Appends links, all or none. MUST return `Conflict` when another linker took one of the places, events or
    /// predecessors meanwhile.
    async fn append(&self, links: &[Link]) -> Stored<()>;

    /// The newest checkpoint.
    async fn checkpoint(&self) -> Stored<Option<SignedMark>>;

    /// Where pruning stopped.
    async fn anchor(&self) -> Stored<Option<SignedMark>>;

    /// Keeps a checkpoint unless a newer one is kept.
    async fn keep_checkpoint(&self, checkpoint: &SignedMark) -> Stored<()>;

    /// Forgets every link up to the anchor's place, and their events, which are these; keeps the anchor, and appends
    /// `event`; all or nothing. MUST return `Stale` when other rows than these stand there.
    async fn prune(&self, anchor: &SignedMark, events: &[i64], event: AuditEvent) -> Stored<()>;

    /// Opens a view of the chain that stands still.
    async fn snapshot(&self) -> Stored<Box<dyn ChainSnapshot>>;
}

/// The chain at one moment, whoever writes meanwhile.
#[async_trait]
pub trait ChainSnapshot: Send {
    /// Where pruning stopped.
    async fn anchor(&mut self) -> Stored<Option<SignedMark>>;

    /// The newest checkpoint.
    async fn checkpoint(&mut self) -> Stored<Option<SignedMark>>;

    /// Up to `limit` links after a place, in order, with their events.
    async fn rows(&mut self, after: i64, limit: u32) -> Stored<Vec<ChainRow>>;

    /// The events that are not linked; those from before `overdue` should be.
    async fn unlinked(&mut self, overdue: Instant) -> Stored<Unlinked>;
}

/// Signs marks, and checks signatures.
pub trait MarkSigner: Send + Sync + std::fmt::Debug {
    /// Signs with the newest key.
    fn sign(&self, mark: Mark) -> SignedMark;

    /// Whether one of our keys signed this very mark.
    fn is_genuine(&self, mark: &SignedMark) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_reads_back_and_nothing_else_is_one() {
        let hash = ChainHash(std::array::from_fn(|index| u8::try_from(index * 8).unwrap()));
        assert_eq!(ChainHash::from_hex(&hash.to_hex()), Some(hash));
        for bad in ["", "00", &"g".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            assert_eq!(ChainHash::from_hex(bad), None, "{bad}");
        }
    }
}
