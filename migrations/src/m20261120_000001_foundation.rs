//! Accounts, sessions, customers, equipment, the audit trail, the outbox and answered requests.

use sea_orm_migration::prelude::*;

use crate::dialect::{forbid_updates, forget_append_only, run};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    // Whoever may break an invariant over several rows locks its row here first.
    "CREATE TABLE named_locks (name {text} NOT NULL PRIMARY KEY) {strict}",
    "INSERT INTO named_locks (name) VALUES ('admins'), ('equipment_tree')",
    "CREATE TABLE customers (
        id {id},
        name {text} NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
        created_at {instant} NOT NULL
    ) {strict}",
    "CREATE TABLE users (
        id {id},
        username {text} NOT NULL CONSTRAINT users_username_key UNIQUE CHECK (length(username) BETWEEN 3 AND 50),
        email {text} NOT NULL,
        email_norm {text} NOT NULL CONSTRAINT users_email_norm_key UNIQUE,
        full_name {text},
        search_text {text} NOT NULL,
        role {text} NOT NULL CHECK (role IN ('admin', 'manager', 'technician', 'customer')),
        is_active {bool} NOT NULL,
        customer_id {ref} CONSTRAINT users_customer_id_fkey REFERENCES customers (id),
        language {text} NOT NULL CHECK (language IN ('fr', 'en')),
        password_hash {text} NOT NULL,
        password_changed_at {instant} NOT NULL,
        must_change_password {bool} NOT NULL,
        last_login_at {instant},
        created_at {instant} NOT NULL,
        updated_at {instant} NOT NULL,
        version {ref} NOT NULL CHECK (version > 0)
    ) {strict}",
    "CREATE INDEX users_customer_id_idx ON users (customer_id)",
    "CREATE TABLE sessions (
        id {id},
        user_id {ref} NOT NULL REFERENCES users (id),
        device {text} NOT NULL,
        ip {text},
        user_agent {text},
        created_at {instant} NOT NULL,
        last_used_at {instant} NOT NULL,
        expires_at {instant} NOT NULL,
        current_hash {bytes} NOT NULL CONSTRAINT sessions_current_hash_key UNIQUE CHECK (length(current_hash) = 32),
        previous_hash {bytes} CONSTRAINT sessions_previous_hash_key UNIQUE CHECK (length(previous_hash) = 32),
        generation {ref} NOT NULL CHECK (generation > 0),
        acked_generation {ref} NOT NULL CHECK (acked_generation BETWEEN 0 AND generation),
        rotated_at {instant},
        sealed_successor {bytes},
        revoked_at {instant},
        revoke_reason {text},
        CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL)),
        CHECK ((previous_hash IS NULL) = (rotated_at IS NULL))
    ) {strict}",
    "CREATE INDEX sessions_user_id_idx ON sessions (user_id, created_at)",
    "CREATE INDEX sessions_expires_at_idx ON sessions (expires_at)",
    "CREATE TABLE refresh_tokens_spent (
        token_hash {bytes} NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
        session_id {ref} NOT NULL REFERENCES sessions (id) ON DELETE CASCADE
    ) {strict}",
    "CREATE INDEX refresh_tokens_spent_session_id_idx ON refresh_tokens_spent (session_id)",
    "CREATE TABLE equipment (
        id {id},
        name {text} NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
        code {text} CONSTRAINT equipment_code_key UNIQUE,
        kind {text} NOT NULL,
        location {text} NOT NULL,
        parent_id {ref} CONSTRAINT equipment_parent_id_fkey REFERENCES equipment (id) CHECK (parent_id <> id),
        customer_id {ref} CONSTRAINT equipment_customer_id_fkey REFERENCES customers (id),
        brand {text},
        model {text},
        serial_number {text} CONSTRAINT equipment_serial_number_key UNIQUE,
        status {text} NOT NULL CHECK (status IN ('operational', 'maintenance', 'failed', 'retired')),
        criticality {text} NOT NULL CHECK (criticality IN ('critical', 'important', 'standard', 'non_critical')),
        maintenance_interval_days {ref} CHECK (maintenance_interval_days BETWEEN 1 AND 3650),
        commissioned_on {date},
        description {text},
        search_text {text} NOT NULL,
        created_at {instant} NOT NULL,
        updated_at {instant} NOT NULL,
        version {ref} NOT NULL CHECK (version > 0)
    ) {strict}",
    "CREATE INDEX equipment_parent_id_idx ON equipment (parent_id)",
    "CREATE INDEX equipment_customer_id_idx ON equipment (customer_id, id)",
    // Pages sorted by these columns walk an index instead of sorting the table.
    "CREATE INDEX equipment_name_idx ON equipment (name, id)",
    "CREATE INDEX equipment_location_idx ON equipment (location, id)",
    "CREATE TABLE audit_events (
        id {id},
        at {instant} NOT NULL,
        kind {text} NOT NULL,
        actor_id {ref} REFERENCES users (id),
        ip {text},
        request_id {text},
        resource {text},
        outcome {text} NOT NULL CHECK (outcome IN ('success', 'failure')),
        details {text} NOT NULL
    ) {strict}",
    "CREATE INDEX audit_events_at_idx ON audit_events (at)",
    "CREATE TABLE outbox (
        id {id},
        kind {text} NOT NULL,
        payload {text} NOT NULL,
        created_at {instant} NOT NULL,
        due_at {instant} NOT NULL,
        leased_until {instant},
        attempts {ref} NOT NULL CHECK (attempts >= 0),
        last_error {text},
        failed_at {instant}
    ) {strict}",
    "CREATE INDEX outbox_due_at_idx ON outbox (due_at) WHERE failed_at IS NULL",
    "CREATE TABLE idempotency_keys (
        user_id {ref} NOT NULL REFERENCES users (id),
        key {text} NOT NULL,
        fingerprint {bytes} NOT NULL CHECK (length(fingerprint) = 32),
        claimed_at {instant} NOT NULL,
        status {ref} CHECK (status BETWEEN 200 AND 499),
        location {text},
        etag {text},
        body {bytes} CHECK (length(body) <= 65536),
        PRIMARY KEY (user_id, key)
    ) {strict}",
    "CREATE INDEX idempotency_keys_claimed_at_idx ON idempotency_keys (claimed_at)",
];

const DOWN: &[&str] = &[
    "DROP TABLE idempotency_keys",
    "DROP TABLE outbox",
    "DROP TABLE audit_events",
    "DROP TABLE equipment",
    "DROP TABLE refresh_tokens_spent",
    "DROP TABLE sessions",
    "DROP TABLE users",
    "DROP TABLE customers",
    "DROP TABLE named_locks",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, UP).await?;
        forbid_updates(manager, "audit_events").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, DOWN).await?;
        forget_append_only(manager, "audit_events").await
    }
}
