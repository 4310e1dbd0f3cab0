//! A content on its way out: which chunks a range touches, and what of them is handed out.

use std::ops::Range;

use mif_domain::documents::{FileStoreError, StoredFile};

use crate::format::{CHUNK_BYTES, ChunkCipher, HEADER_BYTES, Header, Layout};
use crate::ring::KeyRing;

const CHUNK: u64 = CHUNK_BYTES as u64;

/// A blob whose length, header and key fit.
#[derive(Debug)]
pub(crate) struct Opened {
    file: StoredFile,
    layout: Layout,
    cipher: ChunkCipher,
}

impl Opened {
    /// Refuses what is not this file's blob. `blob_bytes`: how long the blob is.
    pub(crate) fn new(
        file: &StoredFile,
        blob_bytes: u64,
        header: &[u8; HEADER_BYTES],
        ring: &KeyRing,
    ) -> Result<Self, FileStoreError> {
        let corrupt = |why| FileStoreError::Corrupt { id: file.id, why };
        let layout = Layout::of(file.size).ok_or_else(|| corrupt("no blob holds a content of its size"))?;
        if blob_bytes != layout.blob_bytes() {
            return Err(corrupt("its length is not that of its content"));
        }
        let header = Header::read(header, file.id).map_err(corrupt)?;
        let key = ring.unwrap(file)?;
        let cipher = key.open(&header, file.id).ok_or_else(|| corrupt("its header was not made with its key"))?;
        Ok(Self { file: file.clone(), layout, cipher })
    }

    /// The chunks that a range touches. Nothing of a content touches none; all of an empty one touches the empty chunk.
    pub(crate) fn chunks(&self, range: &Range<u64>) -> Range<u64> {
        let end = range.end.min(self.file.size);
        match self.file.size {
            0 => 0..1,
            _ if range.start >= end => 0..0,
            _ => range.start / CHUNK..end.div_ceil(CHUNK),
        }
    }

    /// Where a chunk begins in the blob, and how many bytes it has there.
    pub(crate) fn frame(&self, position: u64) -> (u64, usize) {
        self.layout.frame(position)
    }

    /// The blob was cut since its length was looked at.
    pub(crate) fn cut(&self) -> FileStoreError {
        FileStoreError::Corrupt { id: self.file.id, why: "a chunk is cut" }
    }

    /// Decrypts one chunk where it stands and leaves what the range wants of it.
    pub(crate) fn open(
        &self,
        position: u64,
        range: &Range<u64>,
        mut frame: Vec<u8>,
    ) -> Result<Vec<u8>, FileStoreError> {
        self.cipher
            .open(position, self.layout.is_last(position), &mut frame)
            .ok_or(FileStoreError::Corrupt { id: self.file.id, why: "a chunk is not what was stored" })?;
        let begins = position * CHUNK;
        let within = |at: u64| usize::try_from(at.saturating_sub(begins)).unwrap_or(usize::MAX).min(frame.len());
        let (start, end) = (within(range.start), within(range.end));
        frame.truncate(end);
        if start > 0 {
            frame.drain(..start.min(end));
        }
        Ok(frame)
    }
}
