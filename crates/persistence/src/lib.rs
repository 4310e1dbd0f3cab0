//! SeaORM adapters for SQLite (the embedded default) and PostgreSQL (production).
//!
//! [`Database`] connects; [`SeaUnitsOfWork`] writes, [`SeaQueries`] reads, [`SeaOutboxQueue`] feeds the worker,
//! [`SeaAuditChain`] the linker, and [`Schema`] migrates. One `entity` file a table, one `repositories` file an aggregate: mapping first, then the
//! statements in the order of the port. SQL that decides a race stands there in full, written once for both databases
//! (`$1` is a placeholder on both). What the two spell differently is handled in [`errors`], [`database`] and the
//! migrations, nowhere else. No rule of the business lives here.

mod audit_chain;
mod database;
mod entity;
mod errors;
mod link;
mod observed;
mod outbox_queue;
mod queries;
mod repositories;
mod schema;
mod slots;
mod unit_of_work;

pub use audit_chain::SeaAuditChain;
pub use database::{ConnectError, Database, DatabaseSettings, PoolSettings};
pub use outbox_queue::SeaOutboxQueue;
pub use queries::SeaQueries;
pub use schema::{MigrationStatus, Schema, SchemaError};
pub use unit_of_work::SeaUnitsOfWork;
