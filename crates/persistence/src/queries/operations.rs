//! What those who run the server ask.

use mif_domain::interventions::Status;
use mif_domain::queries::OutboxState;
use mif_domain::repository::{RepositoryError, Stored};
use sea_orm::{ConnectionTrait as _, QueryResult};

use super::SeaQueries;
use crate::entity::interventions::status_rank;
use crate::errors::plain;

const OUTBOX: &str = "\
    SELECT COUNT(CASE WHEN failed_at IS NULL THEN 1 END) AS pending, \
      COUNT(failed_at) AS failed, MIN(CASE WHEN failed_at IS NULL THEN created_at END) AS oldest_at \
    FROM outbox";

pub(super) async fn outbox_state(queries: &SeaQueries) -> Stored<OutboxState> {
    let Some(row) = queries.one(OUTBOX, Vec::new()).await? else { return Ok(OutboxState::default()) };
    Ok(OutboxState {
        pending: count(&row, "pending")?,
        oldest_at: row.try_get("", "oldest_at").map_err(plain)?,
        failed: count(&row, "failed")?,
    })
}

pub(super) async fn interventions_by_status(queries: &SeaQueries) -> Stored<Vec<(Status, u64)>> {
    // By rank, because that has an index: nothing else of a row is read.
    let sql = "SELECT status_rank, COUNT(*) AS total FROM interventions GROUP BY status_rank";
    let rows = queries.0.reader.query_all_raw(queries.statement(sql, Vec::new())).await.map_err(plain)?;
    let read = |row: &QueryResult| {
        let rank: i64 = row.try_get("", "status_rank").map_err(plain)?;
        let status = Status::ALL.iter().copied().find(|status| status_rank(*status) == rank);
        let unknown = || RepositoryError::Corrupt(format!("interventions.status_rank holds {rank}"));
        Ok((status.ok_or_else(unknown)?, count(row, "total")?))
    };
    rows.iter().map(read).collect()
}

fn count(row: &QueryResult, column: &str) -> Stored<u64> {
    let number: i64 = row.try_get("", column).map_err(plain)?;
    Ok(u64::try_from(number).unwrap_or_default())
}
