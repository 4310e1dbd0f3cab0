//! A mail server inside the test: takes letters, or misbehaves in one chosen way.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// What the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    Good,
    /// Accepts the connection and never says a word.
    Silent,
    /// Knows nobody.
    Refusing,
    /// Closes the connection in the middle of the letter.
    DyingInData,
    /// Takes the whole letter and never says whether it has it.
    SilentAfterData,
    /// Takes the letter and never answers the goodbye.
    SilentAfterQuit,
    /// Speaks TLS from the first byte.
    Tls,
    /// Speaks TLS when asked, and takes no password and no letter before.
    StartTls,
}

/// A letter that arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) data: Vec<u8>,
}

#[derive(Debug, Default)]
struct Seen {
    letters: Vec<Received>,
    commands: Vec<String>,
}

pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    /// Vouches for the server.
    pub(crate) certificate: String,
    seen: Arc<Mutex<Seen>>,
}

impl Sink {
    pub(crate) async fn start(manners: Manners) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), manners).await
    }

    pub(crate) async fn start_at(address: SocketAddr, manners: Manners) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        let (acceptor, certificate) = tls();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, acceptor) = (Arc::clone(&shared), acceptor.clone());
                tokio::spawn(async move { serve(stream, manners, &acceptor, &seen).await });
            }
        });
        Self { address, certificate, seen }
    }

    pub(crate) fn letters(&self) -> Vec<Received> {
        self.seen.lock().unwrap().letters.clone()
    }

    /// Every line that came before, between and after letters.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.seen.lock().unwrap().commands.clone()
    }
}

trait Wire: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}

/// A certificate for `localhost` that nobody vouches for but itself.
fn tls() -> (TlsAcceptor, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), cert.pem())
}

/// Ends when the client goes away.
async fn serve(stream: TcpStream, manners: Manners, acceptor: &TlsAcceptor, seen: &Mutex<Seen>) -> Option<()> {
    if manners == Manners::Tls {
        let mut stream = BufReader::new(acceptor.accept(stream).await.ok()?);
        say(&mut stream, "220 sink ESMTP").await?;
        return converse(&mut stream, manners, seen).await;
    }
    let mut stream = BufReader::new(stream);
    if manners == Manners::Silent {
        return hear_nothing(&mut stream).await;
    }
    say(&mut stream, "220 sink ESMTP").await?;
    if manners != Manners::StartTls {
        return converse(&mut stream, manners, seen).await;
    }
    assert!(line(&mut stream).await?.starts_with("EHLO"));
    say(&mut stream, "250-sink\r\n250 STARTTLS").await?;
    assert_eq!(line(&mut stream).await?, "STARTTLS");
    say(&mut stream, "220 go on").await?;
    let stream = acceptor.accept(stream.into_inner()).await.ok()?;
    converse(&mut BufReader::new(stream), manners, seen).await
}

async fn converse(stream: &mut BufReader<impl Wire>, manners: Manners, seen: &Mutex<Seen>) -> Option<()> {
    let mut letter = Received::default();
    loop {
        let line = line(stream).await?;
        seen.lock().unwrap().commands.push(line.clone());
        let command = line.to_ascii_uppercase();
        if command.starts_with("EHLO") {
            say(stream, "250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN").await?;
        } else if command.starts_with("AUTH") {
            say(stream, "235 welcome").await?;
        } else if command.starts_with("MAIL FROM:") {
            letter = Received { from: path(&line), ..Received::default() };
            say(stream, "250 ok").await?;
        } else if command.starts_with("RCPT TO:") && manners == Manners::Refusing {
            say(stream, &format!("550 5.1.1 <{}>: nobody\tof that name", path(&line))).await?;
        } else if command.starts_with("RCPT TO:") {
            letter.to.push(path(&line));
            say(stream, "250 ok").await?;
        } else if command == "DATA" {
            say(stream, "354 go on").await?;
            if manners == Manners::DyingInData {
                stream.read_u8().await.ok()?;
                return None;
            }
            letter.data = data(stream).await?;
            seen.lock().unwrap().letters.push(std::mem::take(&mut letter));
            if manners == Manners::SilentAfterData {
                return hear_nothing(stream).await;
            }
            say(stream, "250 taken").await?;
        } else if command == "QUIT" && manners == Manners::SilentAfterQuit {
            return hear_nothing(stream).await;
        } else if command == "QUIT" {
            say(stream, "221 bye").await?;
            return None;
        } else {
            say(stream, "502 what?").await?;
        }
    }
}

async fn hear_nothing(stream: &mut BufReader<impl Wire>) -> Option<()> {
    while stream.read_u8().await.is_ok() {}
    None
}

async fn say(stream: &mut BufReader<impl Wire>, words: &str) -> Option<()> {
    stream.write_all(format!("{words}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

async fn line(stream: &mut BufReader<impl Wire>) -> Option<String> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).await.ok().filter(|read| *read > 0)?;
    Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}

/// Up to the line with nothing but a dot, the doubled dots undoubled. A bare line feed ends no line (RFC 5321, 2.3.8).
async fn data(stream: &mut BufReader<impl Wire>) -> Option<Vec<u8>> {
    let mut raw = Vec::new();
    while !raw.ends_with(b"\r\n.\r\n") {
        raw.push(stream.read_u8().await.ok()?);
    }
    raw.truncate(raw.len() - 3);
    Some(String::from_utf8(raw).unwrap().replace("\r\n..", "\r\n.").into_bytes())
}

fn path(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}
