//! The chain over the audit trail, its one linker, and the newest signed marks.

use sea_orm_migration::prelude::*;

use crate::dialect::{forbid_updates, forget_append_only, run};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    // Two linkers that race for a place, an event or a predecessor: the database lets one of them through.
    "CREATE TABLE audit_chain (
        seq {ref} NOT NULL PRIMARY KEY CHECK (seq > 0),
        event_id {ref} NOT NULL CONSTRAINT audit_chain_event_id_key UNIQUE REFERENCES audit_events (id),
        prev_hash {bytes} NOT NULL CONSTRAINT audit_chain_prev_hash_key UNIQUE CHECK (length(prev_hash) = 32),
        hash {bytes} NOT NULL CHECK (length(hash) = 32)
    ) {strict}",
    "CREATE TABLE audit_linker (
        id {ref} NOT NULL PRIMARY KEY CHECK (id = 1),
        holder {text},
        leased_until {instant},
        CHECK ((holder IS NULL) = (leased_until IS NULL))
    ) {strict}",
    "INSERT INTO audit_linker (id) VALUES (1)",
    "CREATE TABLE audit_marks (
        kind {text} NOT NULL PRIMARY KEY CHECK (kind IN ('checkpoint', 'anchor')),
        seq {ref} NOT NULL CHECK (seq > 0),
        hash {bytes} NOT NULL CHECK (length(hash) = 32),
        at {instant} NOT NULL,
        events {ref} NOT NULL CHECK (events >= 0),
        key_id {text} NOT NULL,
        signature {bytes} NOT NULL
    ) {strict}",
];

const DOWN: &[&str] = &["DROP TABLE audit_marks", "DROP TABLE audit_linker", "DROP TABLE audit_chain"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, UP).await?;
        forbid_updates(manager, "audit_chain").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, DOWN).await?;
        forget_append_only(manager, "audit_chain").await
    }
}
