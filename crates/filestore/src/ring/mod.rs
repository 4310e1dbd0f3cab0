//! The ring of keys that file keys are wrapped with.
//!
//! In a folder, a key is a file `files-<activation>-<label>.key`, mode 0600: 32 random bytes in base64 and a line break.
//! `<activation>` is the Unix second from which it may encrypt; before that, and after a newer one took over, it only
//! decrypts. So a rotation is: put a file with an activation a few seconds ahead, wait until every replica has read it,
//! wrap every file key anew, and delete the old one. Files are never rewritten and nothing is locked. A key's name is
//! computed from the key. From a setting, `name:base64` separated by commas, the first encrypts and nothing is reread.

mod key;
mod secrets;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mif_domain::documents::{FileId, FileKeys, FileStoreError, KeyState, StoredFile, WrappedKey};
use mif_domain::{Clock, Entropy, Instant};
use mif_keyfiles::{KeyFileError, KeyFolder, KeyKind, Ring, RingKey as _, Stamp, Watched};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::format::FileKey;
use key::Key;

/// The file of the first key, the same in every process. Activation 0: it may encrypt at once, whatever the clocks of the
/// replicas say, and gives way to any later key.
const FIRST_FILE: &str = "files-0-first.key";
const FILES: KeyKind = KeyKind {
    purpose: "document",
    prefix: "files-",
    suffix: ".key",
    misnamed: "the name must be files-<unix seconds of activation>-<letters, digits and dashes>.key",
};

/// Where the keys are.
#[derive(Clone)]
pub enum KeySource {
    /// Key files in a folder, reread while the server runs.
    Folder(PathBuf),
    /// `name:base64` separated by commas; the first encrypts.
    Setting(Zeroizing<String>),
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => f.debug_tuple("Folder").field(folder).finish(),
            Self::Setting(_) => f.write_str("Setting(***)"),
        }
    }
}

/// Why the keys cannot be used or changed.
#[derive(Debug, Error)]
pub enum RingError {
    /// No key may encrypt now, and none may be made.
    #[error(
        "no document key in {}: put a key file there, or set MIF_KEYS__DIR to the folder that holds one, or MIF_STORAGE__KEYS",
        .0.display()
    )]
    Missing(PathBuf),
    /// A key file cannot be used or made.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The setting is not a list of keys.
    #[error("entry {0} of MIF_STORAGE__KEYS is not name:base64 of 32 bytes, or its name is there twice")]
    Setting(usize),
    /// Keys from a setting are changed there.
    #[error("the document keys come from MIF_STORAGE__KEYS: change them there")]
    NotAFolder,
    /// A key that encrypts, or the last one, must stay.
    #[error("key {0} encrypts new documents: add another one first")]
    InUse(String),
    /// There is no such key.
    #[error("key {0} is not in the ring")]
    Unknown(String),
    /// The cryptographic library could not make a key.
    #[error("a new document key could not be generated")]
    Generation,
}

/// The keys of a source that has been read once and was good.
#[derive(Debug)]
pub struct KeyRing {
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
    keys: Watched<Source>,
}

impl KeyRing {
    /// Opens a source. With `create`, a folder (0700) and a first key are made when they are missing; without, as in
    /// production, a missing key is an error: a replica that invented its own could not read the others' documents.
    pub fn open(
        source: KeySource,
        create: bool,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, RingError> {
        let source = Source { keys: source, clock: Arc::clone(&clock) };
        if create && let Err(RingError::Missing(folder)) = source.read() {
            create_first(&folder, entropy.as_ref())?;
        }
        Ok(Self { entropy, clock, keys: Watched::new(source)? })
    }

    /// Whether keys can be added and removed here.
    pub fn is_folder(&self) -> bool {
        self.folder().is_some()
    }

    /// Makes a key that encrypts from `activation` on, and returns its name. Replicas need a few seconds to learn of it.
    pub fn add(&self, activation: Instant) -> Result<String, RingError> {
        let folder = self.folder().ok_or(RingError::NotAFolder)?;
        let seconds = activation.timestamp().max(0);
        let key = Key::generate(seconds, self.entropy.as_ref()).ok_or(RingError::Generation)?;
        let name = format!("files-{seconds}-{}.key", key.id());
        if !FILES.publish(folder, &self.unique(), &name, key.to_file().as_bytes())? {
            return Err(RingError::Generation);
        }
        self.keys.reread();
        Ok(key.id().to_owned())
    }

    /// Removes a key for good: whatever is still wrapped with it can never be read again. The caller MUST have looked.
    pub fn remove(&self, key_id: &str) -> Result<(), RingError> {
        let folder = self.folder().ok_or(RingError::NotAFolder)?;
        let now = self.clock.now();
        let stamps = FILES.list(folder)?;
        let keys = stamps.iter().map(read_key).collect::<Result<Vec<_>, _>>()?;
        let named: Vec<&Stamp> =
            stamps.iter().zip(&keys).filter(|(_, key)| key.id() == key_id).map(|(stamp, _)| stamp).collect();
        if named.is_empty() {
            return Err(RingError::Unknown(key_id.to_owned()));
        }
        if encrypting(&Ring::new(keys), now).is_none_or(|key| key.id() == key_id) {
            return Err(RingError::InUse(key_id.to_owned()));
        }
        mif_keyfiles::remove(folder, named)?;
        self.keys.reread();
        Ok(())
    }

    /// The file key, wrapped with the key that encrypts now.
    pub(crate) fn wrap(&self, key: &FileKey, id: FileId, size: u64) -> Result<WrappedKey, FileStoreError> {
        let with = self.encrypting().ok_or_else(|| FileStoreError::UnknownKey("for new files".to_owned()))?;
        let bytes = with
            .wrap(key, id, size, self.entropy.as_ref())
            .ok_or_else(|| FileStoreError::Unavailable("a file key could not be wrapped".to_owned()))?;
        Ok(WrappedKey { key_id: with.id().to_owned(), bytes })
    }

    pub(crate) fn unwrap(&self, file: &StoredFile) -> Result<FileKey, FileStoreError> {
        let with =
            self.keys.find(&file.key.key_id).ok_or_else(|| FileStoreError::UnknownKey(file.key.key_id.clone()))?;
        with.unwrap(&file.key.bytes, file.id, file.size)
            .ok_or(FileStoreError::Corrupt { id: file.id, why: "its key is not that of this file and size" })
    }

    fn encrypting(&self) -> Option<Arc<Key>> {
        encrypting(&self.keys.current(), self.clock.now()).cloned()
    }

    fn folder(&self) -> Option<&Path> {
        self.keys.folder().path()
    }

    fn unique(&self) -> String {
        unique(self.entropy.as_ref())
    }
}

impl FileKeys for KeyRing {
    fn list(&self) -> Result<Vec<KeyState>, FileStoreError> {
        let keys = self.keys.current();
        let encrypting = encrypting(&keys, self.clock.now()).map(|key| key.id().to_owned());
        let mut states: Vec<KeyState> = keys
            .newest_first()
            .map(|key| {
                let encrypts = Some(key.id()) == encrypting.as_deref();
                let encrypts_since = key.since().filter(|_| encrypts);
                KeyState { key_id: key.id().to_owned(), encrypts, encrypts_since }
            })
            .collect();
        states.sort_by_key(|state| !state.encrypts);
        Ok(states)
    }

    fn rewrap(&self, file: &StoredFile) -> Result<WrappedKey, FileStoreError> {
        self.wrap(&self.unwrap(file)?, file.id, file.size)
    }
}

/// The key that what is new is encrypted with.
fn encrypting(ring: &Ring<Key>, now: Instant) -> Option<&Arc<Key>> {
    ring.newest_first().find(|key| key.may_encrypt_at(now))
}

/// Reads keys, again and again.
#[derive(Debug)]
struct Source {
    keys: KeySource,
    clock: Arc<dyn Clock>,
}

impl Source {
    fn path(&self) -> Option<&Path> {
        match &self.keys {
            KeySource::Folder(folder) => Some(folder),
            KeySource::Setting(_) => None,
        }
    }

    fn read(&self) -> Result<Ring<Key>, RingError> {
        self.keys(&self.stamps()?.unwrap_or_default())
    }
}

impl KeyFolder for Source {
    type Key = Key;
    type Error = RingError;
    const PURPOSE: &'static str = FILES.purpose;

    fn uptime(&self) -> Duration {
        self.clock.uptime()
    }

    fn stamps(&self) -> Result<Option<Vec<Stamp>>, RingError> {
        Ok(self.path().map(|folder| FILES.list(folder)).transpose()?)
    }

    fn keys(&self, stamps: &[Stamp]) -> Result<Ring<Key>, RingError> {
        match &self.keys {
            KeySource::Setting(text) => read_setting(text),
            KeySource::Folder(folder) => {
                let ring = Ring::new(stamps.iter().map(read_key).collect::<Result<Vec<_>, _>>()?);
                match encrypting(&ring, self.clock.now()) {
                    Some(_) => Ok(ring),
                    None => Err(RingError::Missing(folder.clone())),
                }
            }
        }
    }
}

/// Makes the first key, unless somebody else does at the same time: of any number of processes that race here, one links
/// its complete key to the one fixed name, and the others drop theirs and read that one.
fn create_first(folder: &std::path::Path, entropy: &dyn Entropy) -> Result<(), RingError> {
    mif_keyfiles::create_folder(folder)?;
    let key = Key::generate(0, entropy).ok_or(RingError::Generation)?;
    if FILES.publish(folder, &unique(entropy), FIRST_FILE, key.to_file().as_bytes())? {
        tracing::info!(folder = %folder.display(), key_id = key.id(), "made a document key");
    }
    Ok(())
}

fn unique(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    format!("{}-{:016x}", std::process::id(), u64::from_be_bytes(bytes))
}

fn read_setting(text: &str) -> Result<Ring<Key>, RingError> {
    let mut keys: Vec<Key> = Vec::new();
    for (index, entry) in text.split(',').map(str::trim).enumerate() {
        // The first counts as the newest.
        let activation = -i64::try_from(index).unwrap_or(i64::MAX);
        let key = Key::from_setting(entry, activation).ok_or(RingError::Setting(index + 1))?;
        if keys.iter().any(|known| known.id() == key.id()) {
            return Err(RingError::Setting(index + 1));
        }
        keys.push(key);
    }
    Ok(Ring::new(keys))
}

fn read_key(stamp: &Stamp) -> Result<Key, RingError> {
    let activation = FILES.activation(stamp)?;
    let text = FILES.read(stamp)?;
    Ok(Key::from_file(activation, &text).ok_or_else(|| FILES.unusable(stamp, "not 32 bytes in base64"))?)
}
