//! A disk store in a folder of its own, and what to do to its blobs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mif_domain::documents::{FileId, FileStoreError, SealedFile, StoredFile};
use mif_filestore::{DiskStore, KeyRing, KeySource};
use mif_testkit::contracts::files::FileBackend;
use mif_testkit::{FakeClock, SeededEntropy};
use tempfile::TempDir;

pub(crate) struct Disk {
    pub(crate) backend: FileBackend,
    pub(crate) store: DiskStore,
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) clock: Arc<FakeClock>,
    folder: Arc<TempDir>,
}

pub(crate) fn ring(folder: &Path, clock: &Arc<FakeClock>) -> KeyRing {
    let source = KeySource::Folder(folder.join("keys"));
    KeyRing::open(source, true, clock.clone(), Arc::new(SeededEntropy::new(3))).unwrap()
}

impl Disk {
    pub(crate) fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let clock = Arc::new(FakeClock::default());
        let ring = Arc::new(ring(folder.path(), &clock));
        let entropy = Arc::new(SeededEntropy::new(5));
        let root = folder.path().join("documents");
        let store = DiskStore::open(root, ring.clone(), entropy, clock.clone()).unwrap();
        let backend = FileBackend {
            store: Arc::new(store.clone()),
            keys: ring.clone(),
            clock: clock.clone(),
            keep: folder.clone(),
        };
        Self { backend, store, ring, clock, folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn blob(&self, id: FileId) -> PathBuf {
        let name = id.to_string();
        self.path().join("documents").join(&name[..2]).join(format!("{name}.mif"))
    }

    pub(crate) fn unfinished(&self) -> PathBuf {
        self.path().join("documents/tmp")
    }

    pub(crate) async fn store(&self, content: &[u8]) -> SealedFile {
        self.backend.store(content).await
    }

    /// What is handed out until the end or the first error, and that error.
    pub(crate) async fn read(&self, file: &StoredFile) -> (Vec<u8>, Option<FileStoreError>) {
        let mut content = match self.backend.store.read(file, 0..file.size).await {
            Ok(content) => content,
            Err(error) => return (Vec::new(), Some(error)),
        };
        let mut handed_out = Vec::new();
        loop {
            match content.next().await {
                Ok(Some(piece)) => handed_out.extend(piece),
                Ok(None) => return (handed_out, None),
                Err(error) => return (handed_out, Some(error)),
            }
        }
    }
}

pub(crate) async fn fixture() -> FileBackend {
    Disk::new().backend
}
