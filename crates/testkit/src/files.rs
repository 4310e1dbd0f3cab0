//! A document store in memory, in plain bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use mif_domain::documents::{
    FileContent, FileId, FileKeys, FileStore, FileStoreError, KeyState, NewFile, SealedFile, Sha256, StoreHealth,
    StoredFile, WrappedKey,
};
use mif_domain::secrets::{SealedSecret, SecretError, SecretSealer};
use mif_domain::{Clock, Entropy as _, Instant};
use sha2::Digest as _;
use zeroize::Zeroizing;

use crate::SeededEntropy;

/// Pieces of a content have at most so many bytes, as those of the real stores.
const PIECE: usize = 64 * 1024;

/// Keeps contents in memory. Can be told to be full, unavailable or corrupt, and to get a new key.
#[derive(Debug, Clone)]
pub struct MemoryFiles(Arc<Shelf>);

#[derive(Debug)]
struct Shelf {
    clock: Arc<dyn Clock>,
    entropy: SeededEntropy,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    blobs: BTreeMap<FileId, Blob>,
    unfinished: BTreeSet<FileId>,
    corrupt: BTreeSet<FileId>,
    /// The last one encrypts.
    keys: Vec<String>,
    failure: Option<FileStoreError>,
}

#[derive(Debug)]
struct Blob {
    content: Arc<Vec<u8>>,
    written_at: Instant,
}

impl MemoryFiles {
    /// An empty store with one key.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let state = State {
            blobs: BTreeMap::new(),
            unfinished: BTreeSet::new(),
            corrupt: BTreeSet::new(),
            keys: vec!["first".to_owned()],
            failure: None,
        };
        Self(Arc::new(Shelf { clock, entropy: SeededEntropy::new(11), state: Mutex::new(state) }))
    }

    /// From now on every call fails in this way: full or unavailable, for instance.
    pub fn fail_with(&self, failure: FileStoreError) {
        self.state().failure = Some(failure);
    }

    /// From now on calls succeed again.
    pub fn recover(&self) {
        self.state().failure = None;
    }

    /// Spoils a blob.
    pub fn corrupt(&self, id: FileId) {
        self.state().corrupt.insert(id);
    }

    /// Adds a key that encrypts from now on.
    pub fn add_key(&self, key_id: &str) {
        self.state().keys.push(key_id.to_owned());
    }

    /// Loses a key.
    pub fn remove_key(&self, key_id: &str) {
        self.state().keys.retain(|known| known != key_id);
    }

    /// The names of all finished blobs.
    pub fn blobs(&self) -> Vec<FileId> {
        self.state().blobs.keys().copied().collect()
    }

    /// How many uploads are neither finished nor given up.
    pub fn unfinished(&self) -> usize {
        self.state().unfinished.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn working(&self) -> Result<MutexGuard<'_, State>, FileStoreError> {
        let state = self.state();
        match &state.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(state),
        }
    }
}

/// Bound to what a real one is bound to.
fn wrap(key_id: &str, id: FileId, size: u64) -> WrappedKey {
    WrappedKey { key_id: key_id.to_owned(), bytes: format!("{key_id} of {id} with {size}").into_bytes() }
}

fn unwrap(state: &State, file: &StoredFile) -> Result<(), FileStoreError> {
    if !state.keys.contains(&file.key.key_id) {
        return Err(FileStoreError::UnknownKey(file.key.key_id.clone()));
    }
    if file.key != wrap(&file.key.key_id, file.id, file.size) {
        return Err(FileStoreError::Corrupt { id: file.id, why: "its key is not that of this file and size" });
    }
    Ok(())
}

#[async_trait]
impl FileStore for MemoryFiles {
    async fn create(&self) -> Result<Box<dyn NewFile>, FileStoreError> {
        let mut id = FileId([0; 16]);
        self.0.entropy.fill(&mut id.0);
        self.working()?.unfinished.insert(id);
        Ok(Box::new(MemoryFile { store: self.clone(), id, content: Vec::new() }))
    }

    async fn read(&self, file: &StoredFile, range: Range<u64>) -> Result<Box<dyn FileContent>, FileStoreError> {
        let state = self.working()?;
        let blob = state.blobs.get(&file.id).ok_or(FileStoreError::Missing(file.id))?;
        unwrap(&state, file)?;
        if blob.content.len() as u64 != file.size {
            return Err(FileStoreError::Corrupt { id: file.id, why: "its length is not that of its content" });
        }
        let at = |offset: u64| usize::try_from(offset.min(file.size)).expect("a content that fits into memory");
        let range = at(range.start)..at(range.end);
        let spoilt = state.corrupt.contains(&file.id).then_some(file.id);
        Ok(Box::new(MemoryContent { content: Arc::clone(&blob.content), range, spoilt }))
    }

    async fn remove(&self, id: FileId) -> Result<(), FileStoreError> {
        self.working()?.blobs.remove(&id);
        Ok(())
    }

    async fn list(&self, before: Instant, after: Option<FileId>, limit: usize) -> Result<Vec<FileId>, FileStoreError> {
        let state = self.working()?;
        let wanted = state
            .blobs
            .iter()
            .filter(|(id, blob)| blob.written_at < before && after.is_none_or(|after| **id > after))
            .map(|(id, _)| *id);
        Ok(wanted.take(limit).collect())
    }

    async fn remove_unfinished(&self, _before: Instant) -> Result<u64, FileStoreError> {
        // Nothing survives the upload that it belongs to.
        self.working().map(|_| 0)
    }

    async fn health(&self) -> StoreHealth {
        match self.working() {
            Ok(_) => StoreHealth::Up { free_bytes: None },
            Err(error) => StoreHealth::Down { reason: error.to_string() },
        }
    }
}

impl FileKeys for MemoryFiles {
    fn list(&self) -> Result<Vec<KeyState>, FileStoreError> {
        let state = self.working()?;
        let newest_first = state.keys.iter().rev().enumerate();
        Ok(newest_first
            .map(|(age, key_id)| KeyState { key_id: key_id.clone(), encrypts: age == 0, encrypts_since: None })
            .collect())
    }

    fn rewrap(&self, file: &StoredFile) -> Result<WrappedKey, FileStoreError> {
        let state = self.working()?;
        unwrap(&state, file)?;
        let with = state.keys.last().ok_or_else(|| FileStoreError::UnknownKey("for new files".to_owned()))?;
        Ok(wrap(with, file.id, file.size))
    }
}

/// Sealed in plain sight: bound to purpose, owner and key like the real thing, but anybody can read it.
impl SecretSealer for MemoryFiles {
    fn seal(&self, purpose: &'static str, owner: i64, secret: &[u8]) -> Result<SealedSecret, SecretError> {
        let state = self.state();
        let key_id = state.keys.last().ok_or_else(|| SecretError::UnknownKey("for new secrets".to_owned()))?.clone();
        let bytes = [seal_of(purpose, owner, &key_id).as_bytes(), secret].concat();
        Ok(SealedSecret { key_id, bytes })
    }

    fn open(
        &self,
        purpose: &'static str,
        owner: i64,
        sealed: &SealedSecret,
    ) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        if !self.state().keys.contains(&sealed.key_id) {
            return Err(SecretError::UnknownKey(sealed.key_id.clone()));
        }
        let seal = seal_of(purpose, owner, &sealed.key_id);
        let secret = sealed.bytes.strip_prefix(seal.as_bytes()).ok_or(SecretError::Corrupt)?;
        Ok(Zeroizing::new(secret.to_vec()))
    }
}

fn seal_of(purpose: &str, owner: i64, key_id: &str) -> String {
    format!("{purpose}/{owner}/{key_id}/")
}

#[derive(Debug)]
struct MemoryFile {
    store: MemoryFiles,
    id: FileId,
    content: Vec<u8>,
}

#[async_trait]
impl NewFile for MemoryFile {
    async fn write(&mut self, piece: &[u8]) -> Result<(), FileStoreError> {
        drop(self.store.working()?);
        self.content.extend_from_slice(piece);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<SealedFile, FileStoreError> {
        let content = std::mem::take(&mut self.content);
        let (size, sha256) = (content.len() as u64, Sha256(sha2::Sha256::digest(&content).into()));
        let written_at = self.store.0.clock.now();
        let mut state = self.store.working()?;
        let with = state.keys.last().ok_or_else(|| FileStoreError::UnknownKey("for new files".to_owned()))?;
        let file = StoredFile { id: self.id, size, key: wrap(with, self.id, size) };
        state.blobs.insert(self.id, Blob { content: Arc::new(content), written_at });
        Ok(SealedFile { file, sha256 })
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        self.store.state().unfinished.remove(&self.id);
    }
}

#[derive(Debug)]
struct MemoryContent {
    content: Arc<Vec<u8>>,
    range: Range<usize>,
    spoilt: Option<FileId>,
}

#[async_trait]
impl FileContent for MemoryContent {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, FileStoreError> {
        if let Some(id) = self.spoilt {
            return Err(FileStoreError::Corrupt { id, why: "a chunk is not what was stored" });
        }
        if self.range.is_empty() {
            return Ok(None);
        }
        let end = self.range.end.min(self.range.start + PIECE);
        let piece = self.content.get(self.range.start..end).unwrap_or_default().to_vec();
        self.range.start = end;
        Ok(Some(piece))
    }
}
