//! The chain at one moment: a read-only transaction that sees nothing of what is committed after its first look.

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::audit::{ChainRow, ChainSnapshot, Link, MarkKind, RowEvent, SignedMark, Unlinked};
use mif_domain::repository::Stored;
use sea_orm::{
    AccessMode, ConnectionTrait as _, DatabaseBackend, DatabaseTransaction, DbErr, IsolationLevel, QueryResult,
    Statement, TransactionOptions, Value,
};

use super::find_mark;
use super::rows::{event, event_columns, to_hash};
use crate::Database;
use crate::entity::audit_events::readable_at;
use crate::errors::plain;
use crate::observed::{self, Observed};

pub(super) struct Snapshot {
    inner: Observed<DatabaseTransaction>,
    backend: DatabaseBackend,
}

impl Snapshot {
    pub(super) async fn open(database: &Database) -> Stored<Self> {
        let backend = database.backend();
        // SQLite gives every reading transaction such a view, and knows no other words for it.
        let options = match backend {
            DatabaseBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..Default::default()
            },
            _ => TransactionOptions::default(),
        };
        let inner = observed::begin(&database.reader, options).await.map_err(plain)?;
        Ok(Self { inner, backend })
    }

    fn statement(&self, sql: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.backend, sql, values)
    }
}

#[async_trait]
impl ChainSnapshot for Snapshot {
    async fn anchor(&mut self) -> Stored<Option<SignedMark>> {
        find_mark(&self.inner, self.backend, MarkKind::Anchor).await
    }

    async fn checkpoint(&mut self) -> Stored<Option<SignedMark>> {
        find_mark(&self.inner, self.backend, MarkKind::Checkpoint).await
    }

    async fn rows(&mut self, after: i64, limit: u32) -> Stored<Vec<ChainRow>> {
        let columns = event_columns(self.backend);
        let sql = format!(
            "SELECT c.seq, c.event_id, c.prev_hash, c.hash, {columns} \
             FROM (SELECT seq, event_id, prev_hash, hash FROM audit_chain WHERE seq > $1 ORDER BY seq LIMIT $2) AS c \
               LEFT JOIN audit_events AS e ON e.id = c.event_id ORDER BY c.seq"
        );
        let statement = self.statement(&sql, vec![after.into(), i64::from(limit).into()]);
        let rows = self.inner.query_all_raw(statement).await.map_err(plain)?;
        rows.iter().map(chain_row).collect()
    }

    async fn unlinked(&mut self, overdue: Instant) -> Stored<Unlinked> {
        let readable = readable_at(self.backend, "e.at");
        let sql = format!(
            "SELECT count(*) AS events, count(CASE WHEN at < $1 AND {readable} THEN 1 END) AS overdue, \
               min(CASE WHEN at < $1 AND {readable} THEN id END) AS first_overdue, \
               min(CASE WHEN NOT {readable} THEN id END) AS first_unreadable \
             FROM audit_events AS e WHERE NOT EXISTS (SELECT 1 FROM audit_chain AS c WHERE c.event_id = e.id)"
        );
        let statement = self.statement(&sql, vec![overdue.into()]);
        let Some(row) = self.inner.query_one_raw(statement).await.map_err(plain)? else {
            return Ok(Unlinked::default());
        };
        let read = || -> Result<Unlinked, DbErr> {
            Ok(Unlinked {
                events: row.try_get("", "events")?,
                overdue: row.try_get("", "overdue")?,
                first_overdue: row.try_get("", "first_overdue")?,
                first_unreadable: row.try_get("", "first_unreadable")?,
            })
        };
        read().map_err(plain)
    }
}

fn chain_row(row: &QueryResult) -> Stored<ChainRow> {
    let hash = |index| to_hash(row.try_get_by_index(index).map_err(plain)?);
    let link = Link {
        seq: row.try_get_by_index(0).map_err(plain)?,
        event_id: row.try_get_by_index(1).map_err(plain)?,
        prev_hash: hash(2)?,
        hash: hash(3)?,
    };
    let id: Option<i64> = row.try_get_by_index(4).map_err(plain)?;
    let event = match id {
        None => RowEvent::Gone,
        // A row that does not even parse was not written by us: the chain's verdict on it, not an error of the database.
        Some(_) => event(row, 4).map_or(RowEvent::Unreadable, RowEvent::Stored),
    };
    Ok(ChainRow { link, event })
}
