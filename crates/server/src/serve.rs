//! The life of the server: start, serve, drain, stop.

use std::any::Any;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::{Server, ServerHandle};
use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use anyhow::Context as _;
use mif_application::Core;
use mif_application::audit::{AuditLinker, FlushDenials};
use mif_application::bootstrap::RecordStart;
use mif_application::documents::upkeep::{SweepDocuments, Swept};
use mif_application::housekeeping::Purge;
use mif_application::interventions::NotifyLateness;
use mif_application::operations::{CheckHealth, MeasureStock};
use mif_application::outbox::OutboxWorker;
use mif_domain::outbox::Lane;
use mif_http::{ApiState, FloodGuard, FloodLimits, HealthBoard, Lifecycle, MetricsPage, TrustedProxies};
use mif_persistence::Database;
use mif_telemetry::Metrics;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::compose::{self, WorkerParts};
use crate::settings::{Profile, Settings};
use crate::{connections, demo, first_admin};

/// A request head must have arrived by then.
const HEADER_DEADLINE: Duration = Duration::from_secs(5);
/// A client that was refused before it had sent its whole body gets so long to read why.
const REFUSAL_READ_WITHIN: Duration = Duration::from_secs(5);
/// A client that takes nothing of its answer is given up after so long, in milliseconds.
const TAKES_NOTHING_FOR: u32 = 30_000;
/// An idle connection is kept so long.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// What is still running when the server stops gets so long to finish, in seconds.
const SHUTDOWN_SECONDS: u64 = 30;

/// Serves until SIGTERM or SIGINT. With `with_demo`, enters the demo data first, unless they are there.
pub(crate) async fn serve(settings: &Settings, with_demo: bool) -> anyhow::Result<()> {
    let parts = compose::parts(settings).await?;
    first_admin::ensure(settings, &parts.core).await?;
    if with_demo {
        demo::seed(settings, &parts.core, true).await?;
    }
    let profile = if settings.profile == Profile::Production { "production" } else { "development" };
    RecordStart { version: env!("CARGO_PKG_VERSION"), profile: profile.to_owned() }.run(&parts.core).await?;

    let lifecycle = Arc::new(Lifecycle::default());
    let limits = &settings.limits;
    let limits = limits.enabled.then_some(FloodLimits {
        burst: limits.burst,
        per_second: limits.per_second,
        per_address_per_minute: limits.per_ip_per_minute,
    });
    let guard = limits.and_then(FloodGuard::new);
    let health = Arc::new(HealthBoard::default());
    let measured = Metrics::install(env!("CARGO_PKG_VERSION")).context("measurements")?;
    let workers = settings.http.workers.map_or_else(compose::cores, NonZeroUsize::get);
    let per_worker = parts.for_workers(workers).await?;
    let databases: Vec<_> = per_worker.iter().map(|worker| worker.database.clone()).collect();
    let token = settings.metrics.token.as_ref().map(SecretString::expose_secret);
    let page = measured.clone();
    let page = Arc::new(MetricsPage::new(move || page.render(), token));
    let operations = Operations { lifecycle: Arc::clone(&lifecycle), health: Arc::clone(&health), page };
    let server = listen(settings, per_worker, &operations, guard.clone())?;
    let handle = server.handle();
    let (stop, stopped) = watch::channel(false);
    let mut tasks = background(parts.core.clone(), &parts.outbox, guard, &stopped);
    watch_over(&mut tasks, &parts.core, health, measured, databases.clone(), &stopped);
    let (stop_linking, linking_stopped) = watch::channel(false);
    let linking = tokio::spawn(link(parts.linker, linking_stopped));
    let drain = settings.http.drain;
    let signals = actix_web::rt::spawn(async move { stop_on_signal(handle, lifecycle, drain).await });

    let outcome = server.await.context("server");
    signals.abort();
    // Nobody listens when every task has ended already.
    let _ = stop.send(true);
    tasks.join_all().await;
    if let Err(error) = (FlushDenials { all: true }).run(&parts.core).await {
        tracing::warn!(%error, "denials that were counted are missing in the audit trail");
    }
    // Last of all, so that nothing is written after it.
    let _ = stop_linking.send(true);
    linking.await.context("the linker of the audit trail")?;
    for database in databases.into_iter().chain([parts.database]) {
        database.close().await;
    }
    tracing::info!("stopped");
    outcome
}

/// What those who run the server look at.
struct Operations {
    lifecycle: Arc<Lifecycle>,
    health: Arc<HealthBoard>,
    page: Arc<MetricsPage>,
}

fn listen(
    settings: &Settings,
    per_worker: Vec<WorkerParts>,
    operations: &Operations,
    guard: Option<FloodGuard>,
) -> anyhow::Result<Server> {
    let proxies = settings.http.trusted_proxies.iter().map(|network| (network.first(), network.prefix()));
    let proxies = TrustedProxies::new(proxies);
    let workers = per_worker.len();
    let states = per_worker.into_iter().map(|worker| {
        let lifecycle = Arc::clone(&operations.lifecycle);
        let state = ApiState::new(worker.core, worker.probe, proxies.clone(), lifecycle, env!("CARGO_PKG_VERSION"));
        let state = state.with_operations(Arc::clone(&operations.health), Some(Arc::clone(&operations.page)));
        Data::new(state.with_public_url(settings.http.public_url.clone()))
    });
    // Called once in each worker thread, and again when actix replaces one that died.
    let states = Arc::new(Mutex::new(states.collect::<Vec<_>>().into_iter().cycle()));
    let origins = settings.cors.origins.clone();
    let server = HttpServer::new(move || {
        let state = states.lock().unwrap_or_else(PoisonError::into_inner).next();
        #[expect(clippy::expect_used, reason = "`workers` is at least 1, and a cycle over something never ends")]
        mif_http::app(state.expect("at least one worker"), &origins, guard.as_ref())
    });
    let server = server
        .workers(workers)
        .max_connections(connections::per_worker(workers))
        .client_request_timeout(HEADER_DEADLINE)
        .client_disconnect_timeout(REFUSAL_READ_WITHIN)
        .on_connect(|connection, _| give_up_when_nothing_is_taken(connection))
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .bind(settings.http.bind)
        .with_context(|| format!("cannot listen on {}", settings.http.bind))?;
    for address in server.addrs() {
        tracing::info!(%address, "listening");
        if settings.profile == Profile::Development {
            writeln!(std::io::stdout(), "MIF is at http://{address}, its documentation at http://{address}/docs")?;
        }
    }
    Ok(server.run())
}

/// actix waits for ever until a full socket takes more; the socket itself need not.
fn give_up_when_nothing_is_taken(connection: &dyn Any) {
    if let Some(stream) = connection.downcast_ref::<TcpStream>()
        && let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, TAKES_NOTHING_FOR)
    {
        tracing::warn!(%error, "a connection has no time limit for what it sends");
    }
}

/// First `/ready` says 503 and balancers get time to notice; then no new connections, and what runs is finished.
async fn stop_on_signal(server: ServerHandle, lifecycle: Arc<Lifecycle>, drain: Duration) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be caught: this process will stop without draining");
        return;
    };
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    tracing::info!(signal = name, drain_seconds = drain.as_secs(), "stopping");
    lifecycle.start_draining();
    tokio::time::sleep(drain).await;
    server.stop(true).await;
}

/// What goes on beside requests.
fn background(
    core: Core,
    worker: &OutboxWorker,
    guard: Option<FloodGuard>,
    stopped: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let sweeping = core.clone();
    for lane in [Lane::Letters, Lane::Files] {
        let (worker, until) = (worker.clone(), stopped.clone());
        tasks.spawn(every(Duration::from_secs(1), stopped.clone(), move || {
            let (worker, until) = (worker.clone(), until.clone());
            async move { carry_out(&worker, lane, &until).await }
        }));
    }
    tasks.spawn(every(Duration::from_mins(1), stopped.clone(), move || {
        let core = core.clone();
        async move {
            if let Err(error) = Purge.run(&core).await {
                tracing::warn!(%error, "purging failed");
            }
            if let Err(error) = (FlushDenials { all: false }).run(&core).await {
                tracing::warn!(%error, "denials that were counted are missing in the audit trail");
            }
            match NotifyLateness.run(&core).await {
                Ok(0) => {}
                Ok(late) => tracing::info!(late, "told about late work"),
                Err(error) => tracing::warn!(%error, "late work could not be told about"),
            }
        }
    }));
    tasks.spawn(every(Duration::from_hours(1), stopped.clone(), move || {
        let core = sweeping.clone();
        async move {
            match (SweepDocuments { older_than: SweepDocuments::USUAL }).run(&core).await {
                Ok(Swept { orphans: 0, unfinished: 0 }) => {}
                Ok(Swept { orphans, unfinished }) => tracing::info!(orphans, unfinished, "swept the document store"),
                Err(error) => tracing::warn!(%error, "the document store could not be swept"),
            }
        }
    }));
    if let Some(guard) = guard {
        tasks.spawn(every(Duration::from_mins(1), stopped.clone(), move || {
            guard.forget_quiet();
            async {}
        }));
    }
    tasks
}

/// Asks the parts how they are, and measures what nobody asks for in a request.
fn watch_over(
    tasks: &mut JoinSet<()>,
    core: &Core,
    health: Arc<HealthBoard>,
    measured: Metrics,
    databases: Vec<Database>,
    stopped: &watch::Receiver<bool>,
) {
    let asking = core.clone();
    tasks.spawn(every(Duration::from_secs(3), stopped.clone(), move || {
        let (core, health) = (asking.clone(), Arc::clone(&health));
        async move { health.put_up(CheckHealth.run(&core).await) }
    }));
    let core = core.clone();
    tasks.spawn(every(Duration::from_secs(30), stopped.clone(), move || {
        measured.upkeep();
        let core = core.clone();
        let pools = databases.clone();
        async move {
            if let Err(error) = MeasureStock.run(&core).await {
                tracing::warn!(%error, "the stock could not be measured");
            }
            let (open, idle) =
                pools.iter().map(Database::connections).fold((0, 0), |all, of| (all.0 + of.0, all.1 + of.1));
            metrics::gauge!("db_pool_connections", "state" => "idle").set(f64::from(idle));
            metrics::gauge!("db_pool_connections", "state" => "used").set(f64::from(open.saturating_sub(idle)));
        }
    }));
}

/// Carries out what is due, batch by batch, until nothing is or the server stops.
async fn carry_out(worker: &OutboxWorker, lane: Lane, stopped: &watch::Receiver<bool>) {
    while !*stopped.borrow() {
        match worker.run_once(lane).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be read");
                break;
            }
        }
    }
}

/// Chains the audit trail until the server stops, and then once more: what was written last is linked too.
async fn link(linker: Arc<AuditLinker>, stopped: watch::Receiver<bool>) {
    let round = || async {
        loop {
            match linker.run_once().await {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the audit trail cannot be chained");
                    break;
                }
            }
        }
    };
    every(AuditLinker::PERIOD, stopped, round).await;
    if let Err(error) = linker.close().await {
        tracing::warn!(%error, "what was written last is chained when a server starts again");
    }
}

/// Does something now and then until the server stops. A round that was begun is finished.
async fn every<F: Future<Output = ()>>(
    period: Duration,
    mut stopped: watch::Receiver<bool>,
    mut work: impl FnMut() -> F,
) {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            due = interval.tick() => {
                metrics::gauge!("mif_scheduler_lag_seconds").set(due.elapsed().as_secs_f64());
            }
            _ = stopped.changed() => return,
        }
        work().await;
    }
}
