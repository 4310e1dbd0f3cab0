//! Rows of the chain, read by position: a million of them go by when somebody verifies.

use mif_domain::audit::{ChainHash, Mark, MarkKind, RecordedEvent, SignedMark};
use mif_domain::repository::{RepositoryError, Stored};
use sea_orm::{DatabaseBackend, DbErr, QueryResult};

use crate::entity::audit_events::readable_at;
use crate::errors::plain;

/// The columns of [`event`], in its order. PostgreSQL knows times, infinity among them, at which the driver panics: they
/// read as nothing, which no event of ours has.
pub(super) fn event_columns(backend: DatabaseBackend) -> String {
    let at = match backend {
        DatabaseBackend::Postgres => format!("CASE WHEN {} THEN e.at END", readable_at(backend, "e.at")),
        _ => "e.at".to_owned(),
    };
    format!("e.id, {at} AS at, e.kind, e.actor_id, e.ip, e.request_id, e.resource, e.outcome, e.details")
}

/// Reads [`event_columns`] from a position on.
pub(super) fn event(row: &QueryResult, first: usize) -> Result<RecordedEvent, DbErr> {
    Ok(RecordedEvent {
        id: row.try_get_by_index(first)?,
        at: row.try_get_by_index(first + 1)?,
        kind: row.try_get_by_index(first + 2)?,
        actor: row.try_get_by_index(first + 3)?,
        ip: row.try_get_by_index(first + 4)?,
        request_id: row.try_get_by_index(first + 5)?,
        resource: row.try_get_by_index(first + 6)?,
        outcome: row.try_get_by_index(first + 7)?,
        details: row.try_get_by_index(first + 8)?,
    })
}

pub(super) fn to_hash(bytes: Vec<u8>) -> Stored<ChainHash> {
    let hash = bytes.try_into().map(ChainHash);
    hash.map_err(|_| RepositoryError::Corrupt("a hash of the audit chain has not 32 bytes".to_owned()))
}

pub(super) fn hash(row: &QueryResult, column: &str) -> Stored<ChainHash> {
    to_hash(row.try_get("", column).map_err(plain)?)
}

pub(super) fn mark(row: &QueryResult, kind: MarkKind) -> Stored<SignedMark> {
    let mark = Mark {
        kind,
        seq: row.try_get("", "seq").map_err(plain)?,
        hash: hash(row, "hash")?,
        at: row.try_get("", "at").map_err(plain)?,
        events: row.try_get("", "events").map_err(plain)?,
    };
    let key_id = row.try_get("", "key_id").map_err(plain)?;
    Ok(SignedMark { mark, key_id, signature: row.try_get("", "signature").map_err(plain)? })
}
