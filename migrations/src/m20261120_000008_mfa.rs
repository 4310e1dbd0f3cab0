//! Second factors: their sealed secrets, the hashes of recovery codes, and sign-ins that wait for a code.

use sea_orm_migration::prelude::*;

use crate::dialect::run;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "ALTER TABLE users ADD COLUMN mfa_active {bool} NOT NULL DEFAULT FALSE",
    "CREATE TABLE mfa_enrolments (
        user_id {ref} NOT NULL PRIMARY KEY REFERENCES users (id),
        key_id {text} NOT NULL,
        sealed_secret {bytes} NOT NULL,
        is_confirmed {bool} NOT NULL,
        last_step {ref}
    ) {strict}",
    "CREATE INDEX mfa_enrolments_key_id_idx ON mfa_enrolments (key_id)",
    "CREATE TABLE mfa_recovery_codes (
        user_id {ref} NOT NULL REFERENCES users (id),
        code_hash {bytes} NOT NULL CHECK (length(code_hash) = 32),
        PRIMARY KEY (user_id, code_hash)
    ) {strict}",
    "CREATE TABLE mfa_challenges (
        token_hash {bytes} NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
        user_id {ref} NOT NULL REFERENCES users (id),
        password_set_at {instant} NOT NULL,
        expires_at {instant} NOT NULL,
        tries_left {ref} NOT NULL CHECK (tries_left >= 0)
    ) {strict}",
    "CREATE INDEX mfa_challenges_expires_at_idx ON mfa_challenges (expires_at)",
    "CREATE INDEX mfa_challenges_user_id_idx ON mfa_challenges (user_id)",
];

const DOWN: &[&str] = &[
    "DROP TABLE mfa_challenges",
    "DROP TABLE mfa_recovery_codes",
    "DROP TABLE mfa_enrolments",
    "ALTER TABLE users DROP COLUMN mfa_active",
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
