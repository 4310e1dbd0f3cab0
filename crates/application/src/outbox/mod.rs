//! Carrying out what use cases left in the outbox.

mod worker;

pub use worker::OutboxWorker;
