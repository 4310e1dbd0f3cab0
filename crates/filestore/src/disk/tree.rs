//! The folders and the names in them.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chrono::DateTime;
use mif_domain::Instant;
use mif_domain::documents::FileId;

const UNFINISHED: &str = "tmp";
const EXTENSION: &str = "mif";

#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
}

/// A file in the folder of unfinished ones. It goes when this is dropped.
#[derive(Debug)]
pub(super) struct Unfinished {
    path: Option<PathBuf>,
}

impl Tree {
    pub(super) fn open(root: PathBuf) -> io::Result<Self> {
        let tree = Self { root };
        make_folder(&tree.unfinished())?;
        sync_folder(&tree.root)?;
        if let Some(parent) = tree.root.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_folder(parent)?;
        }
        Ok(tree)
    }

    fn unfinished(&self) -> PathBuf {
        self.root.join(UNFINISHED)
    }

    fn folder(&self, id: FileId) -> PathBuf {
        let [first, ..] = id.0;
        self.root.join(format!("{first:02x}"))
    }

    pub(super) fn blob(&self, id: FileId) -> PathBuf {
        self.folder(id).join(format!("{id}.{EXTENSION}"))
    }

    /// Makes an unfinished file that begins with these bytes.
    pub(super) fn begin(&self, id: FileId, bytes: &[u8], at: Instant) -> io::Result<(Unfinished, File)> {
        let path = self.unfinished().join(format!("{id}.{EXTENSION}"));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let unfinished = Unfinished { path: Some(path) };
        file.write_all(bytes)?;
        file.set_modified(at.into())?;
        Ok((unfinished, file))
    }

    /// Gives a complete file its name, durably.
    pub(super) fn publish(&self, mut unfinished: Unfinished, file: &File, id: FileId, at: Instant) -> io::Result<()> {
        file.set_modified(at.into())?;
        file.sync_all()?;
        let folder = self.folder(id);
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => sync_folder(&self.root)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        if let Some(path) = &unfinished.path {
            fs::rename(path, self.blob(id))?;
        }
        unfinished.path = None;
        sync_folder(&folder)
    }

    pub(super) fn remove(&self, id: FileId) -> io::Result<()> {
        match fs::remove_file(self.blob(id)) {
            Ok(()) => sync_folder(&self.folder(id)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn list(&self, before: Instant, after: Option<FileId>, limit: usize) -> io::Result<Vec<FileId>> {
        let mut found = Vec::new();
        let first = after.map_or(0, |id| id.0[0]);
        for byte in first..=u8::MAX {
            if found.len() >= limit {
                break;
            }
            let folder = self.root.join(format!("{byte:02x}"));
            let mut here: Vec<FileId> = entries(&folder)?
                .filter_map(|entry| entry.map(|path| id_of(&path).filter(|id| id.0[0] == byte)).transpose())
                .collect::<io::Result<_>>()?;
            here.retain(|id| after.is_none_or(|after| *id > after));
            here.sort_unstable();
            for id in here {
                if found.len() >= limit {
                    break;
                }
                if modified(&self.blob(id))?.is_some_and(|at| at < before) {
                    found.push(id);
                }
            }
        }
        Ok(found)
    }

    pub(super) fn remove_unfinished(&self, before: Instant) -> io::Result<u64> {
        let mut removed = 0;
        for path in entries(&self.unfinished())? {
            let path = path?;
            if modified(&path)?.is_some_and(|at| at < before) {
                match fs::remove_file(&path) {
                    Ok(()) => removed += 1,
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(removed)
    }

    /// Writes, and looks how much room is left.
    pub(super) fn probe(&self, id: FileId, at: Instant) -> io::Result<u64> {
        let (unfinished, _) = self.begin(id, b"probe", at)?;
        unfinished.remove()?;
        let room = rustix::fs::statvfs(&self.root)?;
        match room.f_bavail.saturating_mul(room.f_frsize) {
            0 => Err(ErrorKind::StorageFull.into()),
            free => Ok(free),
        }
    }
}

impl Unfinished {
    fn remove(mut self) -> io::Result<()> {
        self.path.take().map_or(Ok(()), fs::remove_file)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let Some(leftover) = self.path.take().map(Leftover) else { return };
        // Giving up a gigabyte takes the disk a while, and whoever drops us may be serving others. A runtime that ends
        // meanwhile drops the task, and with it the leftover.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || drop(leftover));
        }
    }
}

/// A file that nobody will finish.
struct Leftover(PathBuf);

impl Drop for Leftover {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(%error, "an unfinished upload was left behind");
        }
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The paths in a folder; none when it is not there.
fn entries(folder: &Path) -> io::Result<impl Iterator<Item = io::Result<PathBuf>>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        entries => Some(entries?),
    };
    Ok(entries.into_iter().flatten().map(|entry| entry.map(|entry| entry.path())))
}

fn id_of(path: &Path) -> Option<FileId> {
    let known = path.extension().is_some_and(|extension| extension == EXTENSION);
    path.file_stem().filter(|_| known)?.to_str().and_then(FileId::from_hex)
}

/// When a file was written; `None` when it has gone meanwhile.
fn modified(path: &Path) -> io::Result<Option<Instant>> {
    match fs::metadata(path).and_then(|meta| meta.modified()) {
        Ok(at) => Ok(Some(DateTime::from(at))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
