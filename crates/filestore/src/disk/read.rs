//! A blob on its way from the disk.

use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use mif_domain::documents::{FileStoreError, StoredFile};
use tokio::task::{JoinHandle, spawn_blocking};

use super::{Shared, failed};
use crate::format::HEADER_BYTES;
use crate::opening::{Chunks, Content, Opened, next_batch};

#[derive(Debug)]
pub(super) struct Blob {
    file: File,
    opened: Opened,
    range: Range<u64>,
}

/// Opens a blob, and reads its first chunks in the same go.
pub(super) fn open(shared: &Shared, stored: &StoredFile, range: Range<u64>) -> Result<Content<Blob>, FileStoreError> {
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
    let mut left = Opened::chunks_of(stored, &range);
    let blob = Blob { file, opened, range };
    let first = blob.read(next_batch::<Blob>(&mut left))?;
    Ok(Content::new(blob, left, first))
}

impl Chunks for Blob {
    /// 256 KiB.
    const PER_BATCH: u64 = 4;

    fn begin(self: Arc<Self>, chunks: Range<u64>) -> JoinHandle<Result<Vec<Vec<u8>>, FileStoreError>> {
        spawn_blocking(move || self.read(chunks))
    }
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
