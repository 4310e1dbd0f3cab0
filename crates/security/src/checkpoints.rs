//! The file of checkpoints: one JSON object a line, appended and flushed to the disk before anybody hears of it.
//!
//! At [`LIMIT`] bytes the file is rewritten: of its older half every tenth line stays. A checkpoint covers all that is
//! before it, so what goes is only how closely an old change could be located.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mif_domain::Instant;
use mif_domain::audit::{ChainHash, CheckpointLog, CheckpointLogError, Mark, MarkKind, SignedMark};
use serde::{Deserialize, Serialize};

/// Bytes at which the file is rewritten.
const LIMIT: u64 = 8 * 1024 * 1024;
/// More than any file of ours has.
const READABLE: u64 = 64 * 1024 * 1024;
/// Of the older half, every so manieth line stays.
const KEPT: usize = 10;

/// A checkpoint as a line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    seq: i64,
    hash: String,
    at: Instant,
    events: i64,
    key_id: String,
    signature: String,
}

impl Line {
    fn of(signed: &SignedMark) -> Self {
        let mark = &signed.mark;
        Self {
            seq: mark.seq,
            hash: mark.hash.to_hex(),
            at: mark.at,
            events: mark.events,
            key_id: signed.key_id.clone(),
            signature: STANDARD.encode(&signed.signature),
        }
    }

    fn read(text: &str) -> Option<SignedMark> {
        let line: Self = serde_json::from_str(text).ok()?;
        let hash = ChainHash::from_hex(&line.hash)?;
        let mark = Mark { kind: MarkKind::Checkpoint, seq: line.seq, hash, at: line.at, events: line.events };
        Some(SignedMark { mark, key_id: line.key_id, signature: STANDARD.decode(&line.signature).ok()? })
    }
}

/// A file of checkpoints.
#[derive(Debug, Clone)]
pub struct CheckpointFile {
    path: PathBuf,
    limit: u64,
}

impl CheckpointFile {
    /// The file need not exist yet, nor its folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), limit: LIMIT }
    }

    /// Every checkpoint. A last line without an end was cut by a crash and is none; any other line that does not read is an
    /// error, because none was written so.
    pub fn read(&self) -> io::Result<Vec<SignedMark>> {
        let mut text = String::new();
        File::open(&self.path)?.take(READABLE + 1).read_to_string(&mut text)?;
        if text.len() as u64 > READABLE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "far too large for a file of checkpoints"));
        }
        let whole = text.rfind('\n').map_or("", |end| text.get(..end).unwrap_or_default());
        let lines = whole.lines().enumerate().map(|(index, line)| {
            let unreadable = || format!("line {} is not a checkpoint", index + 1);
            Line::read(line).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, unreadable()))
        });
        lines.collect()
    }

    fn append_lines(&self, lines: &[u8]) -> io::Result<()> {
        let mut file = self.open()?;
        end_last_line(&mut file)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(lines)?;
        file.sync_all()?;
        if file.metadata()?.len() > self.limit
            && let Err(error) = self.shorten()
        {
            tracing::warn!(%error, file = %self.path.display(), "the file of checkpoints cannot be shortened");
        }
        Ok(())
    }

    /// Opens the file for one process alone, making it when it is missing.
    fn open(&self) -> io::Result<File> {
        loop {
            let existed = self.path.exists();
            if !existed && let Some(folder) = folder(&self.path) {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            }
            let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?;
            file.lock()?;
            if !existed {
                sync_folder(&self.path)?;
            }
            // Another process may have replaced it while we waited for the lock.
            match fs::metadata(&self.path) {
                Ok(named) if named.ino() == file.metadata()?.ino() => return Ok(file),
                _ => {}
            }
        }
    }

    /// Rewrites the file with what stays, all at once.
    fn shorten(&self) -> io::Result<()> {
        let text = fs::read_to_string(&self.path)?;
        let lines: Vec<_> = text.lines().collect();
        let (older, newer) = lines.split_at(lines.len() / 2);
        let kept: String = older.iter().step_by(KEPT).chain(newer).flat_map(|line| [*line, "\n"]).collect();
        let mut temporary = self.path.clone().into_os_string();
        temporary.push(".tmp");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(kept.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        sync_folder(&self.path)
    }
}

/// Removes what a crash left of a line.
fn end_last_line(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let tail = length.min(4096);
    file.seek(SeekFrom::Start(length - tail))?;
    let mut bytes = Vec::new();
    file.take(tail).read_to_end(&mut bytes)?;
    let torn = bytes.iter().rev().take_while(|byte| **byte != b'\n').count() as u64;
    if torn > 0 { file.set_len(length - torn) } else { Ok(()) }
}

fn folder(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path).unwrap_or_else(|| Path::new(".")))?.sync_all()
}

#[async_trait]
impl CheckpointLog for CheckpointFile {
    async fn append(&self, checkpoints: &[SignedMark]) -> Result<(), CheckpointLogError> {
        let mut lines = Vec::new();
        for checkpoint in checkpoints {
            serde_json::to_writer(&mut lines, &Line::of(checkpoint)).map_err(io::Error::from)?;
            lines.push(b'\n');
        }
        let file = self.clone();
        let written = tokio::task::spawn_blocking(move || file.append_lines(&lines)).await;
        Ok(written.map_err(io::Error::other)??)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use tempfile::TempDir;

    use super::*;

    fn checkpoint(seq: i64) -> SignedMark {
        let at = DateTime::from_timestamp_micros(1_700_000_000_123_456 + seq).unwrap();
        let mark = Mark { kind: MarkKind::Checkpoint, seq, hash: ChainHash([7; 32]), at, events: seq };
        SignedMark { mark, key_id: "0123456789abcdef".to_owned(), signature: vec![9; 64] }
    }

    async fn written(file: &CheckpointFile, places: std::ops::RangeInclusive<i64>) {
        for seq in places {
            file.append(&[checkpoint(seq)]).await.unwrap();
        }
    }

    fn places(file: &CheckpointFile) -> Vec<i64> {
        file.read().unwrap().iter().map(|checkpoint| checkpoint.mark.seq).collect()
    }

    #[tokio::test]
    async fn what_is_appended_reads_back_and_is_for_the_owner_only() {
        let folder = TempDir::new().unwrap();
        let file = CheckpointFile::new(folder.path().join("data/checkpoints.jsonl"));
        file.append(&[checkpoint(1), checkpoint(2)]).await.unwrap();
        written(&file, 3..=3).await;
        assert_eq!(file.read().unwrap(), [1, 2, 3].map(checkpoint));
        assert_eq!(fs::metadata(&file.path).unwrap().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_line_that_a_crash_cut_is_dropped_and_a_changed_one_is_an_error() {
        let folder = TempDir::new().unwrap();
        let file = CheckpointFile::new(folder.path().join("checkpoints.jsonl"));
        written(&file, 1..=2).await;
        let text = fs::read_to_string(&file.path).unwrap();
        fs::write(&file.path, text.get(..text.len() - 20).unwrap()).unwrap();
        assert_eq!(places(&file), [1]);
        written(&file, 3..=3).await;
        assert_eq!(places(&file), [1, 3]);
        fs::write(&file.path, text.replacen("seq", "sec", 1)).unwrap();
        assert!(file.read().unwrap_err().to_string().contains("line 1"));
    }

    #[tokio::test]
    async fn a_file_that_grew_too_long_keeps_its_newer_half_and_some_of_the_rest() {
        let folder = TempDir::new().unwrap();
        let file = CheckpointFile { limit: 10_000, ..CheckpointFile::new(folder.path().join("checkpoints.jsonl")) };
        written(&file, 1..=400).await;
        let places = places(&file);
        assert!(fs::metadata(&file.path).unwrap().len() <= file.limit);
        assert_eq!(places.first(), Some(&1), "the oldest stays");
        assert!(places.ends_with(&(390..=400).collect::<Vec<_>>()), "{places:?}");
        assert!(places.is_sorted() && places.len() < 60, "{places:?}");
    }
}
