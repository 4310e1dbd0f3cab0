//! Whoever can write to the disk, but has no key, can destroy a document and no more.

use std::fs;
use std::sync::LazyLock;

use mif_domain::documents::{FileStoreError, StoredFile};
use mif_testkit::contracts::files::bytes;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::support::Disk;

const HEADER: usize = 80;
const CHUNK: usize = 65_536;
const FRAME: usize = CHUNK + 16;

/// A blob of two full chunks and one short one.
struct Victim {
    disk: Disk,
    content: Vec<u8>,
    file: StoredFile,
    blob: Vec<u8>,
}

impl Victim {
    async fn new() -> Self {
        let disk = Disk::new();
        let content = bytes(2 * CHUNK + 1_000);
        let file = disk.store(&content).await.file;
        let blob = fs::read(disk.blob(file.id)).unwrap();
        Self { disk, content, file, blob }
    }

    /// What the store does with another blob under this name: the error, and that nothing wrong came before it.
    async fn refuses(&self, blob: &[u8], what: &str) -> usize {
        fs::write(self.disk.blob(self.file.id), blob).unwrap();
        let (handed_out, error) = self.disk.read(&self.file).await;
        assert!(
            matches!(&error, Some(FileStoreError::Corrupt { id, .. }) if *id == self.file.id),
            "{what}: {error:?} after {} bytes",
            handed_out.len()
        );
        assert!(self.content.starts_with(&handed_out), "{what}: wrong bytes were handed out");
        handed_out.len()
    }
}

#[tokio::test]
async fn every_bit_of_the_header_counts() {
    let victim = Victim::new().await;
    for bit in 0..HEADER * 8 {
        let mut blob = victim.blob.clone();
        blob[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(victim.refuses(&blob, &format!("bit {bit}")).await, 0);
    }
}

#[tokio::test]
async fn the_header_of_an_empty_content_counts_as_well() {
    let disk = Disk::new();
    let file = disk.store(b"").await.file;
    let blob = fs::read(disk.blob(file.id)).unwrap();
    for bit in 0..blob.len() * 8 {
        let mut blob = blob.clone();
        blob[bit / 8] ^= 1 << (bit % 8);
        fs::write(disk.blob(file.id), blob).unwrap();
        assert!(matches!(disk.read(&file).await.1, Some(FileStoreError::Corrupt { .. })), "bit {bit}");
    }
}

#[tokio::test]
async fn no_byte_of_a_changed_chunk_is_handed_out() {
    let victim = Victim::new().await;
    for (chunk, length) in [(0, FRAME), (1, FRAME), (2, 1_016)] {
        let begins = HEADER + chunk * FRAME;
        for at in [0, 1, 500, length - 17, length - 16, length - 1] {
            let mut blob = victim.blob.clone();
            blob[begins + at] ^= 0x10;
            let handed_out = victim.refuses(&blob, &format!("chunk {chunk}, byte {at}")).await;
            assert!(handed_out <= chunk * CHUNK);
        }
    }
}

#[tokio::test]
async fn a_range_elsewhere_does_not_suffer_from_a_changed_chunk() {
    let victim = Victim::new().await;
    let mut blob = victim.blob.clone();
    blob[HEADER + FRAME + 7] ^= 1;
    fs::write(victim.disk.blob(victim.file.id), blob).unwrap();
    let part = |from: usize, to: usize| victim.disk.backend.part(&victim.file, from as u64..to as u64);
    assert_eq!(part(0, CHUNK).await.unwrap(), victim.content[..CHUNK]);
    assert_eq!(part(2 * CHUNK, 2 * CHUNK + 9).await.unwrap(), victim.content[2 * CHUNK..2 * CHUNK + 9]);
    assert!(part(CHUNK - 1, CHUNK + 1).await.is_err());
}

#[tokio::test]
async fn a_cut_blob_is_refused_wherever_it_is_cut() {
    let victim = Victim::new().await;
    let boundaries = [HEADER, HEADER + FRAME, HEADER + 2 * FRAME, victim.blob.len()];
    let around = boundaries.into_iter().flat_map(|at| [at - 1, at, at + 1]);
    for length in (0..HEADER).chain(around).filter(|length| *length < victim.blob.len()) {
        assert_eq!(victim.refuses(&victim.blob[..length], &format!("{length} bytes")).await, 0);
    }
}

#[tokio::test]
async fn a_longer_blob_is_refused() {
    let victim = Victim::new().await;
    for more in [1, 16, FRAME] {
        assert_eq!(victim.refuses(&[&victim.blob[..], &vec![0; more]].concat(), "extended").await, 0);
    }
}

#[tokio::test]
async fn chunks_have_their_places() {
    let victim = Victim::new().await;
    let blob = &victim.blob;
    let (header, rest) = blob.split_at(HEADER);
    let (one, rest) = rest.split_at(FRAME);
    let (two, three) = rest.split_at(FRAME);
    assert_eq!(victim.refuses(&[header, two, one, three].concat(), "swapped").await, 0);
    assert!(victim.refuses(&[header, one, one, three].concat(), "duplicated").await <= CHUNK);
    assert_eq!(victim.refuses(&[header, two, three].concat(), "the first is gone").await, 0);
    assert_eq!(victim.refuses(&[header, one, two].concat(), "the last is gone").await, 0);
}

#[tokio::test]
async fn a_row_cannot_hide_that_the_end_is_gone() {
    let victim = Victim::new().await;
    fs::write(victim.disk.blob(victim.file.id), &victim.blob[..HEADER + 2 * FRAME]).unwrap();
    let shorter = StoredFile { size: 2 * CHUNK as u64, ..victim.file.clone() };
    assert!(
        matches!(victim.disk.read(&shorter).await, (read, Some(FileStoreError::Corrupt { .. })) if read.is_empty())
    );
}

#[tokio::test]
async fn another_files_blob_is_refused() {
    let victim = Victim::new().await;
    let other = victim.disk.store(&victim.content).await.file;
    let blob = fs::read(victim.disk.blob(other.id)).unwrap();
    assert_eq!(victim.refuses(&blob, "another file's").await, 0);
    // Even when it is told to be this one's.
    let mut renamed = blob;
    renamed[16..32].copy_from_slice(&victim.file.id.0);
    assert_eq!(victim.refuses(&renamed, "another file's, renamed").await, 0);
    let chunks_only = [&victim.blob[..HEADER], &renamed[HEADER..]].concat();
    assert_eq!(victim.refuses(&chunks_only, "another file's chunks").await, 0);
}

static SHARED: LazyLock<(Runtime, Disk)> = LazyLock::new(|| (Runtime::new().unwrap(), Disk::new()));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_content_in_any_pieces_gives_any_range(
        size in prop_oneof![0..200usize, 65_500..65_600usize, 0..700_000usize],
        piece in 1..300_000usize,
        (start, end) in (0.0..=1.0f64, 0.0..=1.0f64),
    ) {
        let (runtime, disk) = &*SHARED;
        let content = bytes(size);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share")]
        let at = |share: f64| (size as f64 * share) as usize;
        let range = at(start.min(end))..at(start.max(end));
        let part = runtime.block_on(async {
            let mut file = disk.backend.store.create().await.unwrap();
            for piece in content.chunks(piece) {
                file.write(piece).await.unwrap();
            }
            let file = file.finish().await.unwrap().file;
            let part = disk.backend.part(&file, range.start as u64..range.end as u64).await.unwrap();
            disk.backend.store.remove(file.id).await.unwrap();
            part
        });
        prop_assert_eq!(&part, &content[range]);
    }
}
