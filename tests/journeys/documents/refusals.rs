//! Uploads that are refused, and clients that behave badly: nothing is left of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::harness::{Stopwatch, eventually};

on_both_databases!(
    a_virus_is_refused_by_its_name,
    without_a_scanner_nothing_is_kept,
    whatever_a_scanner_says_but_clean_keeps_nothing,
    a_client_that_vanishes_or_trickles_leaves_nothing,
    a_file_that_is_too_large_is_refused,
    a_client_that_asks_at_the_end_is_told_why,
);

const MEBIBYTE: usize = 1024 * 1024;

/// The test virus of EICAR, put together here so that no scanner finds this file.
fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$", "EICAR-STANDARD-", "ANTIVIRUS-TEST-", "FILE!$H+H*"].concat().into_bytes()
}

/// An archive of one file that is not compressed, as office programs make them.
fn archive(name: &str, content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len()).unwrap().to_le_bytes();
    let length = u16::try_from(name.len()).unwrap().to_le_bytes();
    let crc = crc32(content).to_le_bytes();
    let common: Vec<u8> =
        [&[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x58], crc.as_slice(), &size, &size, &length, &[0, 0]].concat();
    let local = [b"PK\x03\x04", common.as_slice(), name.as_bytes(), content].concat();
    let central = [b"PK\x01\x02\x14\0", common.as_slice(), &[0; 14], name.as_bytes()].concat();
    let (at, long) = (u32::try_from(local.len()).unwrap(), u32::try_from(central.len()).unwrap());
    let end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(), &long.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat();
    [local, central, end].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

async fn a_virus_is_refused_by_its_name(database: Database) {
    let plant = Plant::new(database).await;
    let at_the_end = [pdf("long", 90 * MEBIBYTE), eicar()].concat();
    let archived = archive("word/document.xml", &eicar());
    for (name, content) in [("virus.txt", eicar()), ("lettre.docx", archived), ("rapport.pdf", at_the_end)] {
        let refused = plant.admin.upload(plant.machine, name, content).await.problem(422, "fichier_infecte");
        let signature = refused.text("signature");
        assert!(signature.to_lowercase().contains("eicar"), "{name}: {signature}");
        plant.holds_nothing().await;
    }
    assert_eq!(plant.site.store().await.events("document.rejected").await, 3);
    plant.stored("rapport.docx", archive("word/document.xml", b"<w:document/>")).await;
}

async fn without_a_scanner_nothing_is_kept(database: Database) {
    // Nobody listens there.
    let plant = Plant::with_scanner(database, "tcp://127.0.0.1:1").await;
    for _ in 0..5 {
        let refused = plant.admin.upload(plant.machine, "rapport.pdf", pdf("x", 100_000)).await;
        refused.problem(503, "antivirus_indisponible");
    }
    plant.holds_nothing().await;
}

/// What a scanner that is no scanner does with a content.
const LIES: [&[u8]; 6] = [
    b"",
    b"INSTREAM size limit exceeded. ERROR\0",
    b"stream: OK ERROR\0",
    b"stream: OKAY\0",
    b"HTTP/1.1 200 OK\r\n\r\n\0",
    b"stream: OK",
];

async fn whatever_a_scanner_says_but_clean_keeps_nothing(database: Database) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let lie = Arc::new(AtomicUsize::new(0));
    let told = Arc::clone(&lie);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let lie = LIES[told.load(Ordering::SeqCst)];
            tokio::spawn(async move {
                // Until the chunk of length zero that ends a content.
                let mut seen = Vec::new();
                let mut piece = vec![0; 65_536];
                while !seen.ends_with(&[0; 4]) {
                    match stream.read(&mut piece).await {
                        Ok(count) if count > 0 => seen.extend(&piece[..count]),
                        _ => return,
                    }
                    // The first lie of all: to go away half-way.
                    if lie.is_empty() && seen.len() > 50_000 {
                        return;
                    }
                }
                // The client may be gone.
                let _ = stream.write_all(lie).await;
            });
        }
    });
    for index in 0..LIES.len() {
        // A server of its own for each: a scanner that failed is left alone for a while.
        let plant = Plant::with_scanner(database, &address).await;
        lie.store(index, Ordering::SeqCst);
        let refused = plant.admin.upload(plant.machine, "rapport.pdf", pdf("x", 300_000)).await;
        refused.problem(503, "antivirus_indisponible");
        plant.holds_nothing().await;
    }
}

impl Plant {
    /// Sends the head of an upload and its first bytes.
    async fn begin(&self, framing: &str, first: &[u8]) -> TcpStream {
        let head = format!(
            "POST /api/v1/documents?equipement_id={} HTTP/1.1\r\nHost: mif\r\nAuthorization: Bearer {}\r\n\
             Content-Type: multipart/form-data; boundary=x\r\n{framing}\r\n\r\n",
            self.machine,
            self.admin.token(),
        );
        let mut stream = TcpStream::connect(self.server.address()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(first).await.unwrap();
        stream
    }
}

const FORM: &[u8] = b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7\n";

async fn a_client_that_vanishes_or_trickles_leaves_nothing(database: Database) {
    let plant = Plant::new(database).await;
    let mut vanishing = plant.begin("Content-Length: 8000000", FORM).await;
    vanishing.write_all(&vec![b'x'; 4_000_000]).await.unwrap();
    let begun = async || !plant.site.unfinished().is_empty();
    eventually("the upload is on its way", Duration::from_secs(10), begun).await;
    drop(vanishing);
    plant.holds_nothing().await;

    let watch = Stopwatch::start();
    let (mut answers, mut trickle) = plant.begin("Content-Length: 8000000", FORM).await.into_split();
    let trickling = tokio::spawn(async move {
        // Until nobody listens any more.
        while trickle.write_all(&[b'x'; 512]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let mut answer = [0; 12];
    answers.read_exact(&mut answer).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 408");
    assert!(watch.elapsed() < Duration::from_secs(15), "{:?}", watch.elapsed());
    trickling.abort();
    plant.holds_nothing().await;
}

async fn a_file_that_is_too_large_is_refused(database: Database) {
    let plant = Plant::new(database).await;
    let announced = plant.admin.upload(plant.machine, "film.pdf", pdf("film", 101 * MEBIBYTE)).await;
    assert_eq!(announced.problem(413, "corps_trop_volumineux").body["max_octets"], 100 * MEBIBYTE);
    plant.holds_nothing().await;

    let mut stream = plant.begin("Transfer-Encoding: chunked", b"").await;
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    stream.write_all(&chunk(FORM)).await.unwrap();
    let piece = chunk(&vec![b'x'; MEBIBYTE]);
    for _ in 0..101 {
        stream.write_all(&piece).await.unwrap();
    }
    stream.write_all(&chunk(b"\r\n--x--\r\n")).await.unwrap();
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 413");
    plant.holds_nothing().await;
}

/// Many clients send everything before they look for an answer. Whoever is refused early must still find one.
async fn a_client_that_asks_at_the_end_is_told_why(database: Database) {
    let plant = Plant::new(database).await;
    let executable = [b"MZ\x90\0".as_slice(), &vec![7; 50 * MEBIBYTE]].concat();
    let refused = plant.admin.upload(plant.machine, "rapport.pdf", executable.clone()).await;
    refused.problem(422, "type_fichier_refuse");
    for (query, status, code) in
        [("equipement_id=999", 404, "introuvable"), ("couleur=rouge", 422, "validation"), ("", 422, "validation")]
    {
        let form = reqwest::multipart::Form::new();
        let file = reqwest::multipart::Part::bytes(executable.clone()).file_name("rapport.pdf");
        let request = plant.admin.request(Method::POST, &format!("/api/v1/documents?{query}"));
        plant.admin.send(request.multipart(form.part("file", file))).await.problem(status, code);
    }

    let form = [FORM.strip_suffix(b"%PDF-1.7\n").unwrap(), executable.as_slice(), b"\r\n--x--\r\n"].concat();
    let mut stream = plant.begin(&format!("Content-Length: {}", form.len()), b"").await;
    for piece in form.chunks(256 * 1024) {
        stream.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 422");
    plant.holds_nothing().await;
}
