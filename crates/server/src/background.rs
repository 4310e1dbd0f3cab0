//! What goes on beside requests: rounds, each in its own rhythm, until the server stops.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use mif_application::Core;
use mif_application::audit::{AuditLinker, FlushDenials};
use mif_application::documents::upkeep::{SweepDocuments, Swept};
use mif_application::housekeeping::Purge;
use mif_application::interventions::NotifyLateness;
use mif_application::operations::{CheckHealth, MeasureStock};
use mif_application::outbox::OutboxWorker;
use mif_domain::outbox::Lane;
use mif_domain::queries::{DatabaseProbe, PoolState};
use mif_http::{FloodGuard, HealthBoard};
use mif_telemetry::Metrics;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Interval, MissedTickBehavior};

const MINUTE: Duration = Duration::from_mins(1);

/// What the rounds need.
pub(crate) struct Background {
    pub(crate) outbox: OutboxWorker,
    pub(crate) guard: Option<FloodGuard>,
    pub(crate) health: Arc<HealthBoard>,
    pub(crate) measured: Metrics,
    pub(crate) database: Arc<dyn DatabaseProbe>,
    /// Where the server keeps its own files.
    pub(crate) data_dir: PathBuf,
}

impl Background {
    /// Every round is a task: a slow one makes none of the others late.
    pub(crate) fn start(self, stopped: &watch::Receiver<bool>) -> JoinSet<()> {
        let Self { outbox, guard, health, measured, database, data_dir } = self;
        let mut tasks = JoinSet::new();
        let rounds = |task, period| Rounds::new(task, period, stopped.clone());

        let (core, mailer) = (outbox.core.clone(), Arc::clone(&outbox.mailer));
        for (name, lane) in [("letters", Lane::Letters), ("files", Lane::Files)] {
            let (outbox, due, over) = (outbox.clone(), rounds(name, Duration::from_secs(1)), stopped.clone());
            let round = async move || while !*over.borrow() && carry_out(&outbox, lane).await {};
            tasks.spawn(due.run(round));
        }
        let of = core.clone();
        tasks.spawn(rounds("purge", MINUTE).given_up_at_the_end().run(async move || purge(&of).await));
        let of = core.clone();
        tasks.spawn(rounds("denials", MINUTE).run(async move || note_denials(&of, false).await));
        let of = core.clone();
        tasks.spawn(rounds("lateness", MINUTE).given_up_at_the_end().run(async move || tell_of_lateness(&of).await));
        let (of, due) = (core.clone(), rounds("sweep", Duration::from_hours(1)));
        tasks.spawn(due.given_up_at_the_end().run(async move || sweep(&of).await));
        if let Some(guard) = guard {
            tasks.spawn(rounds("flood_guard", MINUTE).run(async move || guard.forget_quiet()));
        }
        let (of, due) = (core.clone(), rounds("health", Duration::from_secs(3)));
        let mut disk = Disk { folder: data_dir, asked: None };
        tasks.spawn(due.given_up_at_the_end().run(async move || {
            let data_free_bytes = disk.free_bytes().await;
            let asked = CheckHealth { database: &*database, mailer: &*mailer, data_free_bytes };
            health.put_up(asked.run(&of).await);
        }));
        let due = rounds("measurements", Duration::from_secs(30));
        tasks.spawn(due.given_up_at_the_end().run(async move || {
            measured.upkeep();
            measure(&core).await;
        }));
        tasks
    }
}

/// Whether there may be more to do at once.
async fn carry_out(outbox: &OutboxWorker, lane: Lane) -> bool {
    match outbox.run_once(lane).await {
        Ok(carried_out) => carried_out > 0,
        Err(error) => {
            tracing::warn!(%error, "the outbox cannot be read");
            false
        }
    }
}

async fn purge(core: &Core) {
    if let Err(error) = Purge.run(core).await {
        tracing::warn!(%error, "purging failed");
    }
}

/// With `all`, also those whose minute is not over.
pub(crate) async fn note_denials(core: &Core, all: bool) {
    if let Err(error) = (FlushDenials { all }).run(core).await {
        tracing::warn!(%error, "denials that were counted are missing in the audit trail");
    }
}

async fn tell_of_lateness(core: &Core) {
    match NotifyLateness.run(core).await {
        Ok(0) => {}
        Ok(late) => tracing::info!(late, "told about late work"),
        Err(error) => tracing::warn!(%error, "late work could not be told about"),
    }
}

async fn sweep(core: &Core) {
    match (SweepDocuments { older_than: SweepDocuments::USUAL }).run(core).await {
        Ok(Swept { orphans: 0, unfinished: 0 }) => {}
        Ok(Swept { orphans, unfinished }) => tracing::info!(orphans, unfinished, "swept the document store"),
        Err(error) => tracing::warn!(%error, "the document store could not be swept"),
    }
}

/// The disk of a folder.
struct Disk {
    folder: PathBuf,
    asked: Option<JoinHandle<Option<u64>>>,
}

impl Disk {
    /// The room that is left. A disk that hangs does not say, and is not asked again before it has answered: every question
    /// keeps a thread.
    async fn free_bytes(&mut self) -> Option<u64> {
        const WITHIN: Duration = Duration::from_secs(2);
        let folder = self.folder.clone();
        let asked = self.asked.get_or_insert_with(|| {
            tokio::task::spawn_blocking(move || {
                let room = rustix::fs::statvfs(&folder).ok()?;
                Some(room.f_bavail.saturating_mul(room.f_frsize))
            })
        });
        let answer = tokio::time::timeout(WITHIN, asked).await.ok()?;
        self.asked = None;
        answer.ok()?
    }
}

/// What nobody asks for in a request.
async fn measure(core: &Core) {
    if let Err(error) = MeasureStock.run(core).await {
        tracing::warn!(%error, "the stock could not be measured");
    }
}

/// Measures the pools, when somebody wants to know.
pub(crate) fn measure_pools(database: &dyn DatabaseProbe) {
    let PoolState { max, open, idle, waiting } = database.pool();
    metrics::gauge!("db_pool_connections_max").set(f64::from(max));
    metrics::gauge!("db_pool_connections", "state" => "idle").set(f64::from(idle));
    metrics::gauge!("db_pool_connections", "state" => "used").set(f64::from(open.saturating_sub(idle)));
    metrics::gauge!("db_pool_waiting").set(f64::from(waiting));
}

/// Chains the audit trail until the server stops, and then once more: what was written last is linked too.
pub(crate) async fn link(linker: Arc<AuditLinker>, stopped: watch::Receiver<bool>) {
    let (of, over) = (Arc::clone(&linker), stopped.clone());
    let round = async move || while !*over.borrow() && link_some(&of).await {};
    Rounds::new("audit_chain", AuditLinker::PERIOD, stopped).run(round).await;
    if let Err(error) = linker.close().await {
        tracing::warn!(%error, "what was written last is chained when a server starts again");
    }
}

/// Whether there may be more to link at once.
async fn link_some(linker: &AuditLinker) -> bool {
    match linker.run_once().await {
        Ok(events) => events >= AuditLinker::BATCH,
        Err(error) => {
            metrics::counter!("mif_audit_failures_total", "what" => "chain").increment(1);
            tracing::warn!(%error, "the audit trail cannot be chained");
            false
        }
    }
}

/// The rhythm of a task.
struct Rounds {
    task: &'static str,
    interval: Interval,
    stopped: watch::Receiver<bool>,
    is_given_up: bool,
}

impl Rounds {
    fn new(task: &'static str, period: Duration, stopped: watch::Receiver<bool>) -> Self {
        let mut interval = tokio::time::interval(period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { task, interval, stopped, is_given_up: false }
    }

    /// A round that is under way when the server stops is dropped, not finished. For those that may take long, and that lose
    /// nothing: what they had begun is rolled back, and they come again.
    fn given_up_at_the_end(self) -> Self {
        Self { is_given_up: true, ..self }
    }

    /// Runs rounds until the server stops. One that panics is over, and the next one comes all the same.
    async fn run(mut self, mut round: impl AsyncFnMut()) {
        while self.next().await {
            let round = AssertUnwindSafe(round()).catch_unwind();
            let ended = tokio::select! {
                biased;
                _ = self.stopped.changed(), if self.is_given_up => return,
                ended = round => ended,
            };
            if ended.is_err() {
                tracing::error!(task = self.task, "a round panicked; the next one comes in its time");
            }
        }
    }

    /// Waits for the next round, the first of which is now; `false` when the server stops.
    async fn next(&mut self) -> bool {
        tokio::select! {
            biased;
            _ = self.stopped.changed() => false,
            due = self.interval.tick() => {
                metrics::gauge!("mif_scheduler_lag_seconds", "task" => self.task).set(due.elapsed().as_secs_f64());
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rounds_keep_their_rhythm_and_end_with_the_server() {
        let (stop, stopped) = watch::channel(false);
        let mut rounds = Rounds::new("test", MINUTE, stopped);
        let began = tokio::time::Instant::now();
        assert!(rounds.next().await);
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(rounds.next().await);
        assert_eq!(began.elapsed(), MINUTE);
        stop.send(true).unwrap();
        assert!(!rounds.next().await);
        assert_eq!(began.elapsed(), MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_that_took_long_is_followed_by_one_and_not_by_many() {
        let (_stop, stopped) = watch::channel(false);
        let mut rounds = Rounds::new("test", MINUTE, stopped);
        assert!(rounds.next().await);
        tokio::time::advance(MINUTE * 5).await;
        let late = tokio::time::Instant::now();
        assert!(rounds.next().await);
        assert_eq!(late.elapsed(), Duration::ZERO);
        assert!(rounds.next().await);
        assert_eq!(late.elapsed(), MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_that_panics_is_followed_by_the_next() {
        let (stop, stopped) = watch::channel(false);
        let mut begun = 0;
        let rounds = Rounds::new("test", MINUTE, stopped).run(async || {
            begun += 1;
            assert!(begun != 1, "the first one panics");
            stop.send(true).unwrap();
        });
        rounds.await;
        assert_eq!(begun, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_server_waits_for_those_rounds_alone_that_would_lose_something() {
        let (stop, stopped) = watch::channel(false);
        let (mut finished, mut given_up) = (0, 0);
        let long = async |count: &mut u32| {
            tokio::time::sleep(MINUTE).await;
            *count += 1;
        };
        let one = Rounds::new("one", MINUTE * 60, stopped.clone()).run(async || long(&mut finished).await);
        let other = Rounds::new("other", MINUTE * 60, stopped).given_up_at_the_end();
        let other = other.run(async || long(&mut given_up).await);
        let ending = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            stop.send(true).unwrap();
        };
        tokio::join!(one, other, ending);
        assert_eq!((finished, given_up), (1, 0));
    }
}
