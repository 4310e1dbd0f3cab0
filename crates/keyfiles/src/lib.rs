//! Key files on disk: who may read them, how they appear all at once, and how a running server learns of new ones.
//!
//! A key is a file `<kind>-<activation>-<label>.<extension>`, mode 0600, in a folder that all replicas share. Files are never
//! rewritten and nothing is locked: a key appears whole under its name, or somebody else's was there first.
//!
//! Lives here: names, permissions and durability of such files, and the ring of those that were read. May come in: what every
//! kind of key needs. Must not: what is in a file, what a key is used for, and any other crate of ours.

mod ring;
mod watched;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

pub use ring::{Ring, RingKey};
pub use watched::{KeyFolder, Watched};

/// No key comes near it.
const MAX_BYTES: u64 = 64 * 1024;

/// Why a key file cannot be used or made.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// Others than its owner may open it.
    #[error("{} has mode {mode:04o}, so others can use the key: make it 0600 (chmod 600)", file.display())]
    Exposed {
        /// The key file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It does not hold a key of its kind.
    #[error("{} is not a usable {kind} key: {reason}", file.display())]
    Unusable {
        /// The key file.
        file: PathBuf,
        /// What it is for.
        kind: &'static str,
        /// What is wrong with it; never a part of it.
        reason: &'static str,
    },
    /// The disk said no.
    #[error("cannot {action} {}: {source}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// A key file as a look at the folder shows it. Equal stamps: nothing happened to it since, not even a `chmod`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    name: String,
    path: PathBuf,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl Stamp {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Keys of one purpose.
#[derive(Debug, Clone, Copy)]
pub struct KeyKind {
    /// How people call such keys.
    pub purpose: &'static str,
    /// What their names begin with, the dash included.
    pub prefix: &'static str,
    /// What their names end with, the dot included.
    pub suffix: &'static str,
    /// What is wrong with a name that has both and still is none.
    pub misnamed: &'static str,
}

impl KeyKind {
    /// Every file of this kind, sorted by name. A folder that is not there has none.
    pub fn list(&self, folder: &Path) -> Result<Vec<Stamp>, KeyFileError> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed("list", folder))?,
        };
        let mut stamps = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed("list", folder))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if !name.starts_with(self.prefix) || !name.ends_with(self.suffix) {
                continue;
            }
            let path = entry.path();
            // Of the target, not of the link: mounted secrets are links that get swapped.
            match fs::metadata(&path) {
                Ok(meta) => stamps.push(Stamp {
                    name,
                    path,
                    inode: meta.ino(),
                    bytes: meta.len(),
                    changed: (meta.ctime(), meta.ctime_nsec()),
                }),
                // Deleted between the listing and the look.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(failed("examine", &path)(error)),
            }
        }
        stamps.sort();
        Ok(stamps)
    }

    /// The Unix second in a name from which the key may be used: `<prefix><seconds>-<letters, digits and dashes><suffix>`.
    pub fn activation(&self, stamp: &Stamp) -> Result<i64, KeyFileError> {
        self.activation_in(&stamp.name).ok_or_else(|| self.unusable(stamp, self.misnamed))
    }

    fn activation_in(&self, name: &str) -> Option<i64> {
        let (seconds, label) = name.strip_prefix(self.prefix)?.strip_suffix(self.suffix)?.split_once('-')?;
        let labelled = !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let digits = !seconds.is_empty() && seconds.bytes().all(|b| b.is_ascii_digit());
        if labelled && digits { seconds.parse().ok() } else { None }
    }

    /// The text of a file that only its owner may open.
    pub fn read(&self, stamp: &Stamp) -> Result<Zeroizing<String>, KeyFileError> {
        let path = stamp.path.as_path();
        let file = File::open(path).map_err(failed("open", path))?;
        // Asked of the open file, so that it cannot be swapped between the look and the reading.
        let meta = file.metadata().map_err(failed("examine", path))?;
        let mode = meta.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Exposed { file: path.to_owned(), mode });
        }
        if !meta.is_file() || meta.len() > MAX_BYTES {
            return Err(self.unusable(stamp, "not a file, or far too large"));
        }
        let size = usize::try_from(meta.len()).unwrap_or_default();
        let mut text = Zeroizing::new(String::with_capacity(size + 1));
        match file.take(MAX_BYTES).read_to_string(&mut text) {
            Ok(_) => Ok(text),
            Err(error) if error.kind() == ErrorKind::InvalidData => Err(self.unusable(stamp, "not text")),
            Err(error) => Err(failed("read", path)(error)),
        }
    }

    /// What is said of a file that holds no such key.
    pub fn unusable(&self, stamp: &Stamp, reason: &'static str) -> KeyFileError {
        KeyFileError::Unusable { file: stamp.path.clone(), kind: self.purpose, reason }
    }

    /// Puts a complete file under `name`, or answers `false` and leaves what is there alone. `unique` keeps the temporary
    /// files of several processes apart.
    ///
    /// Any number of processes may race for one name. Each writes a complete key to a temporary file of its own and then
    /// links it to that name. The file system lets exactly one link succeed and shows no half-written file under it, so
    /// whoever comes second drops its own key and reads the winner's. Nothing waits and nothing is locked, so a process
    /// that dies here leaves at most a temporary file that nobody reads.
    pub fn publish(&self, folder: &Path, unique: &str, name: &str, content: &[u8]) -> Result<bool, KeyFileError> {
        let (temporary, target) = (folder.join(format!(".{}{unique}.tmp", self.prefix)), folder.join(name));
        let published = write_durably(&temporary, content)
            .map_err(failed("write", &temporary))
            // A link, because unlike a rename it never replaces what another process put there.
            .and_then(|()| match fs::hard_link(&temporary, &target) {
                Ok(()) => Ok(true),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
                Err(error) => Err(failed("create", &target)(error)),
            });
        if let Err(error) = fs::remove_file(&temporary) {
            tracing::warn!(%error, file = %temporary.display(), "a temporary key file was left behind");
        }
        sync_folder(folder)?;
        published
    }
}

/// Makes the folder, for its owner only. One that exists stays as it is.
pub fn create_folder(folder: &Path) -> Result<(), KeyFileError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed("create", folder))?;
    folder.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_folder)
}

/// Deletes key files for good. One that is gone already is fine.
pub fn remove<'a>(folder: &Path, stamps: impl IntoIterator<Item = &'a Stamp>) -> Result<(), KeyFileError> {
    for stamp in stamps {
        match fs::remove_file(&stamp.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed("delete", &stamp.path)(error)),
            _ => {}
        }
    }
    sync_folder(folder)
}

fn failed<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> KeyFileError + 'a {
    move |source| KeyFileError::Disk { action, path: path.to_owned(), source }
}

fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> Result<(), KeyFileError> {
    File::open(folder).and_then(|opened| opened.sync_all()).map_err(failed("sync", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: KeyKind = KeyKind { purpose: "test", prefix: "jwt-", suffix: ".pem", misnamed: "misnamed" };

    #[test]
    fn a_name_tells_from_when_its_key_is_used() {
        assert_eq!(KIND.activation_in("jwt-0-first-eddsa.pem"), Some(0));
        assert_eq!(KIND.activation_in("jwt-1795168800-0123456789abcdef.pem"), Some(1_795_168_800));
        for bad in ["jwt-.pem", "jwt-0.pem", "jwt-0-.pem", "jwt--1-a.pem", "jwt-+1-a.pem", "jwt-0-a.b.pem", "0-a.pem"] {
            assert_eq!(KIND.activation_in(bad), None, "{bad}");
        }
    }

    #[test]
    fn whoever_comes_second_leaves_the_first_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert!(KIND.publish(folder.path(), "a", "jwt-0-first.pem", b"one").unwrap());
        assert!(!KIND.publish(folder.path(), "b", "jwt-0-first.pem", b"other").unwrap());
        let stamps = KIND.list(folder.path()).unwrap();
        assert_eq!(stamps.len(), 1);
        assert_eq!(*KIND.read(&stamps[0]).unwrap(), "one");
        remove(folder.path(), &stamps).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
