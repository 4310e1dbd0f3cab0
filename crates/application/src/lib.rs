//! What can be done with MIF: one file a use case.
//!
//! A use case is a struct that holds its input, with a method `run` that takes the [`Core`] (the ports) and, unless it is
//! open to everybody, the [`Actor`](access::Actor) who asks. It asks [`access::policy`] first, works inside at most one
//! open unit of work at a time, and returns an error enum of its own, or a [`Refusal`](access::Refusal) where it has no
//! rules of its own. No SQL, no HTTP, no JSON here.

pub mod access;
pub mod audit;
pub mod auth;
pub mod bootstrap;
mod change;
mod core;
pub mod customers;
pub mod demo;
pub mod documents;
pub mod equipment;
pub mod housekeeping;
pub mod idempotency;
pub mod interventions;
pub mod key_rotation;
mod letter_token;
pub mod notifications;
pub mod operations;
pub mod outbox;
pub mod technicians;
pub mod users;

pub use change::Change;
pub use core::Core;
