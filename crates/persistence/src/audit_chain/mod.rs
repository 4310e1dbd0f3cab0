//! The chain over the audit trail as its linker sees it. What decides a race stands in one statement or in a unique
//! column.

mod rows;
mod snapshot;

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::audit::{
    AuditChain, AuditEvent, AuditTrail as _, ChainEnd, ChainHash, ChainSnapshot, Link, MarkKind, SignedMark, Waiting,
};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::unit_of_work::UnitOfWork as _;
use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult, Statement, Value};

use crate::Database;
use crate::errors::plain;
use crate::repositories::audit::Trail;
use crate::unit_of_work::Transaction;
use rows::{event, event_columns, hash, mark};
use snapshot::Snapshot;

/// The chain of a [`Database`].
#[derive(Debug, Clone)]
pub struct SeaAuditChain(pub Database);

/// Rows of one INSERT at most. Batches are cut into powers of two, so that there are few statements to prepare.
const ROWS: usize = 256;

const INTO: &str = "INSERT INTO audit_chain (seq, event_id, prev_hash, hash) VALUES ";

impl SeaAuditChain {
    async fn one(&self, sql: &str, values: Vec<Value>) -> Stored<Option<QueryResult>> {
        let statement = Statement::from_sql_and_values(self.0.backend(), sql, values);
        self.0.reader.query_one_raw(statement).await.map_err(plain)
    }

    async fn changed(&self, sql: &str, values: Vec<Value>) -> Stored<u64> {
        let statement = Statement::from_sql_and_values(self.0.backend(), sql, values);
        Ok(self.0.writer.execute_raw(statement).await.map_err(plain)?.rows_affected())
    }
}

/// The newest mark of a kind.
pub(crate) async fn find_mark(
    connection: &impl ConnectionTrait,
    backend: DatabaseBackend,
    kind: MarkKind,
) -> Stored<Option<SignedMark>> {
    let sql = "SELECT seq, hash, at, events, key_id, signature FROM audit_marks WHERE kind = $1";
    let statement = Statement::from_sql_and_values(backend, sql, [kind.as_str().into()]);
    let row = connection.query_one_raw(statement).await.map_err(plain)?;
    row.map(|row| mark(&row, kind)).transpose()
}

const KEEP_MARK: &str = "\
    INSERT INTO audit_marks (kind, seq, hash, at, events, key_id, signature) VALUES ($1, $2, $3, $4, $5, $6, $7) \
    ON CONFLICT (kind) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, at = excluded.at, \
      events = excluded.events, key_id = excluded.key_id, signature = excluded.signature \
    WHERE audit_marks.seq < excluded.seq";

fn mark_values(signed: &SignedMark) -> Vec<Value> {
    let mark = &signed.mark;
    vec![
        mark.kind.as_str().into(),
        mark.seq.into(),
        mark.hash.0.to_vec().into(),
        mark.at.into(),
        mark.events.into(),
        signed.key_id.clone().into(),
        signed.signature.clone().into(),
    ]
}

/// The largest power of two that is not above `rows`.
fn portion(rows: usize) -> usize {
    (1 << rows.max(1).ilog2()).min(ROWS)
}

fn placeholders(rows: usize) -> String {
    let row = |n: usize| format!("(${}, ${}, ${}, ${})", 4 * n + 1, 4 * n + 2, 4 * n + 3, 4 * n + 4);
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[async_trait]
impl AuditChain for SeaAuditChain {
    async fn hold_lease(&self, holder: &str, at: Instant, until: Instant) -> Stored<bool> {
        let sql = "UPDATE audit_linker SET holder = $1, leased_until = $3 \
                   WHERE id = 1 AND (holder = $1 OR holder IS NULL OR leased_until <= $2)";
        Ok(self.changed(sql, vec![holder.into(), at.into(), until.into()]).await? == 1)
    }

    async fn release_lease(&self, holder: &str) -> Stored<()> {
        let sql = "UPDATE audit_linker SET holder = NULL, leased_until = NULL WHERE holder = $1";
        self.changed(sql, vec![holder.into()]).await.map(drop)
    }

    async fn end(&self) -> Stored<ChainEnd> {
        let last = "SELECT seq, hash, event_id FROM audit_chain ORDER BY seq DESC LIMIT 1";
        if let Some(row) = self.one(last, Vec::new()).await? {
            let event_id = row.try_get("", "event_id").map_err(plain)?;
            return Ok(ChainEnd { seq: row.try_get("", "seq").map_err(plain)?, hash: hash(&row, "hash")?, event_id });
        }
        let anchor = self.anchor().await?;
        let (seq, hash) = anchor.map_or((0, ChainHash::GENESIS), |anchor| (anchor.mark.seq, anchor.mark.hash));
        Ok(ChainEnd { seq, hash, event_id: 0 })
    }

    async fn unlinked(&self, after: i64, limit: u32) -> Stored<Waiting> {
        let columns = event_columns(self.0.backend());
        let sql = format!(
            "SELECT {columns} FROM audit_events AS e WHERE e.id > $1 \
               AND NOT EXISTS (SELECT 1 FROM audit_chain AS c WHERE c.event_id = e.id) ORDER BY e.id LIMIT $2"
        );
        let values = [after.into(), i64::from(limit).into()];
        let statement = Statement::from_sql_and_values(self.0.backend(), sql, values);
        let rows = self.0.reader.query_all_raw(statement).await.map_err(plain)?;
        let mut waiting = Waiting::default();
        for row in &rows {
            match event(row, 0) {
                Ok(event) => waiting.events.push(event),
                Err(_) => waiting.unreadable.push(row.try_get_by_index(0).map_err(plain)?),
            }
        }
        Ok(waiting)
    }

    async fn append(&self, links: &[Link]) -> Stored<()> {
        let mut transaction = Transaction::begin(&self.0).await?;
        let mut rest = links;
        while !rest.is_empty() {
            let (batch, left) = rest.split_at(portion(rest.len()));
            rest = left;
            let values = batch.iter().flat_map(|link| {
                let hashes = [link.prev_hash, link.hash].map(|hash| Value::from(hash.0.to_vec()));
                [link.seq.into(), link.event_id.into()].into_iter().chain(hashes)
            });
            transaction.execute(&format!("{INTO}{}", placeholders(batch.len())), values.collect()).await?;
        }
        Box::new(transaction).commit().await
    }

    async fn checkpoint(&self) -> Stored<Option<SignedMark>> {
        find_mark(&self.0.reader, self.0.backend(), MarkKind::Checkpoint).await
    }

    async fn anchor(&self) -> Stored<Option<SignedMark>> {
        find_mark(&self.0.reader, self.0.backend(), MarkKind::Anchor).await
    }

    async fn keep_checkpoint(&self, checkpoint: &SignedMark) -> Stored<()> {
        self.changed(KEEP_MARK, mark_values(checkpoint)).await.map(drop)
    }

    async fn prune(&self, anchor: &SignedMark, events: &[i64], event: AuditEvent) -> Stored<()> {
        let mut transaction = Transaction::begin(&self.0).await?;
        let kept = transaction.execute(KEEP_MARK, mark_values(anchor)).await?;
        let unlink = "DELETE FROM audit_chain WHERE seq <= $1";
        let unlinked = transaction.execute(unlink, vec![anchor.mark.seq.into()]).await?;
        // Identifiers are numbers of our own: they may stand in the statement.
        let ids: Vec<_> = events.iter().map(ToString::to_string).collect();
        let delete = format!("DELETE FROM audit_events WHERE id IN ({})", ids.join(", "));
        let deleted = if ids.is_empty() { 0 } else { transaction.execute(&delete, Vec::new()).await? };
        if kept != 1 || unlinked != deleted || deleted != events.len() as u64 {
            return transaction.refuse(RepositoryError::Stale);
        }
        Trail(&mut transaction).append(event).await?;
        Box::new(transaction).commit().await
    }

    async fn snapshot(&self) -> Stored<Box<dyn ChainSnapshot>> {
        Ok(Box::new(Snapshot::open(&self.0).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_of_any_length_is_cut_into_few_lengths() {
        for rows in 1..=1000 {
            let (mut rest, mut lengths) = (rows, Vec::new());
            while rest > 0 {
                lengths.push(portion(rest));
                rest -= portion(rest);
            }
            assert_eq!(lengths.iter().sum::<usize>(), rows);
            assert!(lengths.iter().all(|length| length.is_power_of_two() && *length <= ROWS), "{lengths:?}");
        }
        assert_eq!(placeholders(2), "($1, $2, $3, $4), ($5, $6, $7, $8)");
    }
}
