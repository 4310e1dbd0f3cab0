//! What every document store and its ring of keys must do.

use std::ops::Range;
use std::sync::Arc;

use chrono::TimeDelta;
use mif_domain::documents::{FileId, FileKeys, FileStore, FileStoreError, SealedFile, StoreHealth, StoredFile};
use mif_domain::{Clock, Entropy as _, Instant};

use super::{Guard, at_once};
use crate::SeededEntropy;

/// A store of its own for one case.
#[derive(Debug, Clone)]
pub struct FileBackend {
    /// The store.
    pub store: Arc<dyn FileStore>,
    /// Its keys.
    pub keys: Arc<dyn FileKeys>,
    /// The clock by which blobs are as old as they are.
    pub clock: Arc<dyn Clock>,
    /// What must live as long as the store.
    pub keep: Arc<dyn Guard>,
}

/// Around the chunks of 64 KiB, and beyond what any store holds back.
const SIZES: [usize; 8] = [0, 1, 65_535, 65_536, 65_537, 200_000, 262_144, 11_000_017];

/// Bytes that no chunk repeats.
pub fn bytes(size: usize) -> Vec<u8> {
    let mut content = vec![0; size];
    SeededEntropy::new(size as u64).fill(&mut content);
    content
}

impl FileBackend {
    /// Stores a content in one piece.
    pub async fn store(&self, content: &[u8]) -> SealedFile {
        let mut file = self.store.create().await.expect("a new blob");
        file.write(content).await.expect("a write");
        file.finish().await.expect("a sealed blob")
    }

    /// Reads a part of a content.
    pub async fn part(&self, file: &StoredFile, range: Range<u64>) -> Result<Vec<u8>, FileStoreError> {
        let mut content = self.store.read(file, range).await?;
        let mut all = Vec::new();
        while let Some(piece) = content.next().await? {
            all.extend(piece);
        }
        Ok(all)
    }

    async fn whole(&self, file: &StoredFile) -> Result<Vec<u8>, FileStoreError> {
        self.part(file, 0..file.size).await
    }

    async fn listed(&self) -> Vec<FileId> {
        self.store.list(self.later(), None, 1000).await.expect("a list")
    }

    fn later(&self) -> Instant {
        self.clock.now() + TimeDelta::hours(1)
    }
}

/// A content of any size is the same afterwards.
pub async fn a_content_reads_back_as_it_was(backend: &FileBackend) {
    for size in SIZES {
        let content = bytes(size);
        let sealed = backend.store(&content).await;
        assert_eq!(sealed.file.size, size as u64);
        assert!(backend.whole(&sealed.file).await.unwrap() == content, "{size} bytes came back changed");
    }
}

/// Pieces have nothing to do with chunks.
pub async fn a_content_may_arrive_in_pieces_of_any_size(backend: &FileBackend) {
    let content = bytes(600_000);
    for piece in [1_000, 65_536, 65_537, 262_145, 600_000] {
        let mut file = backend.store.create().await.unwrap();
        for piece in content.chunks(piece) {
            file.write(&[]).await.unwrap();
            file.write(piece).await.unwrap();
        }
        let sealed = file.finish().await.unwrap();
        assert!(backend.whole(&sealed.file).await.unwrap() == content, "pieces of {piece} bytes");
    }
}

/// The hash is the SHA-256 of the content (FIPS 180-4), not of what is stored.
pub async fn the_hash_is_that_of_the_content(backend: &FileBackend) {
    for (content, hash) in [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ] {
        assert_eq!(backend.store(content.as_bytes()).await.sha256.to_string(), hash);
    }
}

/// A range is that part of the content, wherever it begins and ends.
pub async fn any_range_is_that_part_of_the_content(backend: &FileBackend) {
    let size = 1_200_000;
    let content = bytes(size);
    let file = backend.store(&content).await.file;
    let edges = [0, 1, 65_535, 65_536, 65_537, 131_072, 262_143, 262_144, 500_000, 1_048_576, size - 1, size];
    for (index, start) in edges.into_iter().enumerate() {
        for end in edges.into_iter().skip(index) {
            let part = backend.part(&file, start as u64..end as u64).await.unwrap();
            assert!(Some(part.as_slice()) == content.get(start..end), "{start}..{end}");
        }
    }
}

/// Nobody sees a blob before it is complete.
pub async fn an_unfinished_blob_is_not_listed(backend: &FileBackend) {
    let mut file = backend.store.create().await.unwrap();
    file.write(&bytes(6_000_000)).await.unwrap();
    assert_eq!(backend.listed().await, []);
    let sealed = file.finish().await.unwrap();
    assert_eq!(backend.listed().await, [sealed.file.id]);
}

/// Giving up leaves nothing.
pub async fn a_dropped_upload_leaves_no_blob(backend: &FileBackend) {
    for size in [0, 10, 6_000_000] {
        let mut file = backend.store.create().await.unwrap();
        file.write(&bytes(size)).await.unwrap();
        drop(file);
    }
    assert_eq!(backend.listed().await, []);
}

/// A blob that is gone is missing, and may be removed again.
pub async fn removing_twice_is_fine(backend: &FileBackend) {
    let (kept, gone) = (backend.store(b"kept").await.file, backend.store(b"gone").await.file);
    for _ in 0..2 {
        backend.store.remove(gone.id).await.unwrap();
        assert_eq!(backend.whole(&gone).await, Err(FileStoreError::Missing(gone.id)));
    }
    assert_eq!(backend.listed().await, [kept.id]);
    assert_eq!(backend.whole(&kept).await.unwrap(), b"kept");
}

/// Pages follow each other in the order of the names.
pub async fn blobs_are_listed_in_order_page_by_page(backend: &FileBackend) {
    let mut stored = Vec::new();
    for number in 0..7_u8 {
        stored.push(backend.store(&[number]).await.file.id);
    }
    stored.sort();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = backend.store.list(backend.later(), after, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some(*last);
        listed.extend(page);
    }
    assert_eq!(listed, stored);
    assert_eq!(backend.store.list(backend.later(), None, 0).await.unwrap(), []);
}

/// The sweeper does not see what has just been written.
pub async fn only_blobs_from_before_are_listed(backend: &FileBackend) {
    let id = backend.store(b"young").await.file.id;
    let now = backend.clock.now();
    assert_eq!(backend.store.list(now - TimeDelta::hours(1), None, 10).await.unwrap(), []);
    assert_eq!(backend.store.list(now + TimeDelta::hours(1), None, 10).await.unwrap(), [id]);
}

/// Uploads that are not over are not taken for left-overs of a crash.
pub async fn an_upload_in_progress_survives_the_sweeper(backend: &FileBackend) {
    let mut file = backend.store.create().await.unwrap();
    file.write(b"first, ").await.unwrap();
    assert_eq!(backend.store.remove_unfinished(backend.clock.now() - TimeDelta::hours(1)).await.unwrap(), 0);
    file.write(b"second").await.unwrap();
    let sealed = file.finish().await.unwrap();
    assert_eq!(backend.whole(&sealed.file).await.unwrap(), b"first, second");
}

/// A row that was given another row's key reads nothing.
pub async fn another_files_key_is_refused(backend: &FileBackend) {
    let (one, other) = (backend.store(b"same").await.file, backend.store(b"same").await.file);
    let mixed = StoredFile { key: other.key.clone(), ..one.clone() };
    assert!(matches!(backend.whole(&mixed).await, Err(FileStoreError::Corrupt { id, .. }) if id == one.id));
    assert!(backend.keys.rewrap(&mixed).is_err());
    let mut spoilt = one.clone();
    if let Some(byte) = spoilt.key.bytes.last_mut() {
        *byte ^= 1;
    }
    assert!(matches!(backend.whole(&spoilt).await, Err(FileStoreError::Corrupt { .. })));
    let cut = StoredFile { key: mif_domain::documents::WrappedKey { bytes: Vec::new(), ..one.key.clone() }, ..one };
    assert!(matches!(backend.whole(&cut).await, Err(FileStoreError::Corrupt { .. })));
}

/// The size is bound to the key: a row cannot pretend that the content is shorter or longer.
pub async fn another_size_is_refused(backend: &FileBackend) {
    let file = backend.store(&bytes(70_000)).await.file;
    for size in [0, 1, 65_536, 69_999, 70_001, u64::MAX] {
        let other = StoredFile { size, ..file.clone() };
        let refused = backend.part(&other, 0..size.min(10)).await;
        assert!(matches!(refused, Err(FileStoreError::Corrupt { .. })), "{size}: {refused:?}");
    }
}

/// The ring says which key it does not have.
pub async fn an_unknown_key_is_named(backend: &FileBackend) {
    let mut file = backend.store(b"content").await.file;
    "0000000000000000".clone_into(&mut file.key.key_id);
    let unknown = FileStoreError::UnknownKey(file.key.key_id.clone());
    assert_eq!(backend.whole(&file).await, Err(unknown.clone()));
    assert_eq!(backend.keys.rewrap(&file), Err(unknown));
}

/// Wrapping anew changes the row, never the blob.
pub async fn a_key_wrapped_anew_opens_the_same_blob(backend: &FileBackend) {
    let file = backend.store(b"content").await.file;
    let key = backend.keys.rewrap(&file).unwrap();
    let first = backend.keys.list().unwrap().into_iter().next().expect("a key");
    assert!(first.encrypts);
    assert_eq!(key.key_id, first.key_id);
    assert_eq!(backend.whole(&StoredFile { key, ..file }).await.unwrap(), b"content");
}

/// Uploads that run side by side do not meet.
pub async fn uploads_at_the_same_time_do_not_meet(backend: &FileBackend) {
    let stored = at_once(6, |caller| {
        let backend = backend.clone();
        async move {
            let content = bytes(300_000 + caller as usize);
            (backend.store(&content).await.file, content)
        }
    })
    .await;
    for (file, content) in &stored {
        assert!(backend.whole(file).await.unwrap() == *content);
    }
    assert_eq!(backend.listed().await.len(), stored.len());
}

/// A content that is not read to its end is no harm.
pub async fn a_download_may_be_given_up(backend: &FileBackend) {
    let file = backend.store(&bytes(2_000_000)).await.file;
    let mut content = backend.store.read(&file, 0..file.size).await.unwrap();
    assert!(content.next().await.unwrap().is_some_and(|piece| !piece.is_empty()));
    drop(content);
    backend.store.remove(file.id).await.unwrap();
}

/// A store that works says so.
pub async fn a_store_that_works_is_up(backend: &FileBackend) {
    assert!(matches!(backend.store.health().await, StoreHealth::Up { .. }));
    assert_eq!(backend.listed().await, []);
}

/// Every case above.
#[macro_export]
macro_rules! file_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => files:
            a_content_reads_back_as_it_was,
            a_content_may_arrive_in_pieces_of_any_size,
            the_hash_is_that_of_the_content,
            any_range_is_that_part_of_the_content,
            an_unfinished_blob_is_not_listed,
            a_dropped_upload_leaves_no_blob,
            removing_twice_is_fine,
            blobs_are_listed_in_order_page_by_page,
            only_blobs_from_before_are_listed,
            an_upload_in_progress_survives_the_sweeper,
            another_files_key_is_refused,
            another_size_is_refused,
            an_unknown_key_is_named,
            a_key_wrapped_anew_opens_the_same_blob,
            uploads_at_the_same_time_do_not_meet,
            a_download_may_be_given_up,
            a_store_that_works_is_up,
        );
    };
}
