//! The table `interventions`.

use mif_domain::interventions::Status;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "interventions")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) reference: String,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) priority: String,
    pub(crate) is_urgent: bool,
    pub(crate) equipment_id: i64,
    pub(crate) technician_id: Option<i64>,
    pub(crate) customer_id: Option<i64>,
    pub(crate) author_id: Option<i64>,
    pub(crate) due_at: Option<DateTimeUtc>,
    pub(crate) planned_start_at: Option<DateTimeUtc>,
    pub(crate) planned_end_at: Option<DateTimeUtc>,
    pub(crate) estimated_minutes: Option<i64>,
    pub(crate) started_at: Option<DateTimeUtc>,
    pub(crate) finished_at: Option<DateTimeUtc>,
    pub(crate) closed_at: Option<DateTimeUtc>,
    pub(crate) report: Option<String>,
    pub(crate) failure_cause: Option<String>,
    pub(crate) downtime_minutes: Option<i64>,
    pub(crate) rating: Option<i64>,
    pub(crate) late_notified_at: Option<DateTimeUtc>,
    pub(crate) search_text: String,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) updated_at: DateTimeUtc,
    pub(crate) version: i64,
    /// Like `status_rank`, the database works it out from the word: never set.
    pub(crate) priority_rank: i64,
    pub(crate) status_rank: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Work that is still expected, in the words of the indexes on it: SQLite walks them for no others.
pub(crate) const OPEN_WORK: &str = "status_rank <= 4";

/// What the generated column makes of a state. A filter that asks for it walks the index that the sort walks.
pub(crate) const fn status_rank(status: Status) -> i64 {
    match status {
        Status::Open => 1,
        Status::Assigned => 2,
        Status::InProgress => 3,
        Status::OnHold => 4,
        Status::Closed => 5,
        Status::Cancelled => 6,
        Status::Archived => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_work_is_what_the_domain_calls_open() {
        let (column, last) = OPEN_WORK.split_once(" <= ").unwrap();
        assert_eq!(column, "status_rank");
        let last: i64 = last.parse().unwrap();
        for status in Status::ALL.iter().copied() {
            assert_eq!(status_rank(status) <= last, status.is_open_work(), "{status:?}");
        }
    }
}
