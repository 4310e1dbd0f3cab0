//! The schema of MIF, for SQLite and PostgreSQL.
//!
//! A migration is SQL that a person can read, with a few words in braces for what the two databases spell differently
//! (see [`dialect`]). Migrations that have shipped are never edited: add one. Every migration runs in a transaction.
//! Taking the lock, choosing the connection and reporting are the business of `persistence`.

mod dialect;
mod m20261120_000001_foundation;
mod m20261120_000002_maintenance;
mod m20261120_000003_ranks;
mod m20261120_000004_documents;
mod m20261120_000005_guesses;
mod m20261120_000006_letters;
mod m20261120_000007_audit_chain;
mod m20261120_000008_mfa;
mod m20261120_000009_outbox_traces;
mod m20261120_000010_open_work;
mod m20261130_000011_audit_requests;

use sea_orm_migration::prelude::*;

/// Every migration, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_000001_foundation::Migration),
            Box::new(m20261120_000002_maintenance::Migration),
            Box::new(m20261120_000003_ranks::Migration),
            Box::new(m20261120_000004_documents::Migration),
            Box::new(m20261120_000005_guesses::Migration),
            Box::new(m20261120_000006_letters::Migration),
            Box::new(m20261120_000007_audit_chain::Migration),
            Box::new(m20261120_000008_mfa::Migration),
            Box::new(m20261120_000009_outbox_traces::Migration),
            Box::new(m20261120_000010_open_work::Migration),
            Box::new(m20261130_000011_audit_requests::Migration),
        ]
    }
}
