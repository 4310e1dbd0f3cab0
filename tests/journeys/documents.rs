//! Documents: encrypted on the disk, the same when they come back, and nothing left of those that were refused.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::harness::{Client, Database, Server, Site, clamd, on_both_databases};

mod kills;
mod refusals;
mod rotation;

on_both_databases!(
    a_document_is_encrypted_and_comes_back,
    a_content_that_was_tampered_with_is_not_handed_out,
    a_client_that_takes_nothing_is_given_up,
);

/// A server with a machine, and a real virus scanner unless something else is said.
struct Plant {
    site: Site,
    server: Server,
    admin: Client,
    machine: i64,
}

impl Plant {
    async fn new(database: Database) -> Self {
        Self::with_scanner(database, &clamd()).await
    }

    async fn with_scanner(database: Database, clamd: &str) -> Self {
        let site = Site::new(database).await;
        let server = site.start_with(&[("MIF_ANTIVIRUS__CLAMD", clamd)]).await;
        let admin = server.sign_in(crate::harness::ADMIN, crate::harness::PASSWORD).await.client;
        let machine = admin.new_machine("ONLY").await;
        Self { site, server, admin, machine }
    }

    async fn stored(&self, name: &str, content: Vec<u8>) -> Value {
        self.admin.upload(self.machine, name, content).await.is(201).body
    }

    /// Nothing lies in the store, and no row says so.
    async fn holds_nothing(&self) {
        let empty = async || self.site.blobs().is_empty() && self.site.unfinished().is_empty();
        crate::harness::eventually("the store is empty", Duration::from_secs(10), empty).await;
        assert!(self.admin.all_documents().await.is_empty());
        assert!(!self.server.output().contains("panicked"), "{}", self.server.output());
    }
}

/// A PDF of so many bytes. Each of them follows from its name and its place.
fn pdf(name: &str, size: usize) -> Vec<u8> {
    let seed: u64 =
        name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut state = seed | 1;
    let mut content = b"%PDF-1.7\n".to_vec();
    while content.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend(state.to_le_bytes());
    }
    content.truncate(size.max(9));
    content
}

async fn a_document_is_encrypted_and_comes_back(database: Database) {
    const SECRET: &str = "Tolérance du vérin : 0,02 mm";
    let plant = Plant::new(database).await;
    let content = [pdf("plan", 3_000_000), format!("\n{SECRET}\n").repeat(2_000).into_bytes()].concat();
    let document = plant.stored("Plan du vérin.pdf", content.clone()).await;
    assert_eq!((&document["analyse"], &document["taille"]), (&"saine".into(), &content.len().into()));
    assert_eq!(document["filename"], "Plan du vérin.pdf");
    plant.site.hides(SECRET);
    assert_eq!(plant.site.blobs().len(), 1);

    let id = document["id"].as_i64().unwrap();
    assert!(plant.admin.content(id).await == content, "the content came back changed");
    let part = plant.admin.downloading(id).header("range", "bytes=2999990-3000040");
    let part = plant.admin.try_content(part).await.unwrap();
    assert_eq!((part.status, part.bytes.as_slice()), (206, &content[2_999_990..3_000_041]));
    let head = plant.admin.request(Method::HEAD, &format!("/api/v1/documents/{id}/contenu"));
    let head = plant.admin.try_content(head).await.unwrap();
    assert_eq!((head.status, head.bytes.len()), (200, 0));
    assert_eq!(head.headers["content-length"], content.len().to_string().as_str());
    plant.site.run(&["documents", "verify"]).ok();

    plant.admin.send(plant.admin.forgetting(id)).await.is(204);
    plant.holds_nothing().await;
}

async fn a_content_that_was_tampered_with_is_not_handed_out(database: Database) {
    let plant = Plant::new(database).await;
    let (one, other) = (pdf("one", 200_000), pdf("other", 200_000));
    let first = plant.stored("one.pdf", one.clone()).await["id"].as_i64().unwrap();
    let [blob] = <[_; 1]>::try_from(plant.site.blobs()).unwrap();
    plant.stored("other.pdf", other).await;
    let foreign = plant.site.blobs().into_iter().find(|path| *path != blob).unwrap();
    let good = std::fs::read(&blob).unwrap();

    let cut = good[..good.len() - 1].to_vec();
    let swapped = std::fs::read(foreign).unwrap();
    let mut flipped = good.clone();
    flipped[150_000] ^= 1;
    for (what, bytes) in [("cut", cut), ("swapped", swapped), ("flipped", flipped)] {
        std::fs::write(&blob, bytes).unwrap();
        // Refused at once, or broken off before the bad byte.
        if let Ok(answer) = plant.admin.try_content(plant.admin.downloading(first)).await {
            assert_eq!(answer.status, 500, "{what}");
            assert!(!answer.bytes.windows(9).any(|window| window == b"%PDF-1.7\n"), "{what}");
        }
        plant.site.run(&["documents", "verify"]).refused(&["1 documents are bad"]);
    }
    std::fs::remove_file(&blob).unwrap();
    plant.site.run(&["documents", "verify"]).refused(&["1 documents are bad"]);
    std::fs::write(&blob, good).unwrap();
    plant.site.run(&["documents", "verify"]).ok();
    assert!(plant.admin.content(first).await == one);
}

async fn a_client_that_takes_nothing_is_given_up(database: Database) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let plant = Plant::new(database).await;
    let id = plant.stored("film.pdf", pdf("film", 30_000_000)).await["id"].as_i64().unwrap();
    let mut stream = tokio::net::TcpStream::connect(plant.server.address()).await.unwrap();
    let head = format!(
        "GET /api/v1/documents/{id}/contenu HTTP/1.1\r\nHost: mif\r\nAuthorization: Bearer {}\r\n\r\n",
        plant.admin.token()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(40)).await;
    let mut received = Vec::new();
    // A reset is as good as an end.
    let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut received)).await;
    assert!(ended.is_ok(), "the connection is still open after {} bytes", received.len());
    assert!(received.len() < 30_000_000);
}
