//! The outbox as the worker sees it: every method is one statement.

use async_trait::async_trait;
use chrono::TimeDelta;
use mif_domain::Instant;
use mif_domain::outbox::{GivenUp, Lane, LeasedMessage, OutboxId, OutboxQueue};
use mif_domain::repository::Stored;
use sea_orm::{ConnectionTrait as _, DatabaseBackend, QueryResult, Statement, Value};

use crate::Database;
use crate::errors::plain;
use crate::repositories::outbox::read;

/// The outbox of a [`Database`].
#[derive(Debug, Clone)]
pub struct SeaOutboxQueue(pub Database);

impl SeaOutboxQueue {
    async fn execute(&self, sql: &str, values: Vec<Value>) -> Stored<u64> {
        let statement = Statement::from_sql_and_values(self.0.backend(), sql, values);
        self.0.writer.execute_raw(statement).await.map(|done| done.rows_affected()).map_err(plain)
    }
}

#[async_trait]
impl OutboxQueue for SeaOutboxQueue {
    async fn lease(&self, lane: Lane, at: Instant, lease: TimeDelta, limit: u32) -> Stored<Vec<LeasedMessage>> {
        let backend = self.0.backend();
        // SQLite has one writer: nobody can take the same rows meanwhile.
        let skip = if backend == DatabaseBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
        // What another version wrote and this one cannot read is found among the letters.
        let kinds = match lane {
            Lane::Letters => "kind <> 'remove_file'",
            Lane::Files => "kind = 'remove_file'",
        };
        // Materialized: a subquery that locks and limits may otherwise run once a row, and take more than the limit.
        let sql = format!(
            "WITH due AS MATERIALIZED ( \
               SELECT id FROM outbox \
               WHERE failed_at IS NULL AND {kinds} AND due_at <= $1 AND (leased_until IS NULL OR leased_until <= $1) \
               ORDER BY due_at, id LIMIT $3 {skip}) \
             UPDATE outbox SET leased_until = $2, attempts = attempts + 1 WHERE id IN (SELECT id FROM due) \
             RETURNING id, kind, payload, attempts, created_at, trace_parent"
        );
        let values = vec![at.into(), (at + lease).into(), i64::from(limit).into()];
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let rows = self.0.writer.query_all_raw(statement).await.map_err(plain)?;
        let mut messages = Vec::with_capacity(rows.len());
        for row in &rows {
            let (id, kind, payload, attempts, enqueued_at, trace_parent) = columns(row).map_err(plain)?;
            match read(id, &kind, &payload) {
                Ok(message) => {
                    let attempt = u32::try_from(attempts).unwrap_or(u32::MAX);
                    messages.push(LeasedMessage { id: OutboxId(id), message, attempt, enqueued_at, trace_parent });
                }
                // One unreadable row, perhaps of a newer version, must not stop the others.
                Err(error) => {
                    tracing::error!(%error, "an outbox message cannot be read; it is kept and marked failed");
                    self.postpone(OutboxId(id), &error.to_string(), None).await?;
                }
            }
        }
        messages.sort_by_key(|message| message.id);
        Ok(messages)
    }

    async fn complete(&self, id: OutboxId) -> Stored<()> {
        self.execute("DELETE FROM outbox WHERE id = $1", vec![id.0.into()]).await.map(drop)
    }

    async fn put_back(&self, id: OutboxId, at: Instant) -> Stored<()> {
        let sql = "UPDATE outbox SET leased_until = NULL, attempts = attempts - 1, due_at = $2 \
                   WHERE id = $1 AND attempts > 0";
        self.execute(sql, vec![id.0.into(), at.into()]).await.map(drop)
    }

    async fn postpone(&self, id: OutboxId, error: &str, retry_at: Option<Instant>) -> Stored<()> {
        let sql = match retry_at {
            Some(_) => "UPDATE outbox SET leased_until = NULL, last_error = $2, due_at = $3 WHERE id = $1",
            None => "UPDATE outbox SET leased_until = NULL, last_error = $2, failed_at = due_at WHERE id = $1",
        };
        let mut values = vec![id.0.into(), error.into()];
        values.extend(retry_at.map(Value::from));
        self.execute(sql, values).await.map(drop)
    }

    async fn list_given_up(&self, limit: u32) -> Stored<Vec<GivenUp>> {
        let sql = "SELECT id, kind, attempts, created_at, last_error FROM outbox WHERE failed_at IS NOT NULL \
                   ORDER BY id LIMIT $1";
        let statement = Statement::from_sql_and_values(self.0.backend(), sql, vec![i64::from(limit).into()]);
        let rows = self.0.reader.query_all_raw(statement).await.map_err(plain)?;
        rows.iter().map(given_up).collect::<Result<_, _>>().map_err(plain)
    }

    async fn retry_given_up(&self, only: Option<OutboxId>, at: Instant) -> Stored<u64> {
        let mut sql =
            "UPDATE outbox SET failed_at = NULL, attempts = 0, due_at = $1 WHERE failed_at IS NOT NULL".to_owned();
        let mut values = vec![at.into()];
        if let Some(id) = only {
            sql.push_str(" AND id = $2");
            values.push(id.0.into());
        }
        self.execute(&sql, values).await
    }

    async fn forget_given_up(&self, only: Option<OutboxId>) -> Stored<u64> {
        let all = "DELETE FROM outbox WHERE failed_at IS NOT NULL";
        match only {
            Some(id) => self.execute(&format!("{all} AND id = $1"), vec![id.0.into()]).await,
            None => self.execute(all, Vec::new()).await,
        }
    }
}

fn given_up(row: &QueryResult) -> Result<GivenUp, sea_orm::DbErr> {
    let (attempts, reason): (i64, Option<String>) = (row.try_get("", "attempts")?, row.try_get("", "last_error")?);
    Ok(GivenUp {
        id: OutboxId(row.try_get("", "id")?),
        kind: row.try_get("", "kind")?,
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        enqueued_at: row.try_get("", "created_at")?,
        reason: reason.unwrap_or_default(),
    })
}

type Columns = (i64, String, String, i64, Instant, Option<String>);

fn columns(row: &QueryResult) -> Result<Columns, sea_orm::DbErr> {
    Ok((
        row.try_get("", "id")?,
        row.try_get("", "kind")?,
        row.try_get("", "payload")?,
        row.try_get("", "attempts")?,
        row.try_get("", "created_at")?,
        row.try_get("", "trace_parent")?,
    ))
}
