//! A content on its way in: gathered into batches of chunks, hashed, encrypted where it stands.

use bytes::Bytes;
use mif_domain::Entropy;
use mif_domain::documents::{FileId, FileStoreError, SealedFile, Sha256, StoredFile};
use sha2::Digest as _;
use tracing::Span;
use tracing::field::Empty;

use crate::format::{CHUNK_BYTES, ChunkCipher, FRAME_BYTES, FileKey, Header, MAX_CONTENT, TAG_BYTES};
use crate::ring::KeyRing;

const TAG_ROOM: [u8; TAG_BYTES] = [0; TAG_BYTES];

/// Several chunks side by side, each followed by room for its tag, so that encryption moves nothing.
#[derive(Debug)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    capacity: usize,
}

impl Batch {
    /// Room for so many chunks.
    pub(crate) fn of(chunks: usize) -> Self {
        let capacity = chunks * FRAME_BYTES;
        Self { bytes: Vec::with_capacity(capacity), capacity }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= self.capacity
    }

    /// Takes as much of `piece` as fits, and returns the rest.
    pub(crate) fn fill<'a>(&mut self, mut piece: &'a [u8]) -> &'a [u8] {
        while !piece.is_empty() && !self.is_full() {
            let room = CHUNK_BYTES - self.bytes.len() % FRAME_BYTES;
            let (taken, rest) = piece.split_at(room.min(piece.len()));
            self.bytes.extend_from_slice(taken);
            if taken.len() == room {
                self.bytes.extend_from_slice(&TAG_ROOM);
            }
            piece = rest;
        }
        piece
    }

    /// Ends the last chunk where the content ends. An empty batch becomes an empty chunk.
    fn close(&mut self) {
        if self.bytes.is_empty() || !self.bytes.len().is_multiple_of(FRAME_BYTES) {
            self.bytes.extend_from_slice(&TAG_ROOM);
        }
    }

    /// What is to be stored, once it is encrypted.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same, for whoever sends it away.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.bytes.into()
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }
}

/// Sees every byte of the content before it is encrypted.
#[derive(Debug, Default)]
pub(crate) struct Hasher {
    sha256: sha2::Sha256,
    size: u64,
}

impl Hasher {
    pub(crate) fn see(&mut self, batch: &Batch) {
        for frame in batch.bytes.chunks(FRAME_BYTES) {
            let content = frame.get(..frame.len().saturating_sub(TAG_BYTES)).unwrap_or_default();
            self.sha256.update(content);
            self.size += content.len() as u64;
        }
    }

    /// Sees the last batch.
    pub(crate) fn see_last(&mut self, batch: &mut Batch) {
        batch.close();
        self.see(batch);
    }
}

/// Encrypts batch after batch.
#[derive(Debug)]
pub(crate) struct Encryptor {
    cipher: ChunkCipher,
    position: u64,
}

impl Encryptor {
    /// Encrypts a batch where it stands. `is_last`: its last chunk, which the hasher has closed, is the content's.
    pub(crate) fn encrypt(&mut self, batch: &mut Batch, is_last: bool) -> Result<(), FileStoreError> {
        let mut frames = batch.bytes.chunks_mut(FRAME_BYTES).peekable();
        while let Some(frame) = frames.next() {
            let ends = is_last && frames.peek().is_none();
            self.cipher
                .seal(self.position, ends, frame)
                .ok_or_else(|| FileStoreError::Unavailable(format!("a content has more than {MAX_CONTENT} bytes")))?;
            self.position += 1;
        }
        Ok(())
    }
}

/// The identity of a new blob.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) id: FileId,
    key: FileKey,
    /// As long as the content arrives.
    span: Span,
}

impl Identity {
    /// A new name, a new key, and what begins the blob.
    pub(crate) fn random(entropy: &dyn Entropy) -> Result<(Self, Header, Encryptor), FileStoreError> {
        let mut id = FileId([0; 16]);
        entropy.fill(&mut id.0);
        let key = FileKey::random(entropy);
        let (header, cipher) = key
            .seal(id, entropy)
            .ok_or_else(|| FileStoreError::Unavailable("a file key could not be expanded".to_owned()))?;
        let span = tracing::info_span!(target: "mif_trace", "encrypt document", bytes = Empty);
        Ok((Self { id, key, span }, header, Encryptor { cipher, position: 0 }))
    }

    /// Wraps the key, now that the size is known that it is bound to.
    pub(crate) fn seal(&self, hasher: Hasher, ring: &KeyRing) -> Result<SealedFile, FileStoreError> {
        let size = hasher.size;
        // Spans know numbers as `i64` and would write any other kind down as text.
        self.span.record("bytes", i64::try_from(size).unwrap_or(i64::MAX));
        let key = ring.wrap(&self.key, self.id, size)?;
        Ok(SealedFile { file: StoredFile { id: self.id, size, key }, sha256: Sha256(hasher.sha256.finalize().into()) })
    }
}
