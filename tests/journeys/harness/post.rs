//! A mail server on the loopback interface that takes every letter.

use std::net::TcpListener as Reserved;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Where a mail server will be, sooner or later. Until then connections to it are refused.
#[derive(Debug)]
pub(crate) struct PostOffice {
    port: u16,
    letters: Arc<Mutex<Vec<String>>>,
}

impl PostOffice {
    pub(crate) fn closed() -> Self {
        let port = Reserved::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { port, letters: Arc::default() }
    }

    /// As the server is told.
    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// From now on letters are taken.
    pub(crate) async fn open(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        let letters = Arc::clone(&self.letters);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let letters = Arc::clone(&letters);
                tokio::spawn(async move { converse(stream, &letters).await });
            }
        });
    }

    /// Every letter so far, with its soft line breaks undone.
    pub(crate) fn letters(&self) -> Vec<String> {
        self.letters.lock().unwrap().clone()
    }
}

async fn converse(stream: TcpStream, letters: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 post office\r\n").await?;
    loop {
        let command = line(&mut stream).await?.to_ascii_uppercase();
        let answer = match command.get(..4).unwrap_or_default() {
            "EHLO" => "250-post office\r\n250 8BITMIME",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut letter = String::new();
                loop {
                    match line(&mut stream).await?.as_str() {
                        "." => break,
                        part => {
                            letter.push_str(part);
                            letter.push('\n');
                        }
                    }
                }
                letters.lock().unwrap().push(letter.replace("=\n", "").replace("=3D", "="));
                "250 taken"
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n").await,
            _ => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
    }
}
