//! The scanner that asks clamd.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mif_domain::Clock;
use mif_domain::breaker::Breaker;
use mif_domain::documents::{Scan, ScanError, Scanner, ScannerHealth};
use tokio::time::timeout;
use tracing::{Instrument as _, field::Empty};

use crate::address::ClamdAddress;
use crate::scan::{ClamdScan, word};
use crate::verdict::shown;
use crate::wire::Wire;

/// Where clamd is and how long it may take.
#[derive(Debug, Clone)]
pub struct ClamdSettings {
    /// Where it listens.
    pub address: ClamdAddress,
    /// For the connection.
    pub connect_timeout: Duration,
    /// For each chunk of 64 KiB.
    pub write_timeout: Duration,
    /// From the end of the content to the verdict.
    pub verdict_timeout: Duration,
    /// For the whole question how it is. MUST be less than the 5 s that the port allows.
    pub health_timeout: Duration,
}

impl ClamdSettings {
    /// What fits a clamd in the same network.
    pub fn new(address: ClamdAddress) -> Self {
        Self {
            address,
            connect_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(30),
            verdict_timeout: Duration::from_mins(2),
            health_timeout: Duration::from_secs(2),
        }
    }
}

/// Asks clamd, one connection a scan. After three failures in a row it stops asking for 10 s at a time.
///
/// clamd says OK to what it skipped: its configuration MUST set `AlertExceedsMax` and `AlertEncrypted`, and
/// `StreamMaxLength`, `MaxFileSize` and `MaxScanSize` to no less than the largest content.
#[derive(Debug)]
pub struct Clamd {
    settings: ClamdSettings,
    breaker: Arc<Breaker>,
}

impl Clamd {
    /// Connects to nothing yet. The clock only measures pauses.
    pub fn new(settings: ClamdSettings, clock: Arc<dyn Clock>) -> Self {
        Self { settings, breaker: Arc::new(Breaker::new(clock)) }
    }

    async fn open(&self) -> Result<Wire, ScanError> {
        let mut wire = Wire::connect(&self.settings.address, self.settings.connect_timeout).await?;
        match wire.send_command(b"zINSTREAM\0", self.settings.write_timeout).await? {
            None => Ok(wire),
            Some(answer) => Err(ScanError::Unsure(format!("it does not begin: `{}`", shown(&answer)))),
        }
    }

    async fn version(&self) -> Result<String, ScanError> {
        let within = self.settings.health_timeout;
        let mut wire = Wire::connect(&self.settings.address, within).await?;
        let answer = match wire.send_command(b"zVERSION\0", within).await? {
            Some(answer) => answer,
            None => wire.answer(within).await?,
        };
        let answer = shown(&answer);
        if answer.starts_with("ClamAV ") {
            Ok(answer)
        } else {
            Err(ScanError::Unsure(format!("it answered `{answer}`")))
        }
    }
}

#[async_trait]
impl Scanner for Clamd {
    async fn begin(&self) -> Result<Box<dyn Scan>, ScanError> {
        let span = tracing::info_span!("clamd scan", bytes = Empty, verdict = Empty);
        if !self.breaker.lets_pass() {
            span.record("verdict", "not asked");
            metrics::counter!("mif_scans_total", "verdict" => "not asked").increment(1);
            return Err(ScanError::Unavailable(
                "it failed several times in a row and is left alone for a while".to_owned(),
            ));
        }
        let opened = self.open().instrument(span.clone()).await;
        match &opened {
            Ok(_) => {}
            Err(ScanError::Unavailable(_)) => self.breaker.failed(),
            Err(ScanError::Unsure(_)) => self.breaker.answered(),
        }
        let wire = opened.inspect_err(|error| {
            let verdict = word(error);
            metrics::counter!("mif_scans_total", "verdict" => verdict).increment(1);
            span.record("verdict", verdict);
            span.in_scope(|| tracing::debug!(%error, "the scan cannot begin"));
        })?;
        let ClamdSettings { write_timeout, verdict_timeout, .. } = self.settings;
        Ok(Box::new(ClamdScan::new(wire, write_timeout, verdict_timeout, self.breaker.clone(), span)))
    }

    async fn health(&self) -> ScannerHealth {
        // Asked in any case. That it fails spares people the wait for the same; that it is well lets the next one try.
        let within = self.settings.health_timeout;
        let silent = |_| Err(ScanError::Unavailable(format!("no answer within {within:?}")));
        match timeout(within, self.version()).await.unwrap_or_else(silent) {
            Ok(version) => {
                self.breaker.responds();
                ScannerHealth::Up { version }
            }
            Err(error) => {
                if matches!(error, ScanError::Unavailable(_)) {
                    self.breaker.failed();
                }
                ScannerHealth::Down { reason: error.to_string() }
            }
        }
    }
}
