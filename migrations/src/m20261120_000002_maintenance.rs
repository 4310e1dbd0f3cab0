//! Customers in full, technicians and their skills, interventions with their history, notifications, and text search.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::dialect::{forbid_updates, forget_append_only, run};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "ALTER TABLE customers ADD COLUMN contact {text}",
    "ALTER TABLE customers ADD COLUMN email {text}",
    "ALTER TABLE customers ADD COLUMN phone {text}",
    "ALTER TABLE customers ADD COLUMN address {text}",
    "ALTER TABLE customers ADD COLUMN city {text}",
    "ALTER TABLE customers ADD COLUMN business_id {text} CHECK (length(business_id) = 15)",
    "ALTER TABLE customers ADD COLUMN service_level {text} NOT NULL DEFAULT 'standard' \
       CHECK (service_level IN ('premium', 'standard', 'basic'))",
    "ALTER TABLE customers ADD COLUMN is_active {bool} NOT NULL DEFAULT {true}",
    "ALTER TABLE customers ADD COLUMN search_text {text} NOT NULL DEFAULT ''",
    // Never read: every row is given its own below.
    "ALTER TABLE customers ADD COLUMN updated_at {instant} NOT NULL DEFAULT '2026-11-20T00:00:00+00:00'",
    "ALTER TABLE customers ADD COLUMN version {ref} NOT NULL DEFAULT 1 CHECK (version > 0)",
    "UPDATE customers SET search_text = lower(name), updated_at = created_at",
    "CREATE INDEX customers_name_idx ON customers (name, id)",
    "CREATE TABLE skills (
        id {id},
        name {text} NOT NULL,
        name_norm {text} NOT NULL CONSTRAINT skills_name_norm_key UNIQUE,
        domain {text} NOT NULL
    ) {strict}",
    "CREATE TABLE technicians (
        id {id},
        user_id {ref} NOT NULL CONSTRAINT technicians_user_id_key UNIQUE REFERENCES users (id),
        team {text},
        availability {text} NOT NULL
          CHECK (availability IN ('available', 'busy', 'on_leave', 'training', 'unavailable')),
        level {text} NOT NULL CHECK (level IN ('beginner', 'intermediate', 'advanced', 'expert')),
        zone {text},
        on_call {bool} NOT NULL,
        phone {text},
        archived_at {instant},
        created_at {instant} NOT NULL,
        updated_at {instant} NOT NULL,
        version {ref} NOT NULL CHECK (version > 0)
    ) {strict}",
    "CREATE TABLE technician_skills (
        technician_id {ref} NOT NULL REFERENCES technicians (id),
        skill_id {ref} NOT NULL CONSTRAINT technician_skills_skill_id_fkey REFERENCES skills (id),
        level {text} NOT NULL CHECK (level IN ('beginner', 'intermediate', 'advanced', 'expert')),
        PRIMARY KEY (technician_id, skill_id)
    ) {strict}",
    "CREATE INDEX technician_skills_skill_id_idx ON technician_skills (skill_id)",
    "CREATE TABLE yearly_counters (
        name {text} NOT NULL,
        year {ref} NOT NULL,
        value {ref} NOT NULL,
        PRIMARY KEY (name, year)
    ) {strict}",
    "CREATE TABLE interventions (
        id {id},
        reference {text} NOT NULL CONSTRAINT interventions_reference_key UNIQUE,
        title {text} NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
        description {text},
        kind {text} NOT NULL CHECK (kind IN ('corrective', 'preventive', 'improvement', 'diagnostic')),
        status {text} NOT NULL
          CHECK (status IN ('open', 'assigned', 'in_progress', 'on_hold', 'closed', 'cancelled', 'archived')),
        priority {text} NOT NULL CHECK (priority IN ('urgent', 'high', 'normal', 'low', 'scheduled')),
        is_urgent {bool} NOT NULL,
        equipment_id {ref} NOT NULL CONSTRAINT interventions_equipment_id_fkey REFERENCES equipment (id),
        technician_id {ref} CONSTRAINT interventions_technician_id_fkey REFERENCES technicians (id),
        customer_id {ref} CONSTRAINT interventions_customer_id_fkey REFERENCES customers (id),
        author_id {ref} REFERENCES users (id),
        due_at {instant},
        planned_start_at {instant},
        planned_end_at {instant},
        estimated_minutes {ref} CHECK (estimated_minutes BETWEEN 0 AND 525600),
        started_at {instant},
        finished_at {instant},
        closed_at {instant},
        report {text},
        failure_cause {text},
        downtime_minutes {ref} CHECK (downtime_minutes BETWEEN 0 AND 525600),
        rating {ref} CHECK (rating BETWEEN 1 AND 5),
        late_notified_at {instant},
        search_text {text} NOT NULL,
        created_at {instant} NOT NULL,
        updated_at {instant} NOT NULL,
        version {ref} NOT NULL CHECK (version > 0),
        CHECK ((planned_start_at IS NULL) = (planned_end_at IS NULL)),
        CHECK (planned_end_at > planned_start_at),
        CHECK (technician_id IS NOT NULL OR status NOT IN ('assigned', 'in_progress', 'on_hold')),
        CHECK ((closed_at IS NOT NULL) = (status IN ('closed')) OR status = 'archived')
    ) {strict}",
    // Lists walk these, scoped and not, in both directions.
    "CREATE INDEX interventions_technician_id_idx ON interventions (technician_id, id)",
    "CREATE INDEX interventions_customer_id_idx ON interventions (customer_id, id)",
    "CREATE INDEX interventions_equipment_id_idx ON interventions (equipment_id, id)",
    "CREATE INDEX interventions_status_idx ON interventions (status, id)",
    "CREATE INDEX interventions_priority_idx ON interventions (priority, id)",
    "CREATE INDEX interventions_created_at_idx ON interventions (created_at, id)",
    "CREATE INDEX interventions_updated_at_idx ON interventions (updated_at, id)",
    "CREATE INDEX interventions_title_idx ON interventions (title, id)",
    // What is empty comes last in both directions, so each direction has an index of its own.
    "CREATE INDEX interventions_due_at_asc_idx ON interventions ((due_at IS NULL), due_at, id)",
    "CREATE INDEX interventions_due_at_desc_idx ON interventions ((due_at IS NOT NULL), due_at, id)",
    "CREATE INDEX interventions_planned_start_at_asc_idx \
       ON interventions ((planned_start_at IS NULL), planned_start_at, id)",
    "CREATE INDEX interventions_planned_start_at_desc_idx \
       ON interventions ((planned_start_at IS NOT NULL), planned_start_at, id)",
    // Work that can be late, and has not been told about.
    "CREATE INDEX interventions_lateness_idx ON interventions (due_at) \
       WHERE late_notified_at IS NULL AND status IN ('open', 'assigned', 'in_progress', 'on_hold')",
    "CREATE TABLE intervention_history (
        id {id},
        intervention_id {ref} NOT NULL REFERENCES interventions (id),
        user_id {ref} REFERENCES users (id),
        from_status {text},
        status {text} NOT NULL,
        remark {text},
        is_internal {bool} NOT NULL,
        at {instant} NOT NULL
    ) {strict}",
    "CREATE INDEX intervention_history_intervention_id_idx ON intervention_history (intervention_id, id)",
    "CREATE TABLE notifications (
        id {id},
        user_id {ref} NOT NULL REFERENCES users (id),
        kind {text} NOT NULL CHECK (kind IN ('assignment', 'closing', 'reminder', 'lateness', 'information')),
        title {text} NOT NULL,
        content {text} NOT NULL,
        intervention_id {ref} REFERENCES interventions (id),
        sent_at {instant} NOT NULL,
        read_at {instant}
    ) {strict}",
    "CREATE INDEX notifications_user_id_idx ON notifications (user_id, id)",
];

const DOWN: &[&str] = &[
    "DROP TABLE notifications",
    "DROP TABLE intervention_history",
    "DROP TABLE interventions",
    "DROP TABLE yearly_counters",
    "DROP TABLE technician_skills",
    "DROP TABLE technicians",
    "DROP TABLE skills",
    "DROP INDEX customers_name_idx",
    "ALTER TABLE customers DROP COLUMN version",
    "ALTER TABLE customers DROP COLUMN updated_at",
    "ALTER TABLE customers DROP COLUMN search_text",
    "ALTER TABLE customers DROP COLUMN is_active",
    "ALTER TABLE customers DROP COLUMN service_level",
    "ALTER TABLE customers DROP COLUMN business_id",
    "ALTER TABLE customers DROP COLUMN city",
    "ALTER TABLE customers DROP COLUMN address",
    "ALTER TABLE customers DROP COLUMN phone",
    "ALTER TABLE customers DROP COLUMN email",
    "ALTER TABLE customers DROP COLUMN contact",
];

/// The tables whose `search_text` is searched for substrings.
const SEARCHED: [&str; 4] = ["interventions", "equipment", "users", "customers"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, UP).await?;
        forbid_updates(manager, "intervention_history").await?;
        for table in SEARCHED {
            for statement in search_index(manager.get_database_backend(), table) {
                manager.get_connection().execute_unprepared(&statement).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in SEARCHED {
            for statement in drop_search_index(manager.get_database_backend(), table) {
                manager.get_connection().execute_unprepared(&statement).await?;
            }
        }
        run(manager, DOWN).await?;
        forget_append_only(manager, "intervention_history").await
    }
}

/// A substring index over `search_text`: trigrams on both databases, so that both give the same answers. The text is folded
/// already: what FTS5 would fold beyond that, PostgreSQL would not.
fn search_index(backend: DatabaseBackend, table: &str) -> Vec<String> {
    if backend == DatabaseBackend::Postgres {
        return vec![
            "CREATE EXTENSION IF NOT EXISTS pg_trgm".to_owned(),
            format!("CREATE INDEX {table}_search_idx ON {table} USING gin (search_text gin_trgm_ops)"),
        ];
    }
    let forget = format!(
        "INSERT INTO {table}_fts ({table}_fts, rowid, search_text) VALUES ('delete', old.id, old.search_text);"
    );
    let learn = format!("INSERT INTO {table}_fts (rowid, search_text) VALUES (new.id, new.search_text);");
    vec![
        format!(
            "CREATE VIRTUAL TABLE {table}_fts USING fts5 \
             (search_text, content = '{table}', content_rowid = 'id', tokenize = 'trigram case_sensitive 1')"
        ),
        format!("INSERT INTO {table}_fts (rowid, search_text) SELECT id, search_text FROM {table}"),
        format!("CREATE TRIGGER {table}_fts_insert AFTER INSERT ON {table} BEGIN {learn} END"),
        format!("CREATE TRIGGER {table}_fts_delete AFTER DELETE ON {table} BEGIN {forget} END"),
        format!("CREATE TRIGGER {table}_fts_update AFTER UPDATE OF search_text ON {table} BEGIN {forget} {learn} END"),
    ]
}

fn drop_search_index(backend: DatabaseBackend, table: &str) -> Vec<String> {
    if backend == DatabaseBackend::Postgres {
        // The extension stays: another schema of this database may use it.
        return vec![format!("DROP INDEX {table}_search_idx")];
    }
    vec![
        format!("DROP TRIGGER {table}_fts_insert"),
        format!("DROP TRIGGER {table}_fts_delete"),
        format!("DROP TRIGGER {table}_fts_update"),
        format!("DROP TABLE {table}_fts"),
    ]
}
