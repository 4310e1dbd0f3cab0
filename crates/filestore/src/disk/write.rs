//! A blob on its way to the disk: while one batch is hashed, the one before is encrypted and written.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;

use async_trait::async_trait;
use mif_domain::documents::{FileStoreError, NewFile, SealedFile};
use tokio::task::{JoinHandle, spawn_blocking};

use super::tree::Unfinished;
use super::{Shared, failed};
use crate::opening::joined;
use crate::sealing::{Batch, Encryptor, Hasher, Identity};

/// 256 KiB a hop. Three batches are on their way at most: one that fills, one that is hashed, one that is stored.
const CHUNKS_PER_BATCH: usize = 4;
/// So much is written before the disk is asked to begin, so that the last wait is short.
const SYNC_EVERY_BATCHES: u32 = 64;

#[derive(Debug)]
pub(super) struct DiskFile {
    shared: Arc<Shared>,
    identity: Identity,
    unfinished: Option<Unfinished>,
    file: Arc<File>,
    filling: Batch,
    hashing: Stage<Hasher>,
    storing: Stage<Encryptor>,
    syncing: Syncing,
}

pub(super) fn begin(shared: Arc<Shared>) -> Result<DiskFile, FileStoreError> {
    let (identity, header, encryptor) = Identity::random(shared.entropy.as_ref())?;
    let (unfinished, file) = shared.tree.begin(identity.id, header.bytes(), shared.clock.now()).map_err(failed)?;
    Ok(DiskFile {
        shared,
        identity,
        unfinished: Some(unfinished),
        file: Arc::new(file),
        filling: Batch::of(CHUNKS_PER_BATCH),
        hashing: Stage::Idle(Hasher::default()),
        storing: Stage::Idle(encryptor),
        syncing: Syncing::default(),
    })
}

#[async_trait]
impl NewFile for DiskFile {
    async fn write(&mut self, mut piece: &[u8]) -> Result<(), FileStoreError> {
        loop {
            piece = self.filling.fill(piece);
            // A full batch waits for the next byte: until then it may be the last.
            if piece.is_empty() {
                return Ok(());
            }
            self.advance().await?;
        }
    }

    async fn finish(mut self: Box<Self>) -> Result<SealedFile, FileStoreError> {
        let (mut hasher, unstored) = self.hashing.end().await?;
        let (mut encryptor, _) = self.storing.end().await?;
        self.syncing.end().await?;
        let Self { shared, identity, unfinished, file, filling: mut last, .. } = *self;
        let Some(unfinished) = unfinished else { return Err(gone()) };
        let work = move || {
            if let Some(batch) = unstored {
                store(&mut encryptor, &file, batch)?;
            }
            hasher.see_last(&mut last);
            encryptor.encrypt(&mut last, true)?;
            (&*file).write_all(last.bytes()).map_err(failed)?;
            // Before the rename: a blob that nobody can open had better not be there.
            let sealed = identity.seal(hasher, &shared.ring)?;
            shared.tree.publish(unfinished, &file, identity.id, shared.clock.now()).map_err(failed)?;
            Ok(sealed)
        };
        joined(spawn_blocking(work).await)
    }
}

impl DiskFile {
    /// Moves every batch one stage on.
    async fn advance(&mut self) -> Result<(), FileStoreError> {
        let spare = self.storing.rest().await?;
        let hashed = self.hashing.rest().await?;
        let next = spare.unwrap_or_else(|| Batch::of(CHUNKS_PER_BATCH));
        let full = std::mem::replace(&mut self.filling, next);
        self.hashing.start(full, |hasher, batch| {
            hasher.see(&batch);
            Ok(batch)
        });
        if let Some(batch) = hashed {
            let file = Arc::clone(&self.file);
            self.storing.start(batch, move |encryptor, batch| store(encryptor, &file, batch));
            self.syncing.stored(&self.file).await?;
        }
        Ok(())
    }
}

/// Encrypts and writes a batch, and returns its memory.
fn store(encryptor: &mut Encryptor, mut file: &File, mut batch: Batch) -> Result<Batch, FileStoreError> {
    encryptor.encrypt(&mut batch, false)?;
    file.write_all(batch.bytes()).map_err(failed)?;
    batch.clear();
    Ok(batch)
}

/// A worker that takes one batch at a time, on a blocking thread.
#[derive(Debug)]
enum Stage<W> {
    Idle(W),
    Busy(JoinHandle<Result<(W, Batch), FileStoreError>>),
    /// It failed, and the file with it.
    Gone,
}

impl<W: Send + 'static> Stage<W> {
    /// MUST be idle.
    fn start(
        &mut self,
        batch: Batch,
        work: impl FnOnce(&mut W, Batch) -> Result<Batch, FileStoreError> + Send + 'static,
    ) {
        *self = match std::mem::replace(self, Self::Gone) {
            Self::Idle(mut worker) => Self::Busy(spawn_blocking(move || {
                let batch = work(&mut worker, batch)?;
                Ok((worker, batch))
            })),
            other => other,
        };
    }

    /// Waits until it is idle, and returns the batch that it was busy with. May be given up and called again.
    async fn rest(&mut self) -> Result<Option<Batch>, FileStoreError> {
        let ended = match self {
            Self::Idle(_) => return Ok(None),
            Self::Busy(task) => joined(task.await),
            Self::Gone => Err(gone()),
        };
        *self = Self::Gone;
        let (worker, batch) = ended?;
        *self = Self::Idle(worker);
        Ok(Some(batch))
    }

    /// Waits until it is idle, for the last time.
    async fn end(&mut self) -> Result<(W, Option<Batch>), FileStoreError> {
        let batch = self.rest().await?;
        match std::mem::replace(self, Self::Gone) {
            Self::Idle(worker) => Ok((worker, batch)),
            _ => Err(gone()),
        }
    }
}

fn gone() -> FileStoreError {
    FileStoreError::Unavailable("the upload had failed before".to_owned())
}

/// Asks the disk to write while more arrives, one request at a time.
#[derive(Debug, Default)]
struct Syncing {
    batches: u32,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl Syncing {
    async fn stored(&mut self, file: &Arc<File>) -> Result<(), FileStoreError> {
        self.batches += 1;
        if self.batches < SYNC_EVERY_BATCHES || self.task.as_ref().is_some_and(|task| !task.is_finished()) {
            return Ok(());
        }
        self.end().await?;
        let file = Arc::clone(file);
        self.task = Some(spawn_blocking(move || file.sync_data()));
        self.batches = 0;
        Ok(())
    }

    /// What such a request says of lost writes, the system says only once: it counts.
    async fn end(&mut self) -> Result<(), FileStoreError> {
        let Some(task) = &mut self.task else { return Ok(()) };
        let ended = task.await;
        self.task = None;
        joined(ended.map(|synced| synced.map_err(failed)))
    }
}
