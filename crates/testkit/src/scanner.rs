//! A scanner that knows one virus.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use mif_domain::documents::{Scan, ScanError, Scanner, ScannerHealth, Verdict};
use mif_domain::text::Line;

/// What [`FakeScanner`], and the clamd that tests run against, take for a virus.
pub const VIRUS_MARKER: &[u8] = b"ERP-TEST-VIRUS-MARKER";
/// What both call it.
pub const VIRUS_NAME: &str = "Test.Marker.UNOFFICIAL";

/// Finds [`VIRUS_MARKER`]. Can be told to be down, slow or unsure. Clones share their state.
#[derive(Debug, Clone, Default)]
pub struct FakeScanner(Arc<Mutex<Mood>>);

#[derive(Debug, Clone, Default)]
struct Mood {
    trouble: Option<ScanError>,
    delay: Duration,
}

impl FakeScanner {
    /// From now on nobody reaches it for this reason, not even scans that have begun.
    pub fn go_down(&self, reason: &str) {
        self.change(|mood| mood.trouble = Some(ScanError::Unavailable(reason.to_owned())));
    }

    /// From now on it takes contents and gives no verdict for this reason.
    pub fn be_unsure(&self, reason: &str) {
        self.change(|mood| mood.trouble = Some(ScanError::Unsure(reason.to_owned())));
    }

    /// From now on every verdict takes this long.
    pub fn be_slow(&self, delay: Duration) {
        self.change(|mood| mood.delay = delay);
    }

    /// From now on all is well.
    pub fn recover(&self) {
        self.change(|mood| *mood = Mood::default());
    }

    fn change(&self, how: impl FnOnce(&mut Mood)) {
        how(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn mood(&self) -> Mood {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn reach(&self) -> Result<(), ScanError> {
        match self.mood().trouble {
            Some(down @ ScanError::Unavailable(_)) => Err(down),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Scanner for FakeScanner {
    async fn begin(&self) -> Result<Box<dyn Scan>, ScanError> {
        self.reach()?;
        Ok(Box::new(FakeScan { scanner: self.clone(), tail: Vec::new(), found: false }))
    }

    async fn health(&self) -> ScannerHealth {
        match self.reach() {
            Ok(()) => ScannerHealth::Up { version: "FakeScanner 1".to_owned() },
            Err(error) => ScannerHealth::Down { reason: error.to_string() },
        }
    }
}

#[derive(Debug)]
struct FakeScan {
    scanner: FakeScanner,
    /// The last bytes of the pieces before, in which the marker may have begun.
    tail: Vec<u8>,
    found: bool,
}

#[async_trait]
impl Scan for FakeScan {
    async fn feed(&mut self, piece: &[u8]) -> Result<(), ScanError> {
        self.scanner.reach()?;
        self.tail.extend_from_slice(piece);
        self.found |= self.tail.windows(VIRUS_MARKER.len()).any(|window| window == VIRUS_MARKER);
        let seen = self.tail.len().saturating_sub(VIRUS_MARKER.len() - 1);
        self.tail.drain(..seen);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<Verdict, ScanError> {
        tokio::time::sleep(self.scanner.mood().delay).await;
        if let Some(trouble) = self.scanner.mood().trouble {
            return Err(trouble);
        }
        let signature = Line::parse(VIRUS_NAME).expect("a name");
        Ok(if self.found { Verdict::Infected { signature } } else { Verdict::Clean })
    }
}
