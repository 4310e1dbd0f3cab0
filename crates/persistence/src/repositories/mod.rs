//! One file an aggregate: mapping, then the statements in the order of its port.

pub(crate) mod audit;
pub(crate) mod customers;
pub(crate) mod equipment;
pub(crate) mod idempotency;
pub(crate) mod outbox;
pub(crate) mod sessions;
pub(crate) mod users;
