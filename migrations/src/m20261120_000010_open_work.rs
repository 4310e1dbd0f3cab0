//! Indexes on open work, as it is asked for: of a technician, of nobody, and what may be late; and on notifications that
//! have had their day.

use sea_orm_migration::prelude::*;

use crate::dialect::run;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    // A technician may have years of work behind them: whether a time is free, and their load, look at what is open.
    "CREATE INDEX interventions_open_of_technician_idx ON interventions (technician_id, planned_start_at) \
       WHERE status_rank <= 4",
    // What any technician may take, beside their own.
    "CREATE INDEX interventions_unassigned_idx ON interventions (id) WHERE technician_id IS NULL AND status_rank <= 4",
    // The same as before, in the words in which open work is now asked for.
    "DROP INDEX interventions_lateness_idx",
    "CREATE INDEX interventions_lateness_idx ON interventions (due_at) \
       WHERE late_notified_at IS NULL AND status_rank <= 4",
    // Each notification stands in one of these: what was read goes sooner than what was not.
    "CREATE INDEX notifications_read_idx ON notifications (read_at) WHERE read_at IS NOT NULL",
    "CREATE INDEX notifications_unread_idx ON notifications (sent_at) WHERE read_at IS NULL",
];

const DOWN: &[&str] = &[
    "DROP INDEX notifications_unread_idx",
    "DROP INDEX notifications_read_idx",
    "DROP INDEX interventions_lateness_idx",
    "CREATE INDEX interventions_lateness_idx ON interventions (due_at) \
       WHERE late_notified_at IS NULL AND status IN ('open', 'assigned', 'in_progress', 'on_hold')",
    "DROP INDEX interventions_unassigned_idx",
    "DROP INDEX interventions_open_of_technician_idx",
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
