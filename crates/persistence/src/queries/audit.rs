//! The audit trail, read.

use mif_domain::audit::{ChainHash, RecordedEvent};
use mif_domain::paging::{Keyset, Page, PageRequest, SortValue};
use mif_domain::queries::{AuditEntry, AuditFilter, AuditSort};
use mif_domain::repository::{RepositoryError, Stored};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, DbErr, EntityTrait as _, FromQueryResult as _, QueryFilter as _, QueryResult, QueryTrait as _,
};

use super::SeaQueries;
use super::page::{Names, SortBy, Within, fetch};
use crate::entity::audit_events as table;

/// An event's place, and the name of who is behind it.
const NAMES: Names = Names {
    columns: "audit_chain.seq AS seq, audit_chain.hash AS hash, users.username AS actor_name",
    joins: "LEFT JOIN audit_chain ON audit_chain.event_id = page.id LEFT JOIN users ON users.id = page.actor_id",
};

struct Row {
    id: i64,
    /// `None` when it cannot be read.
    event: Option<table::Model>,
    seq: Option<i64>,
    hash: Option<Vec<u8>>,
    actor_name: Option<String>,
}

pub(super) async fn list(
    queries: &SeaQueries,
    filter: &AuditFilter,
    page: &PageRequest<AuditSort>,
) -> Stored<Page<AuditEntry>> {
    use table::Column;
    // What cannot be read is nobody's event: `mif audit verify` names it. It must not hide the others.
    let readable = table::readable_at(queries.0.backend(), "audit_events.at");
    let rows = table::Entity::find()
        .filter(Expr::cust(readable))
        .apply_if(filter.kind, |rows, kind| rows.filter(Column::Kind.eq(kind.as_str())))
        .apply_if(filter.actor, |rows, actor| rows.filter(Column::ActorId.eq(actor.0)))
        .apply_if(filter.resource.as_deref(), |rows, resource| rows.filter(Column::Resource.eq(resource)))
        .apply_if(filter.request_id.as_deref(), |rows, request| rows.filter(Column::RequestId.eq(request)))
        .apply_if(filter.outcome, |rows, outcome| rows.filter(Column::Outcome.eq(outcome.as_str())))
        .apply_if(filter.from, |rows, from| rows.filter(Column::At.gte(from)))
        .apply_if(filter.until, |rows, until| rows.filter(Column::At.lt(until)));
    let read = |row: &QueryResult| -> Result<Row, DbErr> {
        Ok(Row {
            id: row.try_get("", "id")?,
            event: table::Model::from_query_result(row, "").ok(),
            seq: row.try_get("", "seq")?,
            hash: row.try_get("", "hash")?,
            actor_name: row.try_get("", "actor_name")?,
        })
    };
    let keyset = |row: &Row| Keyset { id: row.id, value: SortValue::Integer(row.id) };
    let column = match page.sort {
        AuditSort::Id => Column::Id,
    };
    let by = SortBy { column, nullable: false, id: Column::Id, names: Some(NAMES), within: Within::Table };
    let Page { items, next, total } = fetch(&queries.0.reader, rows, by, page, read, keyset, entry).await?;
    Ok(Page { items: items.into_iter().flatten().collect(), next, total })
}

fn entry(row: Row) -> Stored<Option<AuditEntry>> {
    let Row { id: _, event, seq, hash, actor_name } = row;
    let Some(event) = event else { return Ok(None) };
    let link = match (seq, hash) {
        (Some(seq), Some(hash)) => {
            let hash = hash.try_into().map(ChainHash);
            Some((seq, hash.map_err(|_| RepositoryError::corrupt("audit_chain", "hash", seq, "is no hash"))?))
        }
        _ => None,
    };
    let event = RecordedEvent {
        id: event.id,
        at: event.at,
        kind: event.kind,
        actor: event.actor_id,
        ip: event.ip,
        request_id: event.request_id,
        resource: event.resource,
        outcome: event.outcome,
        details: event.details,
    };
    Ok(Some(AuditEntry { event, actor_name, link }))
}
