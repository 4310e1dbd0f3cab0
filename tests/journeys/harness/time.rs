//! Real time: these tests measure processes from outside.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Measures how long something takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a process is measured from outside")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Seconds, as telephones count them.
#[expect(clippy::disallowed_methods, reason = "one-time codes are of this very moment")]
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Asks every 50 ms until it is so, and returns how long that took. Fails past the limit, which the question may overrun
/// by the time it takes itself.
pub(crate) async fn eventually(what: &str, limit: Duration, mut question: impl AsyncFnMut() -> bool) -> Duration {
    let watch = Stopwatch::start();
    while !question().await {
        assert!(watch.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    watch.elapsed()
}
