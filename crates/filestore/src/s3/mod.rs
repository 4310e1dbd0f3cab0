//! Blobs in a bucket: `<prefix>/<32 digits>.mif`, for several machines that serve as one.
//!
//! Every request has a deadline; those that may safely be repeated are, for ten seconds at most. After three that nobody
//! answered nothing is asked for 10 s at a time, so that uploads are refused at once instead of hanging. What a crash leaves of a
//! multipart upload cannot be listed through this interface: the bucket needs a lifecycle rule that aborts incomplete
//! uploads after a day (`AbortIncompleteMultipartUpload`).

mod read;
mod settings;
mod write;

use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use mif_domain::breaker::Breaker;
use mif_domain::documents::{FileContent, FileId, FileStore, FileStoreError, NewFile, StoreHealth, StoredFile};
use mif_domain::{Clock, Entropy, Instant};
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{Error, ObjectStore as _, ObjectStoreExt as _};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::ring::KeyRing;
pub use settings::{S3Settings, S3SettingsError};

/// For a question or a small change.
const ASK_WITHIN: Duration = Duration::from_secs(15);
/// For some mebibytes.
const MOVE_WITHIN: Duration = Duration::from_mins(1);
/// The port promises five seconds.
const HEALTH_WITHIN: Duration = Duration::from_secs(4);

const EXTENSION: &str = ".mif";

/// The document store of a bucket.
#[derive(Debug, Clone)]
pub struct S3Store(Arc<Shared>);

pub(crate) struct Shared {
    client: AmazonS3,
    breaker: Breaker,
    /// Where requests go, for traces.
    server: String,
    prefix: Path,
    ring: Arc<KeyRing>,
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("client", &self.client.to_string()).finish_non_exhaustive()
    }
}

impl S3Store {
    /// Takes the settings for good; whether the bucket answers is for [`FileStore::health`] to say.
    /// The clock only measures how long a bucket that does not answer is left alone.
    pub fn open(
        settings: &S3Settings,
        ring: Arc<KeyRing>,
        entropy: Arc<dyn Entropy>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, S3SettingsError> {
        let (client, prefix) = settings.client()?;
        let (breaker, server) = (Breaker::new(clock), settings.server());
        Ok(Self(Arc::new(Shared { client, breaker, server, prefix, ring, entropy })))
    }
}

impl Shared {
    fn path(&self, id: FileId) -> Path {
        self.prefix.clone().join(format!("{id}{EXTENSION}"))
    }

    /// Whose blob lies here, if it is one.
    fn id_of(&self, path: &Path) -> Option<FileId> {
        let id = FileId::from_hex(path.filename()?.strip_suffix(EXTENSION)?)?;
        (self.path(id) == *path).then_some(id)
    }

    /// One request, in a span of its own, unless the bucket is left alone.
    async fn ask<T>(
        &self,
        operation: &'static str,
        deadline: Duration,
        request: impl Future<Output = object_store::Result<T>> + Send,
    ) -> Result<T, Failure> {
        if !self.breaker.lets_pass() {
            return Err(Failure::Down("it failed several times in a row and is left alone for a while".to_owned()));
        }
        let answer = self.watched(operation, deadline, request).await;
        match &answer {
            Err(Failure::Down(_)) => self.breaker.failed(),
            Ok(_) | Err(Failure::NotFound | Failure::Full | Failure::Refused(_)) => self.breaker.answered(),
        }
        answer
    }

    /// One request, in a span of its own. Which object it is about stands in none: whoever reads traces may not know.
    async fn watched<T>(
        &self,
        operation: &'static str,
        deadline: Duration,
        request: impl Future<Output = object_store::Result<T>> + Send,
    ) -> Result<T, Failure> {
        // Background work looks into the bucket every few seconds: outside a request or a use case it is no trace of its own.
        let span = if Span::current().is_none() {
            Span::none()
        } else {
            tracing::info_span!(
                target: "mif_trace",
                "s3",
                otel.name = Empty,
                otel.kind = "client",
                otel.status_code = Empty,
                error.type = Empty,
                rpc.system = "aws-api",
                rpc.service = "S3",
                rpc.method = operation,
                server.address = self.server,
            )
        };
        if !span.is_disabled() {
            span.record("otel.name", format!("S3 {operation}"));
        }
        let answer = within(deadline, request).instrument(span.clone()).await;
        let error = match &answer {
            Ok(_) | Err(Failure::NotFound) => None,
            Err(Failure::Full) => Some("full"),
            Err(Failure::Refused(_)) => Some("refused"),
            Err(Failure::Down(_)) => Some("unavailable"),
        };
        if let Some(error) = error {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", error);
        }
        answer
    }
}

#[async_trait]
impl FileStore for S3Store {
    async fn create(&self) -> Result<Box<dyn NewFile>, FileStoreError> {
        Ok(Box::new(write::begin(Arc::clone(&self.0))?))
    }

    async fn read(&self, file: &StoredFile, range: Range<u64>) -> Result<Box<dyn FileContent>, FileStoreError> {
        Ok(Box::new(read::open(Arc::clone(&self.0), file, range).await?))
    }

    async fn remove(&self, id: FileId) -> Result<(), FileStoreError> {
        let path = self.0.path(id);
        match self.0.ask("DeleteObject", ASK_WITHIN, self.0.client.delete(&path)).await {
            Ok(()) | Err(Failure::NotFound) => Ok(()),
            Err(failure) => Err(failure.of(id)),
        }
    }

    async fn list(&self, before: Instant, after: Option<FileId>, limit: usize) -> Result<Vec<FileId>, FileStoreError> {
        let shared = &self.0;
        let mut objects = match after {
            Some(id) => shared.client.list_with_offset(Some(&shared.prefix), &shared.path(id)),
            None => shared.client.list(Some(&shared.prefix)),
        };
        let mut found = Vec::new();
        while found.len() < limit {
            let next = async { objects.next().await.transpose() };
            let Some(object) = shared.ask("ListObjectsV2", ASK_WITHIN, next).await.map_err(Failure::anywhere)? else {
                break;
            };
            if object.last_modified < before {
                // Buckets list in the order of the names.
                found.extend(shared.id_of(&object.location));
            }
        }
        Ok(found)
    }

    async fn remove_unfinished(&self, _before: Instant) -> Result<u64, FileStoreError> {
        // Parts are no objects, and the bucket's own rule removes them: see the top of this module.
        Ok(0)
    }

    async fn health(&self) -> StoreHealth {
        // Nothing lies there. That a list is empty is something that only a bucket says which is there and lets us in; a
        // `HEAD` of an object that is missing looks the same without one.
        let nowhere = self.0.prefix.clone().join("health");
        let mut objects = self.0.client.list(Some(&nowhere));
        // Asked in any case. That it fails spares people the wait for the same; that a list is there does not tell that
        // contents are, but lets the next one try.
        match self.0.watched("ListObjectsV2", HEALTH_WITHIN, async { objects.next().await.transpose() }).await {
            Ok(_) => {
                self.0.breaker.responds();
                StoreHealth::Up { free_bytes: None }
            }
            Err(failure) => {
                if matches!(failure, Failure::Down(_)) {
                    self.0.breaker.failed();
                }
                StoreHealth::Down { reason: failure.anywhere().to_string() }
            }
        }
    }
}

/// Why a request failed.
#[derive(Debug)]
enum Failure {
    NotFound,
    Full,
    /// The server said no.
    Refused(String),
    /// It said nothing in time, or that it cannot.
    Down(String),
}

impl Failure {
    fn of(self, id: FileId) -> FileStoreError {
        match self {
            Self::NotFound => FileStoreError::Missing(id),
            other => other.anywhere(),
        }
    }

    fn anywhere(self) -> FileStoreError {
        match self {
            Self::NotFound => FileStoreError::Unavailable("there is no such bucket or upload".to_owned()),
            Self::Full => FileStoreError::Full,
            Self::Refused(reason) | Self::Down(reason) => FileStoreError::Unavailable(reason),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // S3 itself is never full. Those who speak its language say so in words of their own.
        const FULL: [&str; 4] = ["507 Insufficient Storage", "StorageFull", "QuotaExceeded", "InsufficientStorage"];
        // The client puts most answers into one error.
        const SAID_NO: &str = "Server returned non-2xx status code: 4";
        match error {
            Error::NotFound { .. } => Self::NotFound,
            other => {
                let reason = other.to_string();
                if FULL.iter().any(|word| reason.contains(word)) {
                    Self::Full
                } else if reason.contains(SAID_NO) || !matches!(other, Error::Generic { .. }) {
                    Self::Refused(reason)
                } else {
                    Self::Down(reason)
                }
            }
        }
    }
}

async fn within<T>(
    deadline: Duration,
    request: impl Future<Output = object_store::Result<T>> + Send,
) -> Result<T, Failure> {
    match tokio::time::timeout(deadline, request).await {
        Ok(answer) => answer.map_err(Failure::from),
        Err(_) => Err(Failure::Down(format!("no answer within {} s", deadline.as_secs()))),
    }
}
