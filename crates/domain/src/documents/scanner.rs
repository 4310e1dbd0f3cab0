//! The virus scanner.

use async_trait::async_trait;
use thiserror::Error;

use crate::text::Line;

/// What a scanner says of a whole content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was found.
    Clean,
    /// Something was found.
    Infected {
        /// Its name, as the scanner calls it.
        signature: Line<200>,
    },
    /// The scanner is off, by configuration.
    NotScanned,
}

/// There is no verdict: the content counts as bad.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScanError {
    /// The scanner cannot be reached, does not answer in time, or went away.
    #[error("the scanner is unavailable: {0}")]
    Unavailable(String),
    /// It answered something other than a verdict, for instance that the content passes its own limits.
    #[error("the scanner gave no verdict: {0}")]
    Unsure(String),
}

/// How the scanner is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScannerHealth {
    /// It answers.
    Up {
        /// What it says of itself: engine and signatures.
        version: String,
    },
    /// It does not.
    Down {
        /// Why.
        reason: String,
    },
    /// There is none, by configuration.
    Off,
}

/// Scans contents while they arrive.
#[async_trait]
pub trait Scanner: Send + Sync + std::fmt::Debug {
    /// Begins a scan.
    async fn begin(&self) -> Result<Box<dyn Scan>, ScanError>;

    /// MUST answer within 5 s.
    async fn health(&self) -> ScannerHealth;
}

/// One content on its way through the scanner. Dropping it gives up.
#[async_trait]
pub trait Scan: Send {
    /// Hands over the next piece. MUST fail within a bounded time when the scanner does not take it.
    async fn feed(&mut self, piece: &[u8]) -> Result<(), ScanError>;

    /// The content is complete. Only the scanner's own word that nothing was found is [`Verdict::Clean`]; everything
    /// that is not a verdict MUST be an error.
    async fn finish(self: Box<Self>) -> Result<Verdict, ScanError>;
}
