//! Signed statements about the chain: checkpoints, and the anchor that pruning leaves.

use async_trait::async_trait;
use thiserror::Error;

use super::ChainHash;
use crate::clock::Instant;
use crate::words::words;

words! {
    /// What a mark states.
    MarkKind {
        /// The chain had come to this place.
        Checkpoint = "checkpoint",
        /// Everything up to this place was forgotten, because it was old.
        Anchor = "anchor",
    }
}

/// A statement about the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// What it states.
    pub kind: MarkKind,
    /// The place.
    pub seq: i64,
    /// The hash of that place.
    pub hash: ChainHash,
    /// When it was stated.
    pub at: Instant,
    /// How many events the chain held up to there; of an anchor, how many had been forgotten.
    pub events: i64,
}

impl Mark {
    /// The bytes that are signed. Each part has a fixed width after a kind that ends in a zero byte.
    pub fn message(&self) -> Vec<u8> {
        let mut message = format!("mif audit {} v1\0", self.kind.as_str()).into_bytes();
        message.extend_from_slice(&self.seq.to_be_bytes());
        message.extend_from_slice(&self.hash.0);
        message.extend_from_slice(&self.at.timestamp_micros().to_be_bytes());
        message.extend_from_slice(&self.events.to_be_bytes());
        message
    }
}

/// A statement with its signature (Ed25519).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedMark {
    /// The statement.
    pub mark: Mark,
    /// Which key signed.
    pub key_id: String,
    /// The signature.
    pub signature: Vec<u8>,
}

/// Checkpoints could not be put away.
#[derive(Debug, Error)]
#[error("checkpoints cannot be written: {0}")]
pub struct CheckpointLogError(#[from] pub std::io::Error);

/// Where checkpoints are kept outside the database, so that whoever can rewrite the database cannot rewrite them too.
#[async_trait]
pub trait CheckpointLog: Send + Sync + std::fmt::Debug {
    /// Appends checkpoints. After `Ok` they MUST survive a power cut.
    async fn append(&self, checkpoints: &[SignedMark]) -> Result<(), CheckpointLogError>;
}
