//! `kill -9` amid uploads and deletions: a row always has its blob, what was acknowledged is there byte by byte, and what
//! was deleted stays so.

use std::collections::{BTreeMap, BTreeSet};

use tokio::task::JoinSet;

use super::*;
use crate::harness::{ADMIN, PASSWORD, kills};

on_both_databases!(no_kill_leaves_a_document_without_its_content);

const WORKERS: usize = 6;

/// What the clients know of the documents, by their identifiers.
#[derive(Default)]
struct Known {
    /// Acknowledged, with their names.
    stored: BTreeMap<i64, String>,
    /// Acknowledged as deleted.
    deleted: BTreeSet<i64>,
    /// Asked to be deleted, without an answer.
    perhaps: BTreeSet<i64>,
}

impl Known {
    fn learn(&mut self, other: Self) {
        self.stored.extend(other.stored);
        self.deleted.extend(other.deleted);
        self.perhaps.extend(other.perhaps);
    }

    /// Those that must be there.
    fn expected(&self) -> impl Iterator<Item = (i64, &str)> {
        let gone = |id: &i64| self.deleted.contains(id) || self.perhaps.contains(id);
        self.stored.iter().filter(move |(id, _)| !gone(id)).map(|(id, name)| (*id, name.as_str()))
    }
}

/// Between 9 bytes and 400 KB, as the name has it.
fn size_of(name: &str) -> usize {
    name.bytes().fold(7_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte))) % 400_000
}

async fn no_kill_leaves_a_document_without_its_content(database: Database) {
    let site = Site::new(database).await;
    let mut server = site.start().await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    let machine = admin.new_machine("ONLY").await;
    let mut known = Known::default();
    for kill in 1..=kills() {
        let admin = server.sign_in(ADMIN, PASSWORD).await.client;
        let mut workers = JoinSet::new();
        for worker in 0..WORKERS {
            workers.spawn(work(admin.clone(), machine, format!("{kill}-{worker}")));
        }
        tokio::time::sleep(some_time()).await;
        server.kill();
        workers.join_all().await.into_iter().for_each(|told| known.learn(told));
        let output = site.run(&["documents", "verify"]).ok();
        assert!(output.contains(" 0 bad"), "after kill {kill}: {output}");
        server = site.start().await;
        let admin = server.sign_in(ADMIN, PASSWORD).await.client;
        everything_is_as_it_was_told(&admin, &known).await;
    }
    println!(
        "{database:?}: {} stored, {} deleted, {} perhaps",
        known.stored.len(),
        known.deleted.len(),
        known.perhaps.len()
    );
    assert!(known.stored.len() > kills() && !known.deleted.is_empty(), "the kills came amid nothing");
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    for (id, name) in known.expected() {
        assert!(admin.content(id).await == pdf(name, size_of(name)), "{name} came back changed");
    }
    let rows = admin.all_documents().await.len();
    server.kill();
    site.run(&["documents", "sweep", "--older-than", "0s"]).refused(&["--offline"]);
    let output = site.run(&["documents", "sweep", "--older-than", "0s", "--offline"]).ok();
    println!("{database:?}: {}", output.trim());
    assert_eq!((site.blobs().len(), site.unfinished().len()), (rows, 0));
    site.run(&["documents", "verify"]).ok();
    site.store().await.check_integrity().await;
}

/// Up to a second, so that kills fall anywhere.
fn some_time() -> Duration {
    let mut random = [0; 2];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    Duration::from_millis(150 + u64::from(u16::from_le_bytes(random)) % 850)
}

/// Stores and deletes as fast as it is answered, until no answer comes.
async fn work(admin: Client, machine: i64, name: String) -> Known {
    let mut told = Known::default();
    for number in 0.. {
        let file = format!("{name}-{number}.pdf");
        let content = pdf(&file, size_of(&file));
        let Ok(answer) = admin.try_send(admin.uploading(machine, &file, content)).await else { break };
        let id = answer.is(201).id();
        told.stored.insert(id, file);
        if number % 3 == 1 {
            told.perhaps.insert(id);
            let Ok(answer) = admin.try_send(admin.forgetting(id)).await else { break };
            answer.is(204);
            told.perhaps.remove(&id);
            told.deleted.insert(id);
        }
    }
    told
}

async fn everything_is_as_it_was_told(admin: &Client, known: &Known) {
    let rows = admin.all_documents().await;
    let there: BTreeMap<_, _> = rows.iter().map(|row| (row["id"].as_i64().unwrap(), row)).collect();
    for (id, name) in known.expected() {
        let row = there.get(&id).unwrap_or_else(|| panic!("{name} was acknowledged and is gone"));
        assert_eq!(row["filename"], name);
    }
    let back: Vec<_> = known.deleted.iter().filter(|id| there.contains_key(id)).collect();
    assert!(back.is_empty(), "deleted and there again: {back:?}");
}
