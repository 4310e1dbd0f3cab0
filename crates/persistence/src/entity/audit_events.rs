//! The table `audit_events`.

use sea_orm::DatabaseBackend;
use sea_orm::entity::prelude::*;

/// Whether a time of an event is one that this program can have written. Nothing keeps somebody who has the database from
/// entering another, and the driver panics at those of PostgreSQL that no calendar has.
pub(crate) fn readable_at(backend: DatabaseBackend, column: &str) -> String {
    match backend {
        DatabaseBackend::Postgres => {
            format!("({column} >= '0001-01-01 00:00+00' AND {column} < '10000-01-01 00:00+00')")
        }
        // Given a modifier, SQLite tells what a date is that no month has; of seconds it would round fractions up.
        _ => format!(
            "({column} LIKE '____-__-__T__:__:__%' AND julianday({column}) IS NOT NULL \
              AND datetime(substr({column}, 1, 19), '+0 days') IS replace(substr({column}, 1, 19), 'T', ' '))"
        ),
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) at: DateTimeUtc,
    pub(crate) kind: String,
    pub(crate) actor_id: Option<i64>,
    pub(crate) ip: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) resource: Option<String>,
    pub(crate) outcome: String,
    pub(crate) details: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
