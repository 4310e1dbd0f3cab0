//! An OpenTelemetry collector that takes everything and keeps nothing, so that traces really leave the server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::Outcome;

pub(super) struct Collector {
    port: u16,
    received: Arc<AtomicU64>,
}

impl Collector {
    pub(super) fn start() -> Outcome<Self> {
        let failed = |error: std::io::Error| format!("no collector: {error}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let received = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&received);
        // Ends with the process.
        thread::spawn(move || {
            for peer in listener.incoming().flatten() {
                let count = Arc::clone(&count);
                thread::spawn(move || take_everything(peer, &count));
            }
        });
        Ok(Self { port, received })
    }

    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A server that exports nothing is fast for the wrong reason.
    pub(super) fn has_received_something(&self) -> Outcome<()> {
        match self.received.load(Ordering::Relaxed) {
            0 => Err("no trace came to the collector".to_owned()),
            bytes => {
                eprintln!("xtask: the collector took {bytes} bytes");
                Ok(())
            }
        }
    }
}

/// Answers every request with 200 until the peer goes away.
fn take_everything(peer: TcpStream, count: &AtomicU64) -> std::io::Result<()> {
    let mut stream = BufReader::new(peer);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.trim().is_empty() {
                break;
            }
        }
        count.fetch_add(std::io::copy(&mut (&mut stream).take(length), &mut std::io::sink())?, Ordering::Relaxed);
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
    }
}
