//! A connection to clamd: commands and chunks go out, one answer comes in, all within deadlines and sizes.

use std::fmt;
use std::io;
use std::time::Duration;

use mif_domain::documents::ScanError;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::address::{ClamdAddress, Place};

/// The most content in one chunk, in bytes.
pub(crate) const MAX_CHUNK: usize = 64 * 1024;
/// The most that an answer may have, in bytes. Names of signatures have some dozens.
const MAX_ANSWER: usize = 4096;

trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Duplex for T {}

pub(crate) struct Wire {
    inbox: Inbox,
    output: WriteHalf<Box<dyn Duplex>>,
    /// A chunk with its length before it.
    frame: Vec<u8>,
}

/// What clamd has said so far. Reading may be abandoned and taken up again.
struct Inbox {
    input: ReadHalf<Box<dyn Duplex>>,
    bytes: Vec<u8>,
}

/// Why there is no answer.
enum NoAnswer {
    /// The connection ended where the answer should begin.
    Closed,
    Lost(io::Error),
    Rubbish(&'static str),
}

impl Wire {
    pub(crate) async fn connect(address: &ClamdAddress, within: Duration) -> Result<Self, ScanError> {
        let connecting = async {
            let stream: Box<dyn Duplex> = match &address.0 {
                Place::Tcp { host, port } => {
                    let stream = TcpStream::connect((host.as_str(), *port)).await?;
                    // The last chunk has four bytes and is what clamd waits for.
                    stream.set_nodelay(true)?;
                    Box::new(stream)
                }
                Place::Unix(path) => Box::new(UnixStream::connect(path).await?),
            };
            Ok::<_, io::Error>(stream)
        };
        let stream = match timeout(within, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(ScanError::Unavailable(format!("cannot connect to {address}: {error}"))),
            Err(_) => return Err(ScanError::Unavailable(format!("cannot connect to {address} within {within:?}"))),
        };
        let (input, output) = tokio::io::split(stream);
        Ok(Self { inbox: Inbox { input, bytes: Vec::new() }, output, frame: Vec::new() })
    }

    /// Sends a command, with its closing NUL. Returns the answer if it comes first.
    pub(crate) async fn send_command(&mut self, command: &[u8], within: Duration) -> Result<Option<String>, ScanError> {
        self.frame.clear();
        self.frame.extend_from_slice(command);
        self.send_frame(within).await
    }

    /// Sends 1 to [`MAX_CHUNK`] bytes of content; none at all end the content. Returns the answer if it comes first.
    pub(crate) async fn send_chunk(&mut self, chunk: &[u8], within: Duration) -> Result<Option<String>, ScanError> {
        let length = u32::try_from(chunk.len()).map_err(|_| ScanError::Unsure("a chunk is too long".to_owned()))?;
        self.frame.clear();
        self.frame.extend_from_slice(&length.to_be_bytes());
        self.frame.extend_from_slice(chunk);
        self.send_frame(within).await
    }

    /// Whether a part of an answer is here already.
    pub(crate) fn has_begun_to_answer(&self) -> bool {
        !self.inbox.bytes.is_empty()
    }

    /// Waits for the answer to all that was sent.
    pub(crate) async fn answer(&mut self, within: Duration) -> Result<String, ScanError> {
        match timeout(within, self.inbox.answer()).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(NoAnswer::Closed)) => Err(ScanError::Unsure("it hung up instead of answering".to_owned())),
            Ok(Err(NoAnswer::Lost(error))) => {
                Err(ScanError::Unavailable(format!("the connection was lost before the answer: {error}")))
            }
            Ok(Err(NoAnswer::Rubbish(what))) => Err(ScanError::Unsure(what.to_owned())),
            Err(_) => Err(ScanError::Unavailable(format!("no answer within {within:?}"))),
        }
    }

    /// Listens while it writes, and first: clamd may answer and hang up before it has taken everything.
    async fn send_frame(&mut self, within: Duration) -> Result<Option<String>, ScanError> {
        let Self { inbox, output, frame } = self;
        let race = async {
            tokio::select! {
                biased;
                answer = inbox.answer() => Step::Answered(answer),
                written = output.write_all(frame) => Step::Written(written),
            }
        };
        let failure = match timeout(within, race).await {
            Ok(Step::Written(Ok(()))) => return Ok(None),
            Ok(Step::Answered(Ok(answer))) => return Ok(Some(answer)),
            Ok(Step::Answered(Err(NoAnswer::Rubbish(what)))) => return Err(ScanError::Unsure(what.to_owned())),
            Ok(Step::Answered(Err(NoAnswer::Closed))) => return Err(went_away("it hung up")),
            Ok(Step::Answered(Err(NoAnswer::Lost(error))) | Step::Written(Err(error))) => error,
            Err(_) => return Err(ScanError::Unavailable(format!("it took nothing more within {within:?}"))),
        };
        // The answer may have arrived before the connection broke, and says why.
        match timeout(within, inbox.answer()).await {
            Ok(Ok(answer)) => Ok(Some(answer)),
            Ok(Err(NoAnswer::Rubbish(what))) => Err(ScanError::Unsure(what.to_owned())),
            _ => Err(went_away(failure)),
        }
    }
}

/// What happened first.
enum Step {
    Answered(Result<String, NoAnswer>),
    Written(io::Result<()>),
}

fn went_away(how: impl fmt::Display) -> ScanError {
    ScanError::Unavailable(format!("it went away before it had the whole content: {how}"))
}

impl Inbox {
    /// Reads up to the NUL that ends an answer.
    async fn answer(&mut self) -> Result<String, NoAnswer> {
        loop {
            if let Some(end) = self.bytes.iter().position(|byte| *byte == 0) {
                let (answer, rest) = self.bytes.split_at(end);
                if rest.len() > 1 {
                    return Err(NoAnswer::Rubbish("something followed its answer"));
                }
                let answer = std::str::from_utf8(answer).map_err(|_| NoAnswer::Rubbish("its answer is no text"))?;
                return Ok(answer.to_owned());
            }
            if self.bytes.len() >= MAX_ANSWER {
                return Err(NoAnswer::Rubbish("its answer does not end"));
            }
            match self.input.read_buf(&mut self.bytes).await {
                Ok(0) if self.bytes.is_empty() => return Err(NoAnswer::Closed),
                Ok(0) => return Err(NoAnswer::Rubbish("its answer was cut off")),
                Ok(_) => {}
                Err(error) => return Err(NoAnswer::Lost(error)),
            }
        }
    }
}
