//! The store on a local disk: what it leaves there, and who may see it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use mif_domain::Clock as _;
use mif_domain::documents::{FileStore as _, FileStoreError, StoreHealth};
use mif_testkit::contracts::files::bytes;

use crate::support::Disk;

mif_testkit::file_contracts!(crate::support::fixture);

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

async fn becomes_empty(folder: &Path) -> bool {
    for _ in 0..500 {
        if names(folder).is_empty() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn folders_and_blobs_are_for_their_owner_only() {
    let disk = Disk::new();
    let id = disk.store(b"secret").await.file.id;
    let blob = disk.blob(id);
    assert_eq!(mode(&blob), 0o600);
    for folder in [blob.parent().unwrap(), &disk.unfinished(), &disk.path().join("documents")] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
}

#[tokio::test]
async fn nothing_of_the_content_is_on_the_disk() {
    let disk = Disk::new();
    let content = b"le rapport confidentiel de la presse hydraulique ".repeat(4_000);
    let blob = fs::read(disk.blob(disk.store(&content).await.file.id)).unwrap();
    assert_eq!(blob.len(), 80 + content.len() + 3 * 16);
    assert!(!blob.windows(16).any(|window| content.starts_with(window) || window == &content[70_000..70_016]));
}

#[tokio::test]
async fn the_same_content_is_another_blob_every_time() {
    let disk = Disk::new();
    let mut blobs = Vec::new();
    for _ in 0..2 {
        blobs.push(fs::read(disk.blob(disk.store(b"the same").await.file.id)).unwrap());
    }
    assert_ne!(blobs[0][9..16], blobs[1][9..16], "a nonce prefix was used twice");
    assert_ne!(blobs[0][80..], blobs[1][80..]);
}

#[tokio::test]
async fn a_dropped_upload_leaves_no_file() {
    let disk = Disk::new();
    for size in [0, 100, 1_000_000] {
        let mut file = disk.store.create().await.unwrap();
        file.write(&bytes(size)).await.unwrap();
        assert_eq!(names(&disk.unfinished()).len(), 1);
        drop(file);
        assert!(becomes_empty(&disk.unfinished()).await, "{size} bytes were left behind");
    }
}

#[test]
fn a_server_that_stops_leaves_no_file_of_its_uploads() {
    let disk = Disk::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let file = runtime.block_on(async {
        let mut file = disk.store.create().await.unwrap();
        file.write(&bytes(1_000_000)).await.unwrap();
        file
    });
    // Dropping the runtime drops its tasks.
    runtime.spawn(async move {
        std::future::pending::<()>().await;
        drop(file);
    });
    drop(runtime);
    assert_eq!(names(&disk.unfinished()), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_crash_left_behind_goes_by_age() {
    let disk = Disk::new();
    let mut crashed = disk.store.create().await.unwrap();
    crashed.write(b"half").await.unwrap();
    std::mem::forget(crashed);
    disk.clock.advance(TimeDelta::hours(25));
    let _running = disk.store.create().await.unwrap();

    let before = disk.clock.now() - TimeDelta::hours(24);
    assert_eq!(disk.store.remove_unfinished(before).await.unwrap(), 1);
    assert_eq!(disk.store.remove_unfinished(before).await.unwrap(), 0);
    assert_eq!(names(&disk.unfinished()).len(), 1);
}

#[tokio::test]
async fn strange_files_are_no_blobs() {
    let disk = Disk::new();
    let id = disk.store(b"content").await.file.id;
    let folder = disk.blob(id).parent().unwrap().to_owned();
    for name in ["notes.txt", "0123.mif", &format!("{id}.mif.bak"), &format!("{}.mif", "z".repeat(32))] {
        fs::write(folder.join(name), b"").unwrap();
    }
    // In a folder where nobody would look for it.
    let elsewhere = disk.path().join("documents").join(format!("{:02x}", id.0[0] ^ 1));
    fs::create_dir_all(&elsewhere).unwrap();
    fs::copy(disk.blob(id), elsewhere.join(format!("{id}.mif"))).unwrap();

    assert_eq!(disk.store.list(disk.clock.now() + TimeDelta::hours(1), None, 10).await.unwrap(), [id]);
}

#[tokio::test]
async fn a_disk_that_is_gone_is_down_and_says_why() {
    let disk = Disk::new();
    let file = disk.store(b"content").await.file;
    fs::rename(disk.path().join("documents"), disk.path().join("elsewhere")).unwrap();
    assert!(matches!(disk.store.health().await, StoreHealth::Down { reason } if reason.contains("No such file")));
    assert!(matches!(disk.store.create().await, Err(FileStoreError::Unavailable(_))));
    assert_eq!(disk.read(&file).await.1, Some(FileStoreError::Missing(file.id)));
}
