//! A clamd that does what a test tells it, within this process.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mif_clamav::{Clamd, ClamdAddress, ClamdSettings};
use mif_domain::documents::{ScanError, Scanner as _, Verdict};
use mif_testkit::FakeClock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A deadline that is meant to pass.
pub(crate) const SHORT: Duration = Duration::from_millis(150);
/// A deadline that is not, even on a machine with a lot to do.
pub(crate) const LONG: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct FakeClamd {
    pub(crate) address: ClamdAddress,
    accepting: JoinHandle<()>,
}

impl FakeClamd {
    /// Treats every connection alike.
    pub(crate) async fn start<F>(treat: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = address_of(&listener);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(treat(stream));
            }
        });
        Self { address, accepting }
    }

    /// Reads the whole content and answers with these bytes.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut stream| {
            let answer = answer.clone();
            async move {
                read_content(&mut stream).await;
                stream.write_all(&answer).await.ok();
            }
        })
        .await
    }
}

impl Drop for FakeClamd {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

pub(crate) fn address_of(listener: &TcpListener) -> ClamdAddress {
    format!("tcp://{}", listener.local_addr().unwrap()).parse().unwrap()
}

/// Reads an `INSTREAM` command as clamd does, to the chunk without content.
pub(crate) async fn read_content(stream: &mut TcpStream) -> Vec<u8> {
    read_command(stream, b"zINSTREAM\0").await;
    let mut content = Vec::new();
    loop {
        let length = stream.read_u32().await.unwrap() as usize;
        if length == 0 {
            return content;
        }
        assert!(length <= 64 * 1024, "a chunk of {length} bytes");
        let start = content.len();
        content.resize(start + length, 0);
        stream.read_exact(&mut content[start..]).await.unwrap();
    }
}

pub(crate) async fn read_command(stream: &mut TcpStream, expected: &[u8]) {
    let mut command = vec![0; expected.len()];
    stream.read_exact(&mut command).await.unwrap();
    assert_eq!(command, expected);
}

/// Every deadline the same.
pub(crate) fn clamd(address: &ClamdAddress, deadline: Duration) -> Clamd {
    let settings = ClamdSettings {
        connect_timeout: deadline,
        write_timeout: deadline,
        verdict_timeout: deadline,
        health_timeout: deadline,
        ..ClamdSettings::new(address.clone())
    };
    Clamd::new(settings, Arc::new(FakeClock::default()))
}

/// Scans pieces, to the first error.
pub(crate) async fn scan(clamd: &Clamd, pieces: &[&[u8]]) -> Result<Verdict, ScanError> {
    in_time(async {
        let mut scan = clamd.begin().await?;
        for piece in pieces {
            scan.feed(piece).await?;
        }
        scan.finish().await
    })
    .await
}

/// Nothing may hang, whatever clamd does.
pub(crate) async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(2 * LONG, work).await.expect("an end in time")
}

static MEGABYTE: [u8; 1 << 20] = [b'a'; 1 << 20];

/// A content in pieces: from 32 on it is more than the buffers of a connection hold.
pub(crate) fn megabytes(count: usize) -> Vec<&'static [u8]> {
    vec![&MEGABYTE; count]
}

pub(crate) fn signature(outcome: Result<Verdict, ScanError>) -> String {
    match outcome {
        Ok(Verdict::Infected { signature }) => signature.as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn unsure(outcome: Result<Verdict, ScanError>) -> String {
    match outcome {
        Err(ScanError::Unsure(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn unavailable(outcome: Result<Verdict, ScanError>) -> String {
    match outcome {
        Err(ScanError::Unavailable(reason)) => reason,
        other => panic!("{other:?}"),
    }
}
