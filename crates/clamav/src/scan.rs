//! One content on its way through clamd.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mif_domain::breaker::Breaker;
use mif_domain::documents::{Scan, ScanError, Verdict};
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use crate::verdict::{judge, judge_early};
use crate::wire::{MAX_CHUNK, Wire};

pub(crate) struct ClamdScan {
    progress: Progress,
    bytes: u64,
    write_timeout: Duration,
    verdict_timeout: Duration,
    breaker: Arc<Breaker>,
    span: Span,
    began: Instant,
}

enum Progress {
    Open(Wire),
    /// A call is under way. If it is abandoned there, part of a chunk may have been sent, and what follows would be
    /// taken for something else: the scan is lost, and with the call its connection.
    Busy,
    Settled(Result<Verdict, ScanError>),
}

impl ClamdScan {
    pub(crate) fn new(
        wire: Wire,
        write_timeout: Duration,
        verdict_timeout: Duration,
        breaker: Arc<Breaker>,
        span: Span,
    ) -> Self {
        Self {
            progress: Progress::Open(wire),
            bytes: 0,
            write_timeout,
            verdict_timeout,
            breaker,
            span,
            began: Instant::now(),
        }
    }

    async fn send(&mut self, piece: &[u8]) -> Result<(), ScanError> {
        // A chunk without content would end the content: no piece makes one.
        for chunk in piece.chunks(MAX_CHUNK) {
            let mut wire = match std::mem::replace(&mut self.progress, Progress::Busy) {
                Progress::Open(wire) => wire,
                other => {
                    self.progress = other;
                    break;
                }
            };
            match wire.send_chunk(chunk, self.write_timeout).await {
                Ok(None) => {
                    self.progress = Progress::Open(wire);
                    self.bytes = self.bytes.saturating_add(chunk.len() as u64);
                }
                Ok(Some(answer)) => self.settle(judge_early(&answer)),
                Err(error) => self.settle(Err(error)),
            }
        }
        match &self.progress {
            Progress::Open(_) | Progress::Settled(Ok(_)) => Ok(()),
            Progress::Settled(Err(error)) => Err(error.clone()),
            Progress::Busy => Err(abandoned()),
        }
    }

    async fn conclude(&mut self) -> Result<Verdict, ScanError> {
        match std::mem::replace(&mut self.progress, Progress::Busy) {
            Progress::Open(wire) => {
                let outcome = self.ask(wire).await;
                self.settle(outcome.clone());
                outcome
            }
            Progress::Busy => Err(abandoned()),
            Progress::Settled(outcome) => {
                self.progress = Progress::Settled(outcome.clone());
                outcome
            }
        }
    }

    /// Ends the content and waits for the verdict.
    async fn ask(&self, mut wire: Wire) -> Result<Verdict, ScanError> {
        if let Some(answer) = wire.send_chunk(&[], self.write_timeout).await? {
            return judge_early(&answer);
        }
        let is_early = wire.has_begun_to_answer();
        let answer = wire.answer(self.verdict_timeout).await?;
        if is_early { judge_early(&answer) } else { judge(&answer) }
    }

    fn settle(&mut self, outcome: Result<Verdict, ScanError>) {
        match &outcome {
            Err(ScanError::Unavailable(_)) => self.breaker.failed(),
            Ok(_) | Err(ScanError::Unsure(_)) => self.breaker.answered(),
        }
        let kind = match &outcome {
            Ok(Verdict::Clean) => "clean",
            Ok(Verdict::Infected { .. }) => "infected",
            Ok(Verdict::NotScanned) => "not scanned",
            Err(error) => word(error),
        };
        metrics::counter!("mif_scans_total", "verdict" => kind).increment(1);
        metrics::histogram!("mif_scan_duration_seconds").record(self.began.elapsed());
        self.span.record("verdict", kind);
        self.span.in_scope(|| match &outcome {
            Ok(Verdict::Infected { signature }) => tracing::debug!(%signature, "something was found"),
            Ok(_) => tracing::debug!("nothing was found"),
            Err(error) => tracing::debug!(%error, "no verdict"),
        });
        self.progress = Progress::Settled(outcome);
    }
}

impl Drop for ClamdScan {
    fn drop(&mut self) {
        // Spans know numbers as `i64` and would write any other kind down as text.
        self.span.record("bytes", i64::try_from(self.bytes).unwrap_or(i64::MAX));
        if !matches!(self.progress, Progress::Settled(_)) {
            self.span.record("verdict", "given up");
        }
    }
}

#[async_trait]
impl Scan for ClamdScan {
    async fn feed(&mut self, piece: &[u8]) -> Result<(), ScanError> {
        let span = self.span.clone();
        self.send(piece).instrument(span).await
    }

    async fn finish(mut self: Box<Self>) -> Result<Verdict, ScanError> {
        let span = self.span.clone();
        self.conclude().instrument(span).await
    }
}

/// Why there is no verdict, as spans and measurements name it.
pub(crate) const fn word(error: &ScanError) -> &'static str {
    match error {
        ScanError::Unavailable(_) => "unavailable",
        ScanError::Unsure(_) => "unsure",
    }
}

fn abandoned() -> ScanError {
    ScanError::Unsure("a piece was abandoned half-way".to_owned())
}
