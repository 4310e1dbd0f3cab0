//! A blob on its way from the disk: while one batch is handed out, the next is read and decrypted.

use std::collections::VecDeque;
use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use async_trait::async_trait;
use mif_domain::documents::{FileContent, FileStoreError, StoredFile};
use tokio::task::{JoinHandle, spawn_blocking};

use super::{Shared, failed, joined};
use crate::format::HEADER_BYTES;
use crate::opening::Opened;

/// 256 KiB a hop. Two batches are in memory at most: one that is handed out, one that is read.
const CHUNKS_PER_BATCH: u64 = 4;

#[derive(Debug)]
struct Blob {
    file: File,
    opened: Opened,
    range: Range<u64>,
}

#[derive(Debug)]
pub(super) struct DiskContent {
    blob: Arc<Blob>,
    /// The chunks that nobody has begun to read.
    left: Range<u64>,
    reading: Option<JoinHandle<Result<Vec<Vec<u8>>, FileStoreError>>>,
    ready: VecDeque<Vec<u8>>,
    failure: Option<FileStoreError>,
}

/// Opens a blob, and reads its first chunks in the same go.
pub(super) fn open(shared: &Shared, stored: &StoredFile, range: Range<u64>) -> Result<DiskContent, FileStoreError> {
    let file = File::open(shared.tree.blob(stored.id)).map_err(|error| match error.kind() {
        ErrorKind::NotFound => FileStoreError::Missing(stored.id),
        _ => failed(error),
    })?;
    let length = file.metadata().map_err(failed)?.len();
    let mut header = [0; HEADER_BYTES];
    if length >= header.len() as u64 {
        file.read_exact_at(&mut header, 0).map_err(failed)?;
    }
    let opened = Opened::new(stored, length, &header, &shared.ring)?;
    let mut left = opened.chunks(&range);
    let blob = Arc::new(Blob { file, opened, range });
    let ready = blob.read(take(&mut left))?.into();
    Ok(DiskContent { blob, left, reading: None, ready, failure: None })
}

#[async_trait]
impl FileContent for DiskContent {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, FileStoreError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.read_ahead();
        loop {
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
                    self.read_ahead();
                }
            }
        }
    }
}

impl DiskContent {
    fn read_ahead(&mut self) {
        if self.reading.is_some() || self.left.is_empty() {
            return;
        }
        let (blob, chunks) = (Arc::clone(&self.blob), take(&mut self.left));
        self.reading = Some(spawn_blocking(move || blob.read(chunks)));
    }
}

/// The next batch.
fn take(left: &mut Range<u64>) -> Range<u64> {
    let end = (left.start + CHUNKS_PER_BATCH).min(left.end);
    let batch = left.start..end;
    left.start = end;
    batch
}

impl Blob {
    fn read(&self, chunks: Range<u64>) -> Result<Vec<Vec<u8>>, FileStoreError> {
        let mut pieces = Vec::new();
        for position in chunks {
            let (at, length) = self.opened.frame(position);
            let mut frame = vec![0; length];
            self.file.read_exact_at(&mut frame, at).map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => self.opened.cut(),
                _ => failed(error),
            })?;
            pieces.push(self.opened.open(position, &self.range, frame)?);
        }
        Ok(pieces)
    }
}
