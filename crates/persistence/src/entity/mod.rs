//! One file a table: its columns as SeaORM sees them.

pub(crate) mod audit_events;
pub(crate) mod customers;
pub(crate) mod documents;
pub(crate) mod equipment;
pub(crate) mod idempotency_keys;
pub(crate) mod interventions;
pub(crate) mod notifications;
pub(crate) mod sessions;
pub(crate) mod skills;
pub(crate) mod technicians;
pub(crate) mod users;
