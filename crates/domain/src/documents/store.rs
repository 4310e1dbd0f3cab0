//! The store of encrypted blobs.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use thiserror::Error;

use super::Sha256;
use crate::clock::Instant;

/// Identifies a blob: 128 random bits, which the blob's header repeats.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub [u8; 16]);

impl FileId {
    /// Reads 32 lower-case hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 32 || text.bytes().any(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        u128::from_str_radix(text, 16).ok().map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileId({self})")
    }
}

/// The key of one file, encrypted under a key of the ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// Which key of the ring.
    pub key_id: String,
    /// The encrypted file key. Useless without the ring, and with any other file's blob.
    pub bytes: Vec<u8>,
}

/// All that is needed to read a blob, apart from the ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Which blob.
    pub id: FileId,
    /// How many bytes the content has.
    pub size: u64,
    /// Its key.
    pub key: WrappedKey,
}

/// A blob that was written to the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedFile {
    /// How to read it.
    pub file: StoredFile,
    /// The SHA-256 of the content.
    pub sha256: Sha256,
}

/// Why the store could not do its work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileStoreError {
    /// There is no room left.
    #[error("the document store is full")]
    Full,
    /// The disk or the object store does not answer. Trying again may help.
    #[error("the document store is unavailable: {0}")]
    Unavailable(String),
    /// There is no blob of that name.
    #[error("blob {0} is missing")]
    Missing(FileId),
    /// The blob is not what was stored: changed, cut, or another file's.
    #[error("blob {id} is corrupt: {why}")]
    Corrupt {
        /// Which blob.
        id: FileId,
        /// What does not hold.
        why: &'static str,
    },
    /// The ring does not have the key that this file's key is wrapped with, or has no key at all.
    #[error("file key {0} is not in the ring")]
    UnknownKey(String),
}

/// How the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreHealth {
    /// It takes and gives.
    Up {
        /// The bytes that are free, where the place knows.
        free_bytes: Option<u64>,
    },
    /// It does not.
    Down {
        /// Why.
        reason: String,
    },
}

/// Keeps contents, encrypted, in blobs of their own.
#[async_trait]
pub trait FileStore: Send + Sync + fmt::Debug {
    /// Begins a blob. It MUST NOT be found by [`FileStore::list`] or read before [`NewFile::finish`].
    async fn create(&self) -> Result<Box<dyn NewFile>, FileStoreError>;

    /// Opens a part of a content, `range` being within `0..=size`. MUST refuse a blob whose length, header or key does not
    /// fit, before anything is handed out.
    async fn read(&self, file: &StoredFile, range: Range<u64>) -> Result<Box<dyn FileContent>, FileStoreError>;

    /// Removes a blob. One that is gone already is fine.
    async fn remove(&self, id: FileId) -> Result<(), FileStoreError>;

    /// Up to `limit` finished blobs written before `before`, in the order of their names, after `after`.
    async fn list(&self, before: Instant, after: Option<FileId>, limit: usize) -> Result<Vec<FileId>, FileStoreError>;

    /// Removes what unfinished uploads from before `before` left behind. Returns how many there were.
    async fn remove_unfinished(&self, before: Instant) -> Result<u64, FileStoreError>;

    /// MUST answer within 5 s.
    async fn health(&self) -> StoreHealth;
}

/// A blob that is being written. Dropping it leaves nothing behind that anybody could read.
#[async_trait]
pub trait NewFile: Send {
    /// Takes the next piece, of any size.
    async fn write(&mut self, piece: &[u8]) -> Result<(), FileStoreError>;

    /// The content is complete. When this returns, the blob is durable under its name.
    async fn finish(self: Box<Self>) -> Result<SealedFile, FileStoreError>;
}

/// A content that is being read, from the first byte of the range to its last.
#[async_trait]
pub trait FileContent: Send {
    /// The next piece; `None` at the end. MUST NOT hand out a byte of a chunk whose authentication failed.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, FileStoreError>;
}

/// A key of the ring, as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// Its name.
    pub key_id: String,
    /// Whether new files are encrypted with it.
    pub encrypts: bool,
    /// From when on, if it does and that is known.
    pub encrypts_since: Option<Instant>,
}

/// The ring of keys that file keys are wrapped with.
pub trait FileKeys: Send + Sync + fmt::Debug {
    /// Every key in the ring, the one that encrypts first.
    fn list(&self) -> Result<Vec<KeyState>, FileStoreError>;

    /// The same file key, wrapped with the key that encrypts now.
    fn rewrap(&self, file: &StoredFile) -> Result<WrappedKey, FileStoreError>;
}
