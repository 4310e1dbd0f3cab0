//! A stored document that somebody changed on the disk. The first byte is how many chunks it has; then come changes of four
//! bytes each: what is done, where (two bytes), and with what. Nothing but the content, as it was, ever comes out.

#![no_main]

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use mif_domain::documents::{FileStore as _, StoredFile};
use mif_filestore::{DiskStore, KeyRing, KeySource};
use mif_testkit::{FakeClock, SeededEntropy};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

struct Stored {
    file: StoredFile,
    content: Vec<u8>,
    path: PathBuf,
    blob: Vec<u8>,
}

struct Plant {
    runtime: Runtime,
    store: DiskStore,
    stored: Vec<Stored>,
    _folder: TempDir,
}

/// None, one byte, a chunk to the byte, a little more than two.
const SIZES: [usize; 4] = [0, 1, 65_536, 140_000];

static PLANT: LazyLock<Plant> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a folder");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (clock, entropy) = (Arc::new(FakeClock::default()), Arc::new(SeededEntropy::default()));
    let source = KeySource::Folder(folder.path().join("keys"));
    let ring = KeyRing::open(source, true, clock.clone(), entropy.clone()).expect("a ring");
    let documents = folder.path().join("documents");
    let store = DiskStore::open(documents.clone(), Arc::new(ring), entropy, clock).expect("a store");
    let mut known = Vec::new();
    let stored = SIZES.map(|size| {
        let content: Vec<u8> = (0..size).map(|place| (place * 31 % 251) as u8).collect();
        let sealed = runtime.block_on(async {
            let mut file = store.create().await.expect("a file");
            file.write(&content).await.expect("room");
            file.finish().await.expect("a blob")
        });
        let mut found = blobs(&documents);
        found.retain(|path| !known.contains(path));
        let path = found.pop().expect("the blob is there");
        known.push(path.clone());
        let blob = std::fs::read(&path).expect("a blob");
        Stored { file: sealed.file, content, path, blob }
    });
    Plant { runtime, store, stored: stored.into(), _folder: folder }
});

fn blobs(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { blobs(&path) } else { vec![path] }).collect()
}

fn changed(blob: &[u8], other: &[u8], changes: &[u8]) -> Vec<u8> {
    const FRAME: usize = 65_536 + 16;
    let mut bytes = blob.to_vec();
    for change in changes.chunks_exact(4) {
        let wanted = usize::from(u16::from_be_bytes([change[1], change[2]]));
        // Near the header and the ends of chunks is where mistakes live; the rest of a chunk is one field.
        let place = (wanted % 256 + (wanted / 256) * FRAME / 2).min(bytes.len().saturating_sub(1));
        match change[0] % 6 {
            _ if bytes.is_empty() => break,
            0 => bytes[place] ^= change[3],
            1 => bytes.truncate(place),
            2 => bytes.push(change[3]),
            3 => bytes.extend_from_within(place..),
            4 => bytes.rotate_left(place),
            _ => {
                let end = place.saturating_add(usize::from(change[3])).min(other.len()).min(bytes.len());
                if place < end {
                    bytes[place..end].copy_from_slice(&other[place..end]);
                }
            }
        }
        // Doubling what was doubled would only fill the memory.
        bytes.truncate(4 * FRAME);
    }
    bytes
}

fuzz_target!(|data: &[u8]| {
    let plant = &*PLANT;
    let Some((choice, changes)) = data.split_first() else { return };
    let number = usize::from(*choice) % plant.stored.len();
    let stored = &plant.stored[number];
    let other = &plant.stored[(number + 1) % plant.stored.len()];
    let bytes = changed(&stored.blob, &other.blob, changes);
    let untouched = bytes == stored.blob;
    std::fs::write(&stored.path, &bytes).expect("the blob is written");
    let (out, whole) = plant.runtime.block_on(async {
        let mut out = Vec::new();
        let Ok(mut content) = plant.store.read(&stored.file, 0..stored.file.size).await else { return (out, false) };
        loop {
            match content.next().await {
                Ok(Some(piece)) => out.extend(piece),
                Ok(None) => return (out, true),
                Err(_) => return (out, false),
            }
        }
    });
    assert!(stored.content.starts_with(&out), "bytes came out that nobody stored");
    assert_eq!(whole, untouched, "{} bytes of {}", out.len(), stored.content.len());
    assert!(!whole || out == stored.content);
});
