//! The connections of a pool, counted. Who waits, waits here and not in the pool, which does not tell how many do and for
//! how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{ConnAcquireErr, DbErr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// A connection that somebody may use until this is dropped.
pub(crate) type Slot = OwnedSemaphorePermit;

#[derive(Debug, Clone)]
pub(crate) struct Slots {
    free: Arc<Semaphore>,
    count: usize,
    within: Duration,
    waiting: Arc<AtomicU32>,
}

impl Slots {
    /// So many, each of which somebody waits for no longer than that.
    pub(crate) fn new(count: u32, within: Duration) -> Self {
        let count = usize::try_from(count).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(count)), count, within, waiting: Arc::default() }
    }

    /// As many, all of them free.
    pub(crate) fn anew(&self) -> Self {
        Self { free: Arc::new(Semaphore::new(self.count)), ..self.clone() }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Who waits for one.
    pub(crate) fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(crate) async fn take(&self) -> Result<Slot, DbErr> {
        if let Ok(slot) = Arc::clone(&self.free).try_acquire_owned() {
            return Ok(slot);
        }
        let _waiting = Waiting::new(&self.waiting);
        #[expect(clippy::disallowed_methods, reason = "how long somebody waits is no time that a rule depends on")]
        let began = Instant::now();
        let taken = timeout(self.within, Arc::clone(&self.free).acquire_owned()).await;
        metrics::histogram!("db_pool_wait_duration_seconds").record(began.elapsed());
        match taken {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)),
            Err(_) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
        }
    }
}

/// Counted until there is a connection, or whoever waits has given up.
struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    fn value(page: &str, series: &str) -> f64 {
        let line = page.lines().find(|line| line.starts_with(&format!("{series} ")));
        line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_a_connection_is_counted_and_timed() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let measured = recorder.handle();
        let _here = metrics::set_default_local_recorder(&recorder);
        let slots = Slots::new(1, Duration::from_secs(5));
        let only = slots.take().await.unwrap();
        assert!(!measured.render().contains("db_pool"), "nobody has waited: {}", measured.render());

        let (mut second, mut third) = (Box::pin(slots.take()), Box::pin(slots.take()));
        for waiting in [&mut second, &mut third] {
            assert!(futures_util::poll!(waiting).is_pending());
        }
        assert_eq!(slots.waiting(), 2);
        drop(third);
        drop(only);
        let _taken = second.await.unwrap();
        let page = measured.render();
        assert_eq!(slots.waiting(), 0);
        assert!((value(&page, "db_pool_wait_duration_seconds_count") - 1.0).abs() < f64::EPSILON, "{page}");

        let refused = slots.take().await.unwrap_err();
        assert!(matches!(refused, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)), "{refused}");
    }
}
