//! Tokens that reach people by letter: to set a password, to confirm an address. Only their hashes.

use sea_orm_migration::prelude::*;

use crate::dialect::run;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE password_resets (
        user_id {ref} NOT NULL PRIMARY KEY REFERENCES users (id),
        token_hash {bytes} NOT NULL CONSTRAINT password_resets_token_hash_key UNIQUE CHECK (length(token_hash) = 32),
        letter_id {ref} NOT NULL,
        sent_at {instant} NOT NULL,
        expires_at {instant} NOT NULL
    ) {strict}",
    "CREATE INDEX password_resets_expires_at_idx ON password_resets (expires_at)",
    // The token stays away until a letter is sent.
    "CREATE TABLE email_changes (
        user_id {ref} NOT NULL PRIMARY KEY REFERENCES users (id),
        new_email {text} NOT NULL,
        token_hash {bytes} CONSTRAINT email_changes_token_hash_key UNIQUE CHECK (length(token_hash) = 32),
        sent_at {instant},
        expires_at {instant} NOT NULL
    ) {strict}",
    "CREATE INDEX email_changes_expires_at_idx ON email_changes (expires_at)",
];

const DOWN: &[&str] = &["DROP TABLE email_changes", "DROP TABLE password_resets"];

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
