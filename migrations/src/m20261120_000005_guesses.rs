//! Guesses at passwords, and passwords that may not come back.

use sea_orm_migration::prelude::*;

use crate::dialect::run;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    // Failures since the last lock, and how many locks there were.
    "CREATE TABLE pair_guesses (
        user_id {ref} NOT NULL REFERENCES users (id),
        address {text} NOT NULL,
        failures {ref} NOT NULL CHECK (failures BETWEEN 0 AND 4),
        locks {ref} NOT NULL CHECK (locks >= 0),
        locked_until {instant},
        counted_at {instant} NOT NULL,
        PRIMARY KEY (user_id, address),
        CHECK (locked_until IS NULL OR (failures = 0 AND locks > 0))
    ) {strict}",
    "CREATE INDEX pair_guesses_counted_at_idx ON pair_guesses (counted_at)",
    // Failures in a row over all addresses.
    "CREATE TABLE account_guesses (
        user_id {ref} NOT NULL PRIMARY KEY REFERENCES users (id),
        failures {ref} NOT NULL CHECK (failures BETWEEN 0 AND 100),
        is_told {bool} NOT NULL
    ) {strict}",
    "CREATE TABLE unknown_guesses (
        address {text} NOT NULL PRIMARY KEY,
        failures {ref} NOT NULL CHECK (failures BETWEEN 1 AND 5),
        since {instant} NOT NULL
    ) {strict}",
    "CREATE INDEX unknown_guesses_since_idx ON unknown_guesses (since)",
    "CREATE TABLE password_history (
        id {id},
        user_id {ref} NOT NULL REFERENCES users (id),
        password_hash {text} NOT NULL,
        replaced_at {instant} NOT NULL
    ) {strict}",
    "CREATE INDEX password_history_user_id_idx ON password_history (user_id, id)",
];

const DOWN: &[&str] = &[
    "DROP TABLE password_history",
    "DROP TABLE unknown_guesses",
    "DROP TABLE account_guesses",
    "DROP TABLE pair_guesses",
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
