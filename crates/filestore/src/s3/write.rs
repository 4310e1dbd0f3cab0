//! A blob on its way to a bucket: one request when it is small, else parts of 5 MiB, one on its way while the next fills.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use mif_domain::documents::{FileStoreError, NewFile, SealedFile};
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore as _, ObjectStoreExt as _, PutMode, PutPayload};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_blocking};
use tracing::Instrument as _;

use super::{ASK_WITHIN, Failure, MOVE_WITHIN, Shared};
use crate::format::{FRAME_BYTES, Header};
use crate::opening::joined;
use crate::sealing::{Batch, Encryptor, Hasher, Identity};

/// 5 MiB and a little: the least that S3 takes as a part. An upload holds two of them, the one that fills and the one on
/// its way, so about 10.5 MB.
const CHUNKS_PER_PART: usize = 80;
const PART_BYTES: usize = CHUNKS_PER_PART * FRAME_BYTES;

#[derive(Debug)]
pub(super) struct S3File {
    filling: Batch,
    sending: Sending,
}

#[derive(Debug)]
enum Sending {
    Idle(Box<Work>),
    Busy(JoinHandle<Result<Box<Work>, FileStoreError>>),
    /// It failed, or is complete.
    Gone,
}

/// All that is known of an upload between two parts.
#[derive(Debug)]
struct Work {
    shared: Arc<Shared>,
    path: Path,
    identity: Identity,
    hasher: Hasher,
    encryptor: Encryptor,
    upload: Option<Box<dyn MultipartUpload>>,
    /// What begins the next part. The header shifts everything, and some servers want parts of one size.
    carried: Vec<u8>,
}

pub(super) fn begin(shared: Arc<Shared>) -> Result<S3File, FileStoreError> {
    let (identity, header, encryptor): (_, Header, _) = Identity::random(shared.entropy.as_ref())?;
    let work = Work {
        path: shared.path(identity.id),
        shared,
        identity,
        hasher: Hasher::default(),
        encryptor,
        upload: None,
        carried: header.bytes().to_vec(),
    };
    Ok(S3File { filling: Batch::of(CHUNKS_PER_PART), sending: Sending::Idle(Box::new(work)) })
}

#[async_trait]
impl NewFile for S3File {
    async fn write(&mut self, mut piece: &[u8]) -> Result<(), FileStoreError> {
        loop {
            piece = self.filling.fill(piece);
            // A full batch waits for the next byte: until then it may be the last.
            if piece.is_empty() {
                return Ok(());
            }
            let work = self.rest().await?;
            let full = std::mem::replace(&mut self.filling, Batch::of(CHUNKS_PER_PART));
            self.sending = Sending::Busy(tokio::spawn(work.part(full).in_current_span()));
        }
    }

    async fn finish(mut self: Box<Self>) -> Result<SealedFile, FileStoreError> {
        let work = self.rest().await?;
        let last = std::mem::replace(&mut self.filling, Batch::of(0));
        // A task of its own, so that whoever gives up waiting leaves no upload half done.
        joined(tokio::spawn(work.last(last).in_current_span()).await)
    }
}

impl S3File {
    /// Waits for the part on its way. May be given up and called again.
    async fn rest(&mut self) -> Result<Box<Work>, FileStoreError> {
        if let Sending::Busy(task) = &mut self.sending {
            let ended = joined(task.await);
            self.sending = Sending::Gone;
            return ended;
        }
        match std::mem::replace(&mut self.sending, Sending::Gone) {
            Sending::Idle(work) => Ok(work),
            _ => Err(FileStoreError::Unavailable("the upload had failed before".to_owned())),
        }
    }
}

impl Drop for S3File {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        match std::mem::replace(&mut self.sending, Sending::Gone) {
            Sending::Idle(mut work) => drop(runtime.spawn(async move { work.abort().await })),
            Sending::Busy(task) => drop(runtime.spawn(async move {
                if let Ok(mut work) = joined(task.await) {
                    work.abort().await;
                }
            })),
            Sending::Gone => {}
        }
    }
}

impl Work {
    /// Sends a full batch. A failure ends the upload.
    async fn part(mut self: Box<Self>, mut batch: Batch) -> Result<Box<Self>, FileStoreError> {
        let encrypt = move || {
            self.hasher.see(&batch);
            let encrypted = self.encryptor.encrypt(&mut batch, false);
            Ok((self, encrypted.map(|()| batch.into_bytes())))
        };
        let (mut work, encrypted) = joined(spawn_blocking(encrypt).await)?;
        let sent = match encrypted {
            Ok(mut bytes) => {
                let sent = work.send(&mut bytes).await;
                work.carried = bytes.to_vec();
                sent.map_err(Failure::anywhere)
            }
            Err(error) => Err(error),
        };
        work.unless_failed(sent).await
    }

    /// Sends the rest, all of it when nothing was sent before, and makes the object appear.
    async fn last(mut self: Box<Self>, mut batch: Batch) -> Result<SealedFile, FileStoreError> {
        let seal = move || {
            self.hasher.see_last(&mut batch);
            let encrypted = self.encryptor.encrypt(&mut batch, true);
            let hasher = std::mem::take(&mut self.hasher);
            // Before the object is there: one that nobody can open had better not be.
            let sealed = encrypted.and_then(|()| self.identity.seal(hasher, &self.shared.ring));
            Ok((self, sealed.map(|sealed| (sealed, batch.into_bytes()))))
        };
        let (mut work, sealed) = joined(spawn_blocking(seal).await)?;
        let sent = match sealed {
            Ok((sealed, bytes)) => work.complete(bytes).await.map(|()| sealed).map_err(Failure::anywhere),
            Err(error) => Err(error),
        };
        match sent {
            Ok(sealed) => Ok(sealed),
            Err(error) => {
                work.abort().await;
                Err(error)
            }
        }
    }

    /// Sends one part, and leaves in `bytes` what is beyond its size.
    async fn send(&mut self, bytes: &mut Bytes) -> Result<(), Failure> {
        let part = bytes.split_to(bytes.len().min(PART_BYTES - self.carried.len()));
        let payload: PutPayload = [Bytes::from(std::mem::take(&mut self.carried)), part].into_iter().collect();
        let upload = match &mut self.upload {
            Some(upload) => upload,
            begun => {
                let request = self.shared.client.put_multipart(&self.path);
                begun.insert(self.shared.ask("CreateMultipartUpload", ASK_WITHIN, request).await?)
            }
        };
        self.shared.ask("UploadPart", MOVE_WITHIN, upload.put_part(payload)).await
    }

    async fn complete(&mut self, mut bytes: Bytes) -> Result<(), Failure> {
        if self.upload.is_none() {
            let payload: PutPayload = [Bytes::from(std::mem::take(&mut self.carried)), bytes].into_iter().collect();
            let request = self.shared.client.put_opts(&self.path, payload, PutMode::Create.into());
            return self.shared.ask("PutObject", MOVE_WITHIN, request).await.map(drop);
        }
        while !bytes.is_empty() {
            self.send(&mut bytes).await?;
        }
        let Some(upload) = &mut self.upload else { return Ok(()) };
        self.shared.ask("CompleteMultipartUpload", MOVE_WITHIN, upload.complete()).await?;
        self.upload = None;
        Ok(())
    }

    async fn unless_failed(mut self: Box<Self>, sent: Result<(), FileStoreError>) -> Result<Box<Self>, FileStoreError> {
        if let Err(error) = sent {
            self.abort().await;
            return Err(error);
        }
        Ok(self)
    }

    async fn abort(&mut self) {
        let Some(mut upload) = self.upload.take() else { return };
        if let Err(failure) = self.shared.ask("AbortMultipartUpload", ASK_WITHIN, upload.abort()).await {
            tracing::warn!(error = %failure.anywhere(), "an unfinished upload was left in the bucket");
        }
    }
}
