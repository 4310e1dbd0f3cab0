//! What is told to whoever follows a scan.

use std::io;
use std::sync::{Arc, Mutex};

use mif_domain::documents::Scanner as _;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::fake::{FakeClamd, LONG, clamd, scan, signature};

#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_scan_is_one_span_with_its_size_and_its_verdict() {
    let log = Log::default();
    let inbox = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(move || inbox.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let server = FakeClamd::answering("stream: Some.Name FOUND\0").await;
    let clamd = clamd(&server.address, LONG);
    signature(scan(&clamd, &[b"abc", b"de"]).await);
    let mut given_up = clamd.begin().await.unwrap();
    given_up.feed(b"abc").await.unwrap();
    drop(given_up);

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("close")).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].contains("clamd scan{") && lines[0].contains("bytes=5"), "{text}");
    assert!(lines[0].contains("verdict=\"infected\""), "{text}");
    assert!(lines[1].contains("bytes=3") && lines[1].contains("verdict=\"given up\""), "{text}");
}
