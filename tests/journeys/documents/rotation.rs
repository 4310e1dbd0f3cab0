//! Changing the key that documents are encrypted under, while everybody goes on reading.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use tokio::task::JoinSet;

use super::*;
use crate::harness::{ADMIN, PASSWORD, rotated_documents};

on_both_databases!(a_key_is_changed_while_everybody_reads);

const READERS: usize = 8;

/// What tells a file that was written anew.
fn stamps(site: &Site) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let stamp = |path: &PathBuf| {
        let meta = std::fs::metadata(path).unwrap();
        (meta.ino(), meta.modified().unwrap())
    };
    site.blobs().into_iter().map(|path| (path.clone(), stamp(&path))).collect()
}

async fn a_key_is_changed_while_everybody_reads(database: Database) {
    let site = Arc::new(Site::new(database).await);
    let (server, admin) = site.open().await;
    let machine = admin.new_machine("ONLY").await;
    let mut documents = Vec::new();
    for number in 0..rotated_documents() {
        let name = format!("d{number}.pdf");
        let bytes = 1_000 + 997 * (number % 100);
        let id = admin.upload(machine, &name, pdf(&name, bytes)).await.is(201).id();
        documents.push((id, name, bytes));
    }
    let documents = Arc::new(documents);
    let before = stamps(&site);
    let old_key = site.folder("keys").join("files-0-first.key");
    assert!(old_key.exists());

    let enough = Arc::new(AtomicBool::new(false));
    let mut reading = JoinSet::new();
    for reader in 0..READERS {
        reading.spawn(read(admin.clone(), Arc::clone(&documents), reader, Arc::clone(&enough)));
    }
    let rotating = Arc::clone(&site);
    let said = tokio::task::spawn_blocking(move || rotating.run(&["keys", "rotate", "files"]).ok()).await.unwrap();
    assert!(said.contains(&format!("{} document keys wrapped anew", documents.len())), "{said}");
    // Under the new key, too.
    tokio::time::sleep(Duration::from_secs(3)).await;
    enough.store(true, Ordering::SeqCst);
    let read: usize = reading.join_all().await.into_iter().sum();
    println!("{database:?}: {read} downloads amid the rotation");
    assert!(read > documents.len());
    assert_eq!(stamps(&site), before, "a blob was written anew");

    let young = admin.upload(machine, "young.pdf", pdf("young.pdf", 70_000)).await.is(201).id();
    std::fs::remove_file(old_key).unwrap();
    server.kill();
    let listed = site.run(&["keys", "list"]).ok();
    assert!(!listed.contains("MISSING"), "{listed}");
    site.run(&["documents", "verify"]).ok();
    let server = site.start().await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    for (id, name, bytes) in documents.iter() {
        assert!(admin.content(*id).await == pdf(name, *bytes), "{name} came back changed");
    }
    assert!(admin.content(young).await == pdf("young.pdf", 70_000));
}

/// Reads one after the other until it is told to stop. Returns how many.
async fn read(admin: Client, documents: Arc<Vec<(i64, String, usize)>>, first: usize, stop: Arc<AtomicBool>) -> usize {
    let mut count = 0;
    while !stop.load(Ordering::SeqCst) {
        let (id, name, size) = &documents[(first * 13 + count) % documents.len()];
        assert!(admin.content(*id).await == pdf(name, *size), "{name} came back changed");
        count += 1;
    }
    count
}
