//! Carrying out what use cases left in the outbox.

mod letters;
mod links;
mod worker;

pub use links::LetterLinks;
pub use worker::OutboxWorker;
