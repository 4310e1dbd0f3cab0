//! However clamd hangs, nobody waits longer than a deadline.

use mif_clamav::ClamdAddress;
use mif_domain::documents::{ScanError, Scanner as _};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener};
use tokio::time::{sleep, timeout};

use crate::fake::{FakeClamd, LONG, SHORT, address_of, clamd, in_time, megabytes, read_content, scan, unavailable};

#[tokio::test]
async fn a_clamd_that_accepts_nothing_takes_a_little_and_then_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let clamd = clamd(&address_of(&listener), SHORT);
    // The system connects and buffers in its name.
    let reason = unavailable(scan(&clamd, &[b"Bon de travail"]).await);
    assert!(reason.contains("no answer within"), "{reason}");
    let reason = unavailable(scan(&clamd, &megabytes(32)).await);
    assert!(reason.contains("took nothing more within"), "{reason}");
}

/// A connection that never comes about: the queue of the listener is full.
#[tokio::test]
async fn a_connection_has_its_deadline() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let mut waiting = Vec::new();
    while let Ok(connected) = timeout(SHORT, TcpStream::connect(listener.local_addr().unwrap())).await {
        waiting.push(connected.unwrap());
        assert!(waiting.len() < 64, "the queue is never full");
    }
    let error = in_time(clamd(&address_of(&listener), SHORT).begin()).await.err().unwrap();
    assert!(matches!(&error, ScanError::Unavailable(reason) if reason.contains("cannot connect")), "{error}");
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = address_of(&listener);
    drop(listener);
    assert!(unavailable(scan(&clamd(&address, LONG), &[]).await).contains("cannot connect"));

    let folder = tempfile::tempdir().unwrap();
    let missing: ClamdAddress = format!("unix:{}/clamd.ctl", folder.path().display()).parse().unwrap();
    assert!(unavailable(scan(&clamd(&missing, LONG), &[]).await).contains("cannot connect"));
}

#[tokio::test]
async fn a_hanging_unix_socket_has_its_deadlines_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clamd.ctl");
    let _listener = UnixListener::bind(&path).unwrap();
    let address: ClamdAddress = format!("unix:{}", path.display()).parse().unwrap();
    let clamd = clamd(&address, SHORT);
    assert!(unavailable(scan(&clamd, &[b"a"]).await).contains("no answer within"));
    assert!(unavailable(scan(&clamd, &megabytes(4)).await).contains("took nothing more within"));
}

#[tokio::test]
async fn a_clamd_that_reads_everything_and_says_nothing() {
    let server = FakeClamd::start(|mut stream| async move {
        read_content(&mut stream).await;
        sleep(2 * LONG).await;
    })
    .await;
    assert!(unavailable(scan(&clamd(&server.address, SHORT), &[b"a"]).await).contains("no answer within"));
}

/// The deadline is for the whole answer, not for each byte of it.
#[tokio::test]
async fn an_answer_that_dribbles_for_ever() {
    let server = FakeClamd::start(|mut stream| async move {
        use tokio::io::AsyncWriteExt as _;
        read_content(&mut stream).await;
        while stream.write_all(b"a").await.is_ok() {
            sleep(SHORT / 10).await;
        }
    })
    .await;
    assert!(unavailable(scan(&clamd(&server.address, SHORT), &[b"a"]).await).contains("no answer within"));
}

#[tokio::test]
async fn a_clamd_that_takes_one_byte_at_a_time() {
    let server = FakeClamd::start(|mut stream| async move {
        while stream.read_u8().await.is_ok() {
            sleep(SHORT / 10).await;
        }
    })
    .await;
    unavailable(scan(&clamd(&server.address, SHORT), &megabytes(32)).await);
}

#[tokio::test]
async fn dropping_a_scan_hangs_up() {
    let (hung_up, mut told) = tokio::sync::mpsc::unbounded_channel();
    let server = FakeClamd::start(move |mut stream| {
        let hung_up = hung_up.clone();
        async move {
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await.unwrap();
            hung_up.send(all).unwrap();
        }
    })
    .await;
    let mut scan = clamd(&server.address, LONG).begin().await.unwrap();
    scan.feed(b"ab").await.unwrap();
    drop(scan);
    // No chunk of length zero: what was given up must not be scanned as if it were complete.
    assert_eq!(in_time(told.recv()).await.unwrap(), b"zINSTREAM\0\0\0\0\x02ab");
}
