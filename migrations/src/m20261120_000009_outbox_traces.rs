//! The trace in which somebody left work in the outbox.

use sea_orm_migration::prelude::*;

use crate::dialect::run;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &["ALTER TABLE outbox ADD COLUMN trace_parent {text}"];

const DOWN: &[&str] = &["ALTER TABLE outbox DROP COLUMN trace_parent"];

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
