//! A blob on its way from a bucket: one request for the header and the first chunks, then one for each mebibyte.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use mif_domain::documents::{FileStoreError, StoredFile};
use object_store::path::Path;
use object_store::{GetOptions, ObjectStore as _, ObjectStoreExt as _};
use tokio::task::{JoinHandle, spawn_blocking};
use tracing::{Instrument as _, Span};

use super::{ASK_WITHIN, Failure, MOVE_WITHIN, Shared};
use crate::format::HEADER_BYTES;
use crate::opening::{Chunks, Content, Opened, joined, next_batch};

#[derive(Debug)]
pub(super) struct Blob {
    shared: Arc<Shared>,
    path: Path,
    opened: Opened,
    range: Range<u64>,
    span: Span,
}

/// Opens a blob, and reads its first chunks in the same go when they follow the header.
pub(super) async fn open(
    shared: Arc<Shared>,
    stored: &StoredFile,
    range: Range<u64>,
) -> Result<Content<Blob>, FileStoreError> {
    let (path, header_bytes) = (shared.path(stored.id), HEADER_BYTES as u64);
    let expected = Opened::blob_bytes(stored)?;
    let mut left = Opened::chunks_of(stored, &range);
    let mut first = 0..0;
    if left.start == 0 {
        first = next_batch::<Blob>(&mut left);
    }
    let end = Opened::end_of(stored, &first).unwrap_or(header_bytes);
    let (length, start) = head(&shared, &path, end, expected).await.map_err(|failure| failure.of(stored.id))?;
    let (stored, span) = (stored.clone(), Span::current());
    let work = move || {
        let header = start.first_chunk::<HEADER_BYTES>().copied().unwrap_or([0; HEADER_BYTES]);
        let opened = Opened::new(&stored, length, &header, &shared.ring)?;
        let blob = Blob { shared, path, opened, range, span };
        let pieces = blob.decrypt(first, &start, 0)?;
        Ok(Content::new(blob, left, pieces))
    };
    joined(spawn_blocking(work).await)
}

/// How long the object is, and its first `end` bytes.
async fn head(shared: &Shared, path: &Path, end: u64, expected: u64) -> Result<(u64, Bytes), Failure> {
    let request = async {
        let options = GetOptions { range: Some((0..end).into()), ..GetOptions::default() };
        let answer = shared.client.get_opts(path, options).await?;
        let length = answer.meta.size;
        Ok((length, answer.bytes().await?))
    };
    match shared.ask("GetObject", MOVE_WITHIN, request).await {
        // A range beyond the end is refused in many ways. Whether that is the reason, the length tells.
        Err(failure @ (Failure::Refused(_) | Failure::Down(_))) => {
            match shared.ask("HeadObject", ASK_WITHIN, shared.client.head(path)).await {
                Ok(found) if found.size != expected => Ok((found.size, Bytes::new())),
                _ => Err(failure),
            }
        }
        answer => answer,
    }
}

impl Chunks for Blob {
    /// 1 MiB.
    const PER_BATCH: u64 = 16;

    fn begin(self: Arc<Self>, chunks: Range<u64>) -> JoinHandle<Result<Vec<Vec<u8>>, FileStoreError>> {
        tokio::spawn(async move {
            let Some(last) = chunks.clone().next_back() else { return Ok(Vec::new()) };
            let (begins, _) = self.opened.frame(chunks.start);
            let (last_begins, length) = self.opened.frame(last);
            let range = begins..last_begins + length as u64;
            // Streamed long after the request was answered, and still a part of it.
            let asked = self.shared.ask("GetObject", MOVE_WITHIN, self.shared.client.get_range(&self.path, range));
            let bytes = asked.instrument(self.span.clone()).await.map_err(|failure| failure.of(self.opened.id()))?;
            joined(spawn_blocking(move || self.decrypt(chunks, &bytes, begins)).await)
        })
    }
}

impl Blob {
    /// `bytes` begins at `begins` in the blob.
    fn decrypt(&self, chunks: Range<u64>, bytes: &Bytes, begins: u64) -> Result<Vec<Vec<u8>>, FileStoreError> {
        let mut pieces = Vec::new();
        for position in chunks {
            let (at, length) = self.opened.frame(position);
            let at = usize::try_from(at - begins).map_err(|_| self.opened.cut())?;
            let frame = bytes.get(at..at + length).ok_or_else(|| self.opened.cut())?;
            pieces.push(self.opened.open(position, &self.range, frame.to_vec())?);
        }
        Ok(pieces)
    }
}
