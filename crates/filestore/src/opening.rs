//! A content on its way out: which chunks a range touches, and what of them is handed out.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use mif_domain::documents::{FileContent, FileId, FileStoreError, StoredFile};
use tokio::task::{JoinError, JoinHandle};

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
    /// How long the blob of a file MUST be.
    pub(crate) fn blob_bytes(file: &StoredFile) -> Result<u64, FileStoreError> {
        Layout::of(file.size).map(Layout::blob_bytes).ok_or_else(|| impossible(file))
    }

    /// The chunks that a range touches, before there is a blob to look at.
    pub(crate) fn chunks_of(file: &StoredFile, range: &Range<u64>) -> Range<u64> {
        let end = range.end.min(file.size);
        match file.size {
            // Nothing of a content touches no chunk; all of an empty one touches the empty chunk.
            0 => 0..1,
            _ if range.start >= end => 0..0,
            _ => range.start / CHUNK..end.div_ceil(CHUNK),
        }
    }

    /// Refuses what is not this file's blob. `blob_bytes`: how long the blob is.
    pub(crate) fn new(
        file: &StoredFile,
        blob_bytes: u64,
        header: &[u8; HEADER_BYTES],
        ring: &KeyRing,
    ) -> Result<Self, FileStoreError> {
        let corrupt = |why| FileStoreError::Corrupt { id: file.id, why };
        let layout = Layout::of(file.size).ok_or_else(|| impossible(file))?;
        if blob_bytes != layout.blob_bytes() {
            return Err(corrupt("its length is not that of its content"));
        }
        let header = Header::read(header, file.id).map_err(corrupt)?;
        let key = ring.unwrap(file)?;
        let cipher = key.open(&header, file.id).ok_or_else(|| corrupt("its header was not made with its key"))?;
        Ok(Self { file: file.clone(), layout, cipher })
    }

    pub(crate) fn id(&self) -> FileId {
        self.file.id
    }

    /// Where these chunks of a blob end, if there are any.
    pub(crate) fn end_of(file: &StoredFile, chunks: &Range<u64>) -> Option<u64> {
        let (begins, length) = Layout::of(file.size)?.frame(chunks.clone().next_back()?);
        Some(begins + length as u64)
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

fn impossible(file: &StoredFile) -> FileStoreError {
    FileStoreError::Corrupt { id: file.id, why: "no blob holds a content of its size" }
}

/// A task of the runtime that gives a result, or did not end.
pub(crate) fn joined<T>(ended: Result<Result<T, FileStoreError>, JoinError>) -> Result<T, FileStoreError> {
    ended.unwrap_or_else(|error| Err(FileStoreError::Unavailable(format!("the work did not end: {error}"))))
}

/// Where chunks are read from.
pub(crate) trait Chunks: Send + Sync + fmt::Debug + 'static {
    /// How many are read at once. Two batches are in memory at most: one that is handed out, one that is read.
    const PER_BATCH: u64;

    /// Begins to read and open a batch of chunks.
    fn begin(self: Arc<Self>, chunks: Range<u64>) -> JoinHandle<Result<Vec<Vec<u8>>, FileStoreError>>;
}

/// Hands out one batch while the next is read.
#[derive(Debug)]
pub(crate) struct Content<C> {
    source: Arc<C>,
    /// The chunks that nobody has begun to read.
    left: Range<u64>,
    reading: Option<JoinHandle<Result<Vec<Vec<u8>>, FileStoreError>>>,
    ready: VecDeque<Vec<u8>>,
    failure: Option<FileStoreError>,
}

impl<C: Chunks> Content<C> {
    /// `first` is what the first batch of `chunks` holds, taken by [`next_batch`].
    pub(crate) fn new(source: C, left: Range<u64>, first: Vec<Vec<u8>>) -> Self {
        Self { source: Arc::new(source), left, reading: None, ready: first.into(), failure: None }
    }

    fn read_ahead(&mut self) {
        if self.reading.is_none() && !self.left.is_empty() {
            let batch = next_batch::<C>(&mut self.left);
            self.reading = Some(Arc::clone(&self.source).begin(batch));
        }
    }
}

/// Takes the next batch from what is left.
pub(crate) fn next_batch<C: Chunks>(left: &mut Range<u64>) -> Range<u64> {
    let end = (left.start + C::PER_BATCH).min(left.end);
    let batch = left.start..end;
    left.start = end;
    batch
}

#[async_trait]
impl<C: Chunks> FileContent for Content<C> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, FileStoreError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        loop {
            self.read_ahead();
            match self.ready.pop_front() {
                Some(piece) if piece.is_empty() => {}
                Some(piece) => return Ok(Some(piece)),
                None => {
                    let Some(task) = &mut self.reading else { return Ok(None) };
                    let ended = joined(task.await);
                    self.reading = None;
                    match ended {
                        Ok(pieces) => self.ready = pieces.into(),
                        Err(error) => {
                            self.failure = Some(error.clone());
                            return Err(error);
                        }
                    }
                }
            }
        }
    }
}

impl<C> Drop for Content<C> {
    fn drop(&mut self) {
        if let Some(task) = &self.reading {
            task.abort();
        }
    }
}
