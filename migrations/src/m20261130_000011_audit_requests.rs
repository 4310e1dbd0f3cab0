//! An index on the request that an audit event belongs to: whoever looks at a log line asks for the events of its request,
//! of which there are a handful among millions.

use sea_orm_migration::prelude::*;

use crate::dialect::run;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &["CREATE INDEX audit_events_request_id_idx ON audit_events (request_id, id)"];

const DOWN: &[&str] = &["DROP INDEX audit_events_request_id_idx"];

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
