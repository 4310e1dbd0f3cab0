//! Clients that take their time are cut, and hold up nobody else.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{ADMIN, Database, PASSWORD, Server, Site, Stopwatch};

/// Five seconds, and what a loaded machine may add.
const CUT: std::ops::Range<Duration> = Duration::from_secs(4)..Duration::from_secs(15);

/// Sends this and nothing more, and waits for the end of the connection.
async fn abandoned(server: &Server, sent: &str) -> (String, Duration) {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let watch = Stopwatch::start();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_mins(1), stream.read_to_end(&mut answer)).await;
    // A connection that is reset has ended as well.
    let _ = read.expect("the connection is still open after a minute");
    (String::from_utf8_lossy(&answer).into_owned(), watch.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_head_is_cut_after_five_seconds() {
    let site = Site::new(Database::Sqlite).await;
    let server = site.start().await;
    let halves = ["", "GET /live HTTP/1.1\r\nHost: usine.test\r\nX-Slow: "];
    let [(_, silent), (answer, half)] =
        futures_util::future::join_all(halves.map(|sent| abandoned(&server, sent))).await.try_into().unwrap();
    for took in [silent, half] {
        assert!(CUT.contains(&took), "cut after {took:?}");
    }
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_stops_is_cut_and_its_sender_told() {
    let site = Site::new(Database::Sqlite).await;
    let server = site.start().await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    let head = |path: &str, kind: &str| {
        let (host, token) = (server.address(), admin.token());
        format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n\
             Content-Length: 9000\r\n\r\n"
        )
    };
    let bodies = [
        head("/api/v1/equipements", "application/json") + "{\"nom\": ",
        head("/api/v1/auth/token", "application/x-www-form-urlencoded") + "username=",
        head("/api/v1/auth/logout", "application/json") + "{",
        head("/api/v1/equipements/import", "text/csv") + "nom;type",
        head("/api/v1/documents", "multipart/form-data; boundary=b") + "--b\r\nContent-Disposition: form-data; name=\"",
    ];
    for (answer, took) in futures_util::future::join_all(bodies.iter().map(|sent| abandoned(&server, sent))).await {
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"code\":\"corps_trop_lent\""), "{answer}");
        assert!(answer.to_lowercase().contains("strict-transport-security"), "{answer}");
        assert!(CUT.contains(&took), "cut after {took:?}");
    }
}

/// The beginnings of requests whose bodies come in chunks, each answered before its body has ended.
fn chunked(server: &Server) -> [String; 5] {
    let head = |line: &str, kind: &str| {
        format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nu\r\n",
            server.address()
        )
    };
    [
        head("POST /api/v1/auth/login", "application/x-www-form-urlencoded"),
        head("POST /api/v1/users", "application/json"),
        head("POST /api/v1/documents", "multipart/form-data; boundary=b"),
        head("POST /nothing", "application/json"),
        head("GET /live", "text/plain"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunked_body_that_never_ends_is_cut_whoever_answers() {
    let site = Site::new(Database::Sqlite).await;
    let server = site.start().await;
    let requests = chunked(&server);
    for (answer, took) in futures_util::future::join_all(requests.iter().map(|sent| abandoned(&server, sent))).await {
        assert!(answer.starts_with("HTTP/1.1 ") && answer.to_lowercase().contains("connection: close"), "{answer}");
        assert!(CUT.contains(&took), "cut after {took:?}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunked_body_that_floods_is_cut_whoever_answers() {
    let site = Site::new(Database::Sqlite).await;
    let server = site.start().await;
    let mut chunk = b"100000\r\n".to_vec();
    chunk.extend(vec![b' '; 0x10_0000]);
    chunk.extend(b"\r\n");
    for sent in chunked(&server) {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let watch = Stopwatch::start();
        let flood = async { while stream.write_all(&chunk).await.is_ok() {} };
        assert!(tokio::time::timeout(Duration::from_mins(1), flood).await.is_ok(), "still taken in: {sent}");
        assert!(watch.elapsed() < CUT.end, "cut after {:?}: {sent}", watch.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_slow_clients_hold_up_nobody() {
    let site = Site::new(Database::Sqlite).await;
    let server = site.start().await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(b"GET /live HTTP/1.1\r\nX-Slow: ").await.unwrap();
        slow.push(stream);
    }
    let mut worst = Duration::ZERO;
    for _ in 0..50 {
        let watch = Stopwatch::start();
        admin.me().await.is(200);
        worst = worst.max(watch.elapsed());
    }
    println!("with {} slow clients the slowest of 50 answers took {worst:?}", slow.len());
    assert!(worst < Duration::from_secs(3), "an answer took {worst:?}");
}
