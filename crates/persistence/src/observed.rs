//! Every statement leaves a span and a measurement here: what was done to which table, for how long, and whether it worked.
//! Never a value.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
    TransactionOptions,
};
use tokio::time::timeout;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::errors::{is_refusal, kind};
use crate::link::{Link, Outages};
use crate::slots::Slot;

/// A connection, or a transaction, that is watched.
#[derive(Debug, Clone)]
pub(crate) struct Observed<C> {
    pub(crate) inner: C,
    patience: Option<Patience>,
    /// Of a transaction, as long as it lives.
    _slot: Option<Arc<Slot>>,
}

/// How long a statement may take on this side of the network. PostgreSQL ends what takes longer than its own, shorter
/// limit, and says so: whoever hears nothing by then has lost the connection.
#[derive(Debug, Clone)]
pub(crate) struct Patience {
    pub(crate) deadline: Duration,
    pub(crate) outages: Outages,
}

impl<C> Observed<C> {
    pub(crate) fn new(inner: C, patience: Option<Patience>) -> Self {
        Self { inner, patience, _slot: None }
    }

    fn patience(&self) -> Option<&Patience> {
        self.patience.as_ref()
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
        // Within what is exported, and nowhere else: most requests of a busy server are not, and background work that looks
        // into the database every second is no trace of its own.
        let is_exported = Context::map_current(|within| within.span().span_context().is_sampled());
        let span = if is_exported {
            // Of a target of its own: log lines have no use for it.
            tracing::info_span!(
                target: "mif_trace",
                "sql",
                otel.name = Empty,
                otel.kind = "client",
                otel.status_code = Empty,
                error.type = Empty,
                db.system.name = Empty,
                db.operation.name = operation,
                db.collection.name = Empty,
            )
        } else {
            Span::none()
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

    async fn run<T>(
        self,
        patience: Option<&Patience>,
        work: impl Future<Output = Result<T, DbErr>> + Send,
    ) -> Result<T, DbErr> {
        let work = work.instrument(self.span.clone());
        let result = match patience {
            None => work.await,
            Some(patience) => timeout(patience.deadline, work).await.unwrap_or_else(|_| {
                patience.outages.note();
                Err(DbErr::Conn(RuntimeErr::Internal("the database fell silent".to_owned())))
            }),
        };
        metrics::histogram!("db_query_duration_seconds", "operation" => self.operation).record(self.began.elapsed());
        if let Err(error) = &result
            && !is_refusal(error)
        {
            self.span.record("otel.status_code", "ERROR");
            self.span.record("error.type", kind(error).as_ref());
            metrics::counter!("db_query_errors_total", "operation" => self.operation).increment(1);
        }
        result
    }
}

/// Begins a transaction: mostly waiting for a connection.
pub(crate) async fn begin(
    pool: &Observed<Link>,
    options: TransactionOptions,
) -> Result<Observed<DatabaseTransaction>, DbErr> {
    let watch = Watch::begin(pool.get_database_backend(), "BEGIN");
    let (inner, slot) = watch.run(pool.patience(), pool.inner.begin(options)).await?;
    Ok(Observed { inner, patience: pool.patience.clone(), _slot: Some(Arc::new(slot)) })
}

/// Ends one: mostly waiting for the disk.
pub(crate) async fn commit(transaction: Observed<DatabaseTransaction>) -> Result<(), DbErr> {
    let watch = Watch::begin(transaction.get_database_backend(), "COMMIT");
    watch.run(transaction.patience.as_ref(), transaction.inner.commit()).await
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
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        Watch::begin(self.get_database_backend(), &statement.sql)
            .run(self.patience(), self.inner.execute_raw(statement))
            .await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        Watch::begin(self.get_database_backend(), sql).run(self.patience(), self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Watch::begin(self.get_database_backend(), &statement.sql)
            .run(self.patience(), self.inner.query_one_raw(statement))
            .await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Watch::begin(self.get_database_backend(), &statement.sql)
            .run(self.patience(), self.inner.query_all_raw(statement))
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
