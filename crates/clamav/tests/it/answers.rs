//! Only clamd's own word is a verdict.

use std::net::Shutdown;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mif_domain::documents::{ScanError, Scanner as _, Verdict};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;

use crate::fake::{
    FakeClamd, LONG, clamd, in_time, megabytes, read_command, read_content, scan, signature, unavailable, unsure,
};

const LIMIT: &str = "INSTREAM size limit exceeded. ERROR";

async fn outcome_of(answer: impl Into<Vec<u8>>) -> Result<Verdict, ScanError> {
    let server = FakeClamd::answering(answer).await;
    scan(&clamd(&server.address, LONG), &[b"Bon de travail"]).await
}

#[tokio::test]
async fn the_content_arrives_as_it_is() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let inbox = seen.clone();
    let server = FakeClamd::start(move |mut stream| {
        let inbox = inbox.clone();
        async move {
            *inbox.lock().unwrap() = read_content(&mut stream).await;
            stream.write_all(b"stream: OK\0").await.unwrap();
        }
    })
    .await;
    let large: Vec<u8> = (0_u32..50_000).flat_map(u32::to_le_bytes).collect();
    let verdict = scan(&clamd(&server.address, LONG), &[b"ab", b"", b"c", &large, b"d"]).await;
    assert_eq!(verdict, Ok(Verdict::Clean));
    assert_eq!(*seen.lock().unwrap(), [b"abc".as_slice(), &large, b"d"].concat());
}

#[tokio::test]
async fn the_two_verdicts_are_understood() {
    assert_eq!(outcome_of("stream: OK\0").await, Ok(Verdict::Clean));
    assert_eq!(signature(outcome_of("stream: Eicar-Signature FOUND\0").await), "Eicar-Signature");
}

#[tokio::test]
async fn a_name_of_a_thousand_characters_is_a_find() {
    let name = "n".repeat(1_000);
    assert_eq!(signature(outcome_of(format!("stream: {name} FOUND\0")).await), "n".repeat(200));
}

#[tokio::test]
async fn everything_else_is_no_verdict() {
    for answer in [
        "rubbish\0",
        "\0",
        "stream: OK ERROR\0",
        "stream: OK\n\0",
        "stream: OK\0stream: OK\0",
        "stream: OK\0\0",
        "stream: OK\n",
        "stream: OK",
        "stream: O",
        "s",
        "",
    ] {
        let reason = unsure(outcome_of(answer).await);
        assert!(!reason.is_empty(), "{answer:?}");
    }
    unsure(outcome_of(b"stream: \xff FOUND\0".as_slice()).await);
    assert!(unsure(outcome_of(format!("{LIMIT}\0")).await).contains(LIMIT));
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_kept() {
    let reason = unsure(outcome_of(vec![b'a'; 10 << 20]).await);
    assert!(reason.contains("does not end"), "{reason}");
}

#[tokio::test]
async fn an_answer_may_come_byte_by_byte() {
    let server = FakeClamd::start(|mut stream| async move {
        stream.set_nodelay(true).unwrap();
        read_content(&mut stream).await;
        for byte in b"stream: Slow.Name FOUND\0" {
            stream.write_all(&[*byte]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    assert_eq!(signature(scan(&clamd(&server.address, LONG), &[b"a"]).await), "Slow.Name");
}

/// What clamd does over its `StreamMaxLength`: it answers, and hangs up on what is still under way.
#[tokio::test]
async fn a_limit_is_told_although_writing_fails() {
    let server = FakeClamd::start(|mut stream| async move {
        read_command(&mut stream, b"zINSTREAM\0").await;
        stream.read_exact(&mut vec![0; 300_000]).await.unwrap();
        stream.write_all(format!("{LIMIT}\0").as_bytes()).await.unwrap();
    })
    .await;
    let content = megabytes(32);
    for _ in 0..20 {
        let reason = unsure(scan(&clamd(&server.address, LONG), &content).await);
        assert!(reason.contains(LIMIT), "{reason}");
    }
}

/// The write fails first, and only then the answer arrives.
#[tokio::test]
async fn an_answer_is_waited_for_when_writing_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clamd.ctl");
    let listener = UnixListener::bind(&path).unwrap();
    let (deaf, is_deaf) = tokio::sync::oneshot::channel();
    let server = tokio::spawn(async move {
        let mut stream = listener.accept().await.unwrap().0;
        stream.read_exact(&mut [0; b"zINSTREAM\0".len()]).await.unwrap();
        let mut stream = stream.into_std().unwrap();
        stream.shutdown(Shutdown::Read).unwrap();
        deaf.send(()).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        std::io::Write::write_all(&mut stream, format!("{LIMIT}\0").as_bytes()).unwrap();
    });
    let clamd = clamd(&format!("unix:{}", path.display()).parse().unwrap(), LONG);
    in_time(async {
        let mut scan = clamd.begin().await.unwrap();
        is_deaf.await.unwrap();
        let error = scan.feed(b"Bon de travail").await.unwrap_err();
        assert!(matches!(&error, ScanError::Unsure(reason) if reason.contains(LIMIT)), "{error}");
        server.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_early_find_ends_the_scan_and_not_the_upload() {
    let server = FakeClamd::start(|mut stream| async move {
        read_command(&mut stream, b"zINSTREAM\0").await;
        stream.read_exact(&mut vec![0; 100_000]).await.unwrap();
        stream.write_all(b"stream: Early.Name FOUND\0").await.unwrap();
        // Takes nothing more, and does not hang up either.
        tokio::time::sleep(2 * LONG).await;
    })
    .await;
    assert_eq!(signature(scan(&clamd(&server.address, LONG), &megabytes(32)).await), "Early.Name");
}

/// Calls the content clean as soon as it is announced, and takes nothing of it.
async fn hasty() -> FakeClamd {
    FakeClamd::start(|mut stream| async move {
        read_command(&mut stream, b"zINSTREAM\0").await;
        stream.write_all(b"stream: OK\0").await.unwrap();
        tokio::time::sleep(2 * LONG).await;
    })
    .await
}

#[tokio::test]
async fn nobody_knows_a_content_that_is_not_complete() {
    let server = hasty().await;
    let reason = unsure(scan(&clamd(&server.address, LONG), &megabytes(32)).await);
    assert!(reason.contains("before it had all of it"), "{reason}");
}

/// Even when clamd's word is there before the content ends without being looked for.
#[tokio::test]
async fn an_answer_from_before_the_end_is_early() {
    let server = hasty().await;
    let clamd = clamd(&server.address, LONG);
    in_time(async {
        let scan = clamd.begin().await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(unsure(scan.finish().await).contains("before it had all of it"));
    })
    .await;
}

/// A word that was begun before the content ended is about the content up to there, whenever it ends.
#[tokio::test]
async fn an_answer_that_began_before_the_end_is_early() {
    let server = FakeClamd::start(|mut stream| async move {
        stream.set_nodelay(true).unwrap();
        read_command(&mut stream, b"zINSTREAM\0").await;
        stream.write_all(b"stream: ").await.unwrap();
        assert_eq!(stream.read_u32().await.unwrap(), 0, "the end of the content");
        stream.write_all(b"OK\0").await.unwrap();
    })
    .await;
    let clamd = clamd(&server.address, LONG);
    in_time(async {
        let scan = clamd.begin().await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(unsure(scan.finish().await).contains("before it had all of it"));
    })
    .await;
}

#[tokio::test]
async fn a_clamd_that_goes_away_in_the_middle_is_unavailable() {
    let server = FakeClamd::start(|mut stream| async move {
        read_command(&mut stream, b"zINSTREAM\0").await;
        stream.read_exact(&mut vec![0; 100_000]).await.unwrap();
    })
    .await;
    let reason = unavailable(scan(&clamd(&server.address, LONG), &megabytes(32)).await);
    assert!(reason.contains("went away"), "{reason}");
}

#[tokio::test]
async fn an_error_is_repeated_and_never_becomes_a_verdict() {
    let server = hasty().await;
    let clamd = clamd(&server.address, LONG);
    in_time(async {
        let mut scan = clamd.begin().await.unwrap();
        let mut fed = Vec::new();
        for piece in megabytes(32) {
            fed.push(scan.feed(piece).await);
        }
        let first = fed.iter().position(Result::is_err).expect("an error");
        assert!(fed[first..].iter().all(|outcome| *outcome == fed[first]));
        assert_eq!(scan.finish().await.err(), fed[first].clone().err());
    })
    .await;
}

#[tokio::test]
async fn a_piece_that_was_abandoned_spoils_the_scan() {
    let (taken, mut taking) = tokio::sync::mpsc::unbounded_channel();
    let server = FakeClamd::start(move |mut stream| {
        let taken = taken.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            // Takes all there is, and calls it clean.
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await.ok();
            taken.send(all.len()).unwrap();
        }
    })
    .await;
    let clamd = clamd(&server.address, LONG);
    in_time(async {
        let mut scan = clamd.begin().await.unwrap();
        let piece = vec![b'a'; 64 << 20];
        assert!(tokio::time::timeout(Duration::from_millis(100), scan.feed(&piece)).await.is_err());
        // The connection went with the piece: nothing can be sent on it any more.
        assert!(taking.recv().await.unwrap() < piece.len());
        assert!(matches!(scan.feed(b"a").await, Err(ScanError::Unsure(_))));
        unsure(scan.finish().await);
    })
    .await;
}
