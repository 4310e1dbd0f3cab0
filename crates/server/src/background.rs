//! What goes on beside requests: rounds, each in its own rhythm, until the server stops.

use std::sync::Arc;
use std::time::Duration;

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
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

const MINUTE: Duration = Duration::from_mins(1);

/// What the rounds need.
pub(crate) struct Background {
    pub(crate) outbox: OutboxWorker,
    pub(crate) guard: Option<FloodGuard>,
    pub(crate) health: Arc<HealthBoard>,
    pub(crate) measured: Metrics,
    pub(crate) database: Arc<dyn DatabaseProbe>,
}

impl Background {
    /// Every round is a task: a slow one makes none of the others late.
    pub(crate) fn start(self, stopped: &watch::Receiver<bool>) -> JoinSet<()> {
        let Self { outbox, guard, health, measured, database } = self;
        let mut tasks = JoinSet::new();
        let rounds = |task, period| Rounds::new(task, period, stopped.clone());

        let (core, mailer) = (outbox.core.clone(), Arc::clone(&outbox.mailer));
        for (name, lane) in [("letters", Lane::Letters), ("files", Lane::Files)] {
            let (outbox, mut rounds) = (outbox.clone(), rounds(name, Duration::from_secs(1)));
            tasks.spawn(async move {
                while rounds.next().await {
                    while !rounds.is_over() && carry_out(&outbox, lane).await {}
                }
            });
        }
        let (of, mut due) = (core.clone(), rounds("purge", MINUTE));
        tasks.spawn(async move {
            while due.next().await {
                purge(&of).await;
            }
        });
        let (of, mut due) = (core.clone(), rounds("denials", MINUTE));
        tasks.spawn(async move {
            while due.next().await {
                note_denials(&of, false).await;
            }
        });
        let (of, mut due) = (core.clone(), rounds("lateness", MINUTE));
        tasks.spawn(async move {
            while due.next().await {
                tell_of_lateness(&of).await;
            }
        });
        let (of, mut due) = (core.clone(), rounds("sweep", Duration::from_hours(1)));
        tasks.spawn(async move {
            while due.next().await {
                sweep(&of).await;
            }
        });
        if let Some(guard) = guard {
            let mut due = rounds("flood_guard", MINUTE);
            tasks.spawn(async move {
                while due.next().await {
                    guard.forget_quiet();
                }
            });
        }
        let (of, mut due) = (core.clone(), rounds("health", Duration::from_secs(3)));
        tasks.spawn(async move {
            while due.next().await {
                health.put_up(CheckHealth { database: &*database, mailer: &*mailer }.run(&of).await);
            }
        });
        let mut due = rounds("measurements", Duration::from_secs(30));
        tasks.spawn(async move {
            while due.next().await {
                measured.upkeep();
                measure(&core).await;
            }
        });
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
    let mut rounds = Rounds::new("audit_chain", AuditLinker::PERIOD, stopped);
    while rounds.next().await {
        while link_some(&linker).await {}
    }
    if let Err(error) = linker.close().await {
        tracing::warn!(%error, "what was written last is chained when a server starts again");
    }
}

/// Whether there may be more to link at once.
async fn link_some(linker: &AuditLinker) -> bool {
    match linker.run_once().await {
        Ok(events) => events > 0,
        Err(error) => {
            tracing::warn!(%error, "the audit trail cannot be chained");
            false
        }
    }
}

/// The rhythm of a task. A round that was begun is finished.
struct Rounds {
    task: &'static str,
    interval: Interval,
    stopped: watch::Receiver<bool>,
}

impl Rounds {
    fn new(task: &'static str, period: Duration, stopped: watch::Receiver<bool>) -> Self {
        let mut interval = tokio::time::interval(period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { task, interval, stopped }
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

    fn is_over(&self) -> bool {
        *self.stopped.borrow()
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
        assert!(rounds.is_over());
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
}
