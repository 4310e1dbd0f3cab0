//! Blobs on a local disk: `root/<first two digits>/<32 digits>.mif`, written in `root/tmp` and renamed.
//!
//! All disk work happens on tokio's blocking threads, several chunks a hop.

mod read;
mod tree;
mod write;

use std::fmt;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mif_domain::documents::{FileContent, FileId, FileStore, FileStoreError, NewFile, StoreHealth, StoredFile};
use mif_domain::{Clock, Entropy, Instant};

use crate::opening::joined;
use crate::ring::KeyRing;
use tree::Tree;

/// The port promises five seconds.
const HEALTH_WITHIN: Duration = Duration::from_secs(4);

/// The document store of a single machine. Several processes may share the folder.
#[derive(Debug, Clone)]
pub struct DiskStore(Arc<Shared>);

pub(crate) struct Shared {
    tree: Tree,
    ring: Arc<KeyRing>,
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("tree", &self.tree).finish_non_exhaustive()
    }
}

impl DiskStore {
    /// Opens the folder, and makes it (0700) when it is missing. The time of a blob comes from `clock`.
    pub fn open(
        root: impl Into<PathBuf>,
        ring: Arc<KeyRing>,
        entropy: Arc<dyn Entropy>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, FileStoreError> {
        let tree = Tree::open(root.into()).map_err(failed)?;
        Ok(Self(Arc::new(Shared { tree, ring, entropy, clock })))
    }

    /// Works on a blocking thread.
    async fn hop<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, FileStoreError> + Send + 'static,
    ) -> Result<T, FileStoreError> {
        let shared = Arc::clone(&self.0);
        let span = tracing::Span::current();
        joined(tokio::task::spawn_blocking(move || span.in_scope(|| work(&shared))).await)
    }
}

#[async_trait]
impl FileStore for DiskStore {
    async fn create(&self) -> Result<Box<dyn NewFile>, FileStoreError> {
        let shared = Arc::clone(&self.0);
        let begun = self.hop(move |_| write::begin(shared)).await?;
        Ok(Box::new(begun))
    }

    async fn read(&self, file: &StoredFile, range: Range<u64>) -> Result<Box<dyn FileContent>, FileStoreError> {
        let file = file.clone();
        let opened = self.hop(move |shared| read::open(shared, &file, range)).await?;
        Ok(Box::new(opened))
    }

    async fn remove(&self, id: FileId) -> Result<(), FileStoreError> {
        self.hop(move |shared| shared.tree.remove(id).map_err(failed)).await
    }

    async fn list(&self, before: Instant, after: Option<FileId>, limit: usize) -> Result<Vec<FileId>, FileStoreError> {
        self.hop(move |shared| shared.tree.list(before, after, limit).map_err(failed)).await
    }

    async fn remove_unfinished(&self, before: Instant) -> Result<u64, FileStoreError> {
        self.hop(move |shared| shared.tree.remove_unfinished(before).map_err(failed)).await
    }

    async fn health(&self) -> StoreHealth {
        let probe = self.hop(|shared| {
            let mut unique = [0; 16];
            shared.entropy.fill(&mut unique);
            shared.tree.probe(FileId(unique), shared.clock.now()).map_err(failed)
        });
        let reason = match tokio::time::timeout(HEALTH_WITHIN, probe).await {
            Ok(Ok(free)) => return StoreHealth::Up { free_bytes: Some(free) },
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the disk does not answer in time".to_owned(),
        };
        StoreHealth::Down { reason }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn failed(error: std::io::Error) -> FileStoreError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FileStoreError::Full,
        _ => FileStoreError::Unavailable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_or_a_quota_without_room_is_full() {
        const ENOSPC: i32 = 28;
        const EDQUOT: i32 = 122;
        const EIO: i32 = 5;
        for number in [ENOSPC, EDQUOT] {
            assert_eq!(failed(std::io::Error::from_raw_os_error(number)), FileStoreError::Full);
        }
        assert!(matches!(failed(std::io::Error::from_raw_os_error(EIO)), FileStoreError::Unavailable(_)));
    }
}
