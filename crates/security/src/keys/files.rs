//! Key files on disk: who may read them, and how they appear all at once.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::KeyError;

/// No key comes near it.
const MAX_BYTES: u64 = 64 * 1024;

/// A key file as a look at the folder shows it. Equal stamps: nothing happened to it since, not even a `chmod`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    name: String,
    path: PathBuf,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn failed<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> KeyError + 'a {
    move |source| KeyError::Disk { action, path: path.to_owned(), source }
}

/// Every `jwt-*.pem`, sorted by name. A folder that is not there has none.
pub(super) fn list(folder: &Path) -> Result<Vec<Stamp>, KeyError> {
    list_named(folder, "jwt-")
}

/// Every `.pem` whose name begins so.
pub(super) fn list_named(folder: &Path, prefix: &str) -> Result<Vec<Stamp>, KeyError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed("list", folder))?,
    };
    let mut stamps = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed("list", folder))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !name.starts_with(prefix) || Path::new(&name).extension().is_none_or(|extension| extension != "pem") {
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

/// Reads a file that only its owner may open.
pub(super) fn read_secret(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let unusable = |reason| KeyError::Unusable { file: path.to_owned(), reason };
    let file = File::open(path).map_err(failed("open", path))?;
    // Asked of the open file, so that it cannot be swapped between the look and the reading.
    let meta = file.metadata().map_err(failed("examine", path))?;
    let mode = meta.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { file: path.to_owned(), mode });
    }
    if !meta.is_file() || meta.len() > MAX_BYTES {
        return Err(unusable("not a file, or far too large"));
    }
    let size = usize::try_from(meta.len()).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(size + 1));
    match file.take(MAX_BYTES).read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) if error.kind() == ErrorKind::InvalidData => Err(unusable("not text")),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// Makes the folder, for its owner only. One that exists stays as it is.
pub(super) fn create_folder(folder: &Path) -> Result<(), KeyError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed("create", folder))?;
    folder.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_folder)
}

/// Puts a complete file under `name`, or answers `false` and leaves what is there alone. `unique` keeps the temporary
/// files of several processes apart.
pub(super) fn publish(folder: &Path, unique: &str, name: &str, content: &[u8]) -> Result<bool, KeyError> {
    let (temporary, target) = (folder.join(format!(".jwt-{unique}.tmp")), folder.join(name));
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

/// Deletes key files for good. One that is gone already is fine.
pub(super) fn remove(folder: &Path, files: &[&Path]) -> Result<(), KeyError> {
    for file in files {
        match fs::remove_file(file) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed("delete", file)(error)),
            _ => {}
        }
    }
    sync_folder(folder)
}

fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> Result<(), KeyError> {
    File::open(folder).and_then(|opened| opened.sync_all()).map_err(failed("sync", folder))
}
