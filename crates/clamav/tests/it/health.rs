//! How clamd says it is.

use mif_domain::documents::{Scanner as _, ScannerHealth};
use tokio::io::AsyncWriteExt as _;
use tokio::time::sleep;

use crate::fake::{FakeClamd, LONG, SHORT, clamd, in_time, read_command};

async fn health_of(answer: &'static [u8]) -> ScannerHealth {
    let server = FakeClamd::start(move |mut stream| async move {
        read_command(&mut stream, b"zVERSION\0").await;
        stream.write_all(answer).await.ok();
    })
    .await;
    in_time(clamd(&server.address, LONG).health()).await
}

#[tokio::test]
async fn a_version_is_a_sign_of_life() {
    let version = "ClamAV 1.4.6/27500/Mon Jan  5 07:00:00 2026";
    assert_eq!(
        health_of(b"ClamAV 1.4.6/27500/Mon Jan  5 07:00:00 2026\0").await,
        ScannerHealth::Up { version: version.to_owned() }
    );
}

#[tokio::test]
async fn anything_else_is_none() {
    let endless = vec![b'a'; 100_000].leak();
    for answer in [b"UNKNOWN COMMAND\0".as_slice(), b"ClamAV 1.4.6", b"ClamAV \xff\0", b"\0", b"", endless] {
        assert!(matches!(health_of(answer).await, ScannerHealth::Down { .. }), "{answer:?}");
    }
}

#[tokio::test]
async fn a_clamd_that_hangs_is_down_in_time() {
    let server = FakeClamd::start(|stream| async move {
        sleep(2 * LONG).await;
        drop(stream);
    })
    .await;
    match in_time(clamd(&server.address, SHORT).health()).await {
        ScannerHealth::Down { reason } => assert!(reason.contains("no answer within"), "{reason}"),
        other => panic!("{other:?}"),
    }
}
