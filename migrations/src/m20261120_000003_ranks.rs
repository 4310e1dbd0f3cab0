//! The rank of a priority and of a state, so that lists sort by what the words mean and not by how they are spelled; and
//! what lists of many years need to stay fast.

use sea_orm_migration::prelude::*;

use crate::dialect::run;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

// The filters of lists ask for ranks too, so one index serves both; the indexes on words go.
const UP: &[&str] = &[
    "ALTER TABLE interventions ADD COLUMN priority_rank {ref} GENERATED ALWAYS AS (CASE priority \
       WHEN 'scheduled' THEN 1 WHEN 'low' THEN 2 WHEN 'normal' THEN 3 WHEN 'high' THEN 4 WHEN 'urgent' THEN 5 END) \
       {generated}",
    "ALTER TABLE interventions ADD COLUMN status_rank {ref} GENERATED ALWAYS AS (CASE status \
       WHEN 'open' THEN 1 WHEN 'assigned' THEN 2 WHEN 'in_progress' THEN 3 WHEN 'on_hold' THEN 4 \
       WHEN 'closed' THEN 5 WHEN 'cancelled' THEN 6 WHEN 'archived' THEN 7 END) {generated}",
    "CREATE INDEX interventions_priority_rank_idx ON interventions (priority_rank, id)",
    "CREATE INDEX interventions_status_rank_idx ON interventions (status_rank, id)",
    "DROP INDEX interventions_priority_idx",
    "DROP INDEX interventions_status_idx",
    // What is still to be done is little and new: by identifier it would come after everything that is over.
    "CREATE INDEX interventions_open_work_idx ON interventions (id) WHERE status_rank <= 4",
    // The end of a list by date: what has none, by identifier.
    "CREATE INDEX interventions_undated_idx ON interventions (id) WHERE due_at IS NULL",
    "CREATE INDEX interventions_unplanned_idx ON interventions (id) WHERE planned_start_at IS NULL",
];

const DOWN: &[&str] = &[
    "DROP INDEX interventions_unplanned_idx",
    "DROP INDEX interventions_undated_idx",
    "DROP INDEX interventions_open_work_idx",
    "CREATE INDEX interventions_status_idx ON interventions (status, id)",
    "CREATE INDEX interventions_priority_idx ON interventions (priority, id)",
    "DROP INDEX interventions_status_rank_idx",
    "DROP INDEX interventions_priority_rank_idx",
    "ALTER TABLE interventions DROP COLUMN status_rank",
    "ALTER TABLE interventions DROP COLUMN priority_rank",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, DOWN).await
    }
}
