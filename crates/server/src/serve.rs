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
use mif_application::bootstrap::RecordStart;
use mif_domain::queries::DatabaseProbe;
use mif_http::{ApiState, FloodGuard, FloodLimits, HealthBoard, Lifecycle, MetricsPage, TrustedProxies};
use mif_persistence::SeaQueries;
use mif_telemetry::Metrics;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::background::{self, Background};
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
    let database: Arc<dyn DatabaseProbe> = Arc::new(SeaQueries(parts.database.clone()));
    let (pools, page) = (Arc::clone(&database), measured.clone());
    let page = move || {
        background::measure_pools(&*pools);
        page.render()
    };
    let page = Arc::new(MetricsPage::new(page, token));
    let operations = Operations { lifecycle: Arc::clone(&lifecycle), health: Arc::clone(&health), page };
    let server = listen(settings, per_worker, &operations, guard.clone())?;
    let handle = server.handle();
    let (stop, stopped) = watch::channel(false);
    let data_dir = settings.data_dir.clone();
    let beside = Background { outbox: parts.outbox, guard, health, measured, database, data_dir };
    let tasks = beside.start(&stopped);
    let (stop_linking, linking_stopped) = watch::channel(false);
    let linking = tokio::spawn(background::link(parts.linker, linking_stopped));
    let drain = settings.http.drain;
    let signals = actix_web::rt::spawn(async move { stop_on_signal(handle, lifecycle, drain).await });

    let outcome = server.await.context("server");
    signals.abort();
    // Nobody listens when every task has ended already.
    let _ = stop.send(true);
    tasks.join_all().await;
    background::note_denials(&parts.core, true).await;
    // Last of all, so that nothing is written after it.
    let _ = stop_linking.send(true);
    if let Err(error) = linking.await {
        tracing::error!(%error, "what was written last is chained when a server starts again");
    }
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
