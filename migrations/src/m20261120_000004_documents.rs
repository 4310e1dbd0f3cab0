//! Documents. Their content is elsewhere, encrypted; the key of each stands here, wrapped.

use sea_orm_migration::prelude::*;

use crate::dialect::run;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE documents (
        id {id},
        intervention_id {ref} REFERENCES interventions (id),
        equipment_id {ref} REFERENCES equipment (id),
        name {text} NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
        kind {text} NOT NULL,
        size {ref} NOT NULL CHECK (size > 0),
        sha256 {bytes} NOT NULL CHECK (length(sha256) = 32),
        analysis {text} NOT NULL CHECK (analysis IN ('clean', 'not_scanned', 'infected')),
        signature {text},
        description {text},
        is_internal {bool} NOT NULL,
        uploaded_by {ref} NOT NULL REFERENCES users (id),
        file_id {bytes} NOT NULL CONSTRAINT documents_file_id_key UNIQUE CHECK (length(file_id) = 16),
        key_id {text} NOT NULL,
        wrapped_key {bytes} NOT NULL,
        created_at {instant} NOT NULL,
        version {ref} NOT NULL CHECK (version > 0),
        CHECK ((intervention_id IS NULL) <> (equipment_id IS NULL)),
        CHECK ((signature IS NOT NULL) = (analysis = 'infected'))
    ) {strict}",
    "CREATE INDEX documents_intervention_id_idx ON documents (intervention_id, id)",
    "CREATE INDEX documents_equipment_id_idx ON documents (equipment_id, id)",
    // A rotation of the key ring walks this.
    "CREATE INDEX documents_key_id_idx ON documents (key_id, id)",
    // Asked once a download: whether this user's reading of this document was noted a moment ago.
    "CREATE INDEX audit_events_resource_idx ON audit_events (resource, kind, actor_id, at)",
];

const DOWN: &[&str] = &["DROP INDEX audit_events_resource_idx", "DROP TABLE documents"];

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
