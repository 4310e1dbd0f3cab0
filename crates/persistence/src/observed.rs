//! Every statement leaves a span and a measurement here: what was done to which table, for how long, and whether it worked.
//! Never a value.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult,
    QueryResult, Statement, TransactionOptions, TransactionTrait as _,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

/// A pool, or a transaction, that is watched.
#[derive(Debug, Clone)]
pub(crate) struct Observed<C>(pub(crate) C, Way);

/// How a statement comes to its connection.
#[derive(Debug, Clone)]
enum Way {
    /// It must wait until one is free.
    Pool(Slots),
    /// Its transaction has one.
    Held { _slot: Arc<OwnedSemaphorePermit> },
}

/// The connections of a pool. Who waits, waits here and not in the pool, which does not tell how many do and for how long.
#[derive(Debug, Clone)]
struct Slots {
    free: Arc<Semaphore>,
    within: Duration,
}

impl Slots {
    async fn take(&self) -> Result<OwnedSemaphorePermit, DbErr> {
        if let Ok(slot) = Arc::clone(&self.free).try_acquire_owned() {
            return Ok(slot);
        }
        let _waiting = Waiting::new();
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
struct Waiting;

impl Waiting {
    fn new() -> Self {
        metrics::gauge!("db_pool_waiting").increment(1.0);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        metrics::gauge!("db_pool_waiting").decrement(1.0);
    }
}

impl Observed<DatabaseConnection> {
    /// A pool of so many connections, each of which somebody waits for no longer than that.
    pub(crate) fn pool(pool: DatabaseConnection, connections: u32, within: Duration) -> Self {
        let connections = usize::try_from(connections).unwrap_or(Semaphore::MAX_PERMITS);
        let free = Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS)));
        Self(pool, Way::Pool(Slots { free, within }))
    }
}

impl<C> Observed<C> {
    /// A connection for one statement.
    async fn slot(&self) -> Result<Option<OwnedSemaphorePermit>, DbErr> {
        match &self.1 {
            Way::Pool(slots) => slots.take().await.map(Some),
            Way::Held { .. } => Ok(None),
        }
    }
}

/// One statement on its way, in a span of its own, named like `SELECT interventions` (OpenTelemetry semantic conventions for
/// database clients).
struct Watch {
    operation: &'static str,
    span: Span,
    began: Instant,
}

impl Watch {
    fn begin(backend: DatabaseBackend, sql: &str) -> Self {
        let operation = operation(sql);
        // Background work looks into the database every second: outside a request or a use case it is no trace of its own.
        let span = if Span::current().is_none() {
            Span::none()
        } else {
            // Of a target of its own: log lines have no use for it, and without an exporter it costs nothing.
            tracing::info_span!(
                target: "mif_trace",
                "sql",
                otel.name = Empty,
                otel.kind = "client",
                otel.status_code = Empty,
                db.system.name = Empty,
                db.operation.name = operation,
                db.collection.name = Empty,
            )
        };
        if !span.is_disabled() {
            let table = table(sql);
            span.record("db.system.name", if backend == DatabaseBackend::Postgres { "postgresql" } else { "sqlite" });
            span.record("otel.name", format!("{operation} {table}").trim_end());
            span.record("db.collection.name", table);
        }
        #[expect(clippy::disallowed_methods, reason = "how long a statement takes is no time that a rule depends on")]
        let began = Instant::now();
        Self { operation, span, began }
    }

    async fn run<T>(self, work: impl Future<Output = Result<T, DbErr>> + Send) -> Result<T, DbErr> {
        let result = work.instrument(self.span.clone()).await;
        metrics::histogram!("db_query_duration_seconds", "operation" => self.operation).record(self.began.elapsed());
        if result.is_err() {
            self.span.record("otel.status_code", "ERROR");
            metrics::counter!("db_query_errors_total", "operation" => self.operation).increment(1);
        }
        result
    }
}

/// Begins a transaction: mostly waiting for a connection.
pub(crate) async fn begin(
    pool: &Observed<DatabaseConnection>,
    options: TransactionOptions,
) -> Result<Observed<DatabaseTransaction>, DbErr> {
    let watch = Watch::begin(pool.get_database_backend(), "BEGIN");
    let begun = watch.run(async {
        let slot = pool.slot().await?;
        Ok((pool.0.begin_with_options(options).await?, slot))
    });
    let (transaction, slot) = begun.await?;
    let way = slot.map_or_else(|| pool.1.clone(), |slot| Way::Held { _slot: Arc::new(slot) });
    Ok(Observed(transaction, way))
}

/// Ends one: mostly waiting for the disk.
pub(crate) async fn commit(transaction: Observed<DatabaseTransaction>) -> Result<(), DbErr> {
    Watch::begin(transaction.get_database_backend(), "COMMIT").run(transaction.0.commit()).await
}

/// What a statement does: a closed set, because it becomes a label.
fn operation(sql: &str) -> &'static str {
    let word = sql.split_ascii_whitespace().next().unwrap_or_default();
    let known = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "BEGIN", "COMMIT"];
    known.into_iter().find(|known| word.eq_ignore_ascii_case(known)).unwrap_or("OTHER")
}

/// The table that a statement is about: the first that it names.
fn table(sql: &str) -> &str {
    let mut words = sql.split_ascii_whitespace();
    while let Some(word) = words.next() {
        let introduces = ["FROM", "INTO", "UPDATE"].iter().any(|known| word.eq_ignore_ascii_case(known));
        if !introduces {
            continue;
        }
        let name = words.clone().next().unwrap_or_default();
        // A subquery names its own.
        if !name.starts_with('(') {
            return name.trim_matches(|c| matches!(c, '"' | ',' | ')' | ';'));
        }
    }
    ""
}

#[async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Observed<C> {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let watch = Watch::begin(self.get_database_backend(), &statement.sql);
        let work = async {
            let _slot = self.slot().await?;
            self.0.execute_raw(statement).await
        };
        watch.run(work).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let watch = Watch::begin(self.get_database_backend(), sql);
        let work = async {
            let _slot = self.slot().await?;
            self.0.execute_unprepared(sql).await
        };
        watch.run(work).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let watch = Watch::begin(self.get_database_backend(), &statement.sql);
        let work = async {
            let _slot = self.slot().await?;
            self.0.query_one_raw(statement).await
        };
        watch.run(work).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let watch = Watch::begin(self.get_database_backend(), &statement.sql);
        let work = async {
            let _slot = self.slot().await?;
            self.0.query_all_raw(statement).await
        };
        watch.run(work).await
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
        let slots = Slots { free: Arc::new(Semaphore::new(1)), within: Duration::from_secs(5) };
        let only = slots.take().await.unwrap();
        assert!(!measured.render().contains("db_pool"), "nobody has waited: {}", measured.render());

        let (mut second, mut third) = (Box::pin(slots.take()), Box::pin(slots.take()));
        for waiting in [&mut second, &mut third] {
            assert!(futures_util::poll!(waiting).is_pending());
        }
        assert!((value(&measured.render(), "db_pool_waiting") - 2.0).abs() < f64::EPSILON, "{}", measured.render());
        drop(third);
        drop(only);
        let _taken = second.await.unwrap();
        let page = measured.render();
        assert!(value(&page, "db_pool_waiting").abs() < f64::EPSILON, "{page}");
        assert!((value(&page, "db_pool_wait_duration_seconds_count") - 1.0).abs() < f64::EPSILON, "{page}");

        let refused = slots.take().await.unwrap_err();
        assert!(matches!(refused, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)), "{refused}");
    }

    #[test]
    fn a_statement_tells_what_it_does_to_which_table() {
        for (sql, expected) in [
            ("SELECT id FROM interventions WHERE id = $1", ("SELECT", "interventions")),
            ("select \"users\".\"id\" from \"users\"", ("SELECT", "users")),
            ("INSERT INTO outbox (kind) VALUES ($1)", ("INSERT", "outbox")),
            ("UPDATE sessions SET generation = 2", ("UPDATE", "sessions")),
            ("DELETE FROM documents WHERE id = $1", ("DELETE", "documents")),
            ("SELECT page.* FROM (SELECT * FROM equipment) AS page", ("SELECT", "equipment")),
            ("WITH due AS MATERIALIZED ( SELECT id FROM outbox) UPDATE x", ("WITH", "outbox")),
            ("BEGIN", ("BEGIN", "")),
            ("PRAGMA foreign_keys", ("OTHER", "")),
            ("", ("OTHER", "")),
        ] {
            assert_eq!((operation(sql), table(sql)), expected, "{sql}");
        }
    }
}
