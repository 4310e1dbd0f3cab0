//! What the audit trail's linker signs with, and where its checkpoints go.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use mif_domain::audit::{CheckpointLog, CheckpointLogError, Mark, MarkSigner, SignedMark};
use sha2::{Digest as _, Sha256};

/// A signer whose signatures anybody can make who knows its name.
#[derive(Debug, Clone, Copy)]
pub struct FakeMarkSigner(pub &'static str);

impl FakeMarkSigner {
    fn signature(self, mark: &Mark) -> Vec<u8> {
        Sha256::new().chain_update(self.0).chain_update(mark.message()).finalize().to_vec()
    }
}

impl MarkSigner for FakeMarkSigner {
    fn sign(&self, mark: Mark) -> SignedMark {
        SignedMark { mark, key_id: self.0.to_owned(), signature: self.signature(&mark) }
    }

    fn is_genuine(&self, signed: &SignedMark) -> bool {
        signed.key_id == self.0 && signed.signature == self.signature(&signed.mark)
    }
}

/// Checkpoints in memory. Clones share their contents.
#[derive(Debug, Clone, Default)]
pub struct MemoryCheckpoints(Arc<Mutex<Vec<SignedMark>>>);

impl MemoryCheckpoints {
    /// What was appended.
    pub fn all(&self) -> Vec<SignedMark> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl CheckpointLog for MemoryCheckpoints {
    async fn append(&self, checkpoints: &[SignedMark]) -> Result<(), CheckpointLogError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(checkpoints);
        Ok(())
    }
}
