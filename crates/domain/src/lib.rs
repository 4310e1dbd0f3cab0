//! What MIF is about, and nothing else: entities, value objects, state machines and the ports through which the
//! core reaches the world.
//!
//! May come in: types that parse, rules that decide, traits that adapters implement. Must not: input and output,
//! serialisation, an async runtime, the wall clock, a random number. Vocabulary is English; the French of the wire
//! lives in `http`.
//!
//! Read [`unit_of_work`] first: it shows how everything is written. [`queries`] shows how everything is read.

pub mod audit;
pub mod breaker;
pub mod clock;
pub mod customers;
pub mod documents;
pub mod equipment;
pub mod guesses;
pub mod idempotency;
pub mod interventions;
pub mod letter_tokens;
pub mod mail;
pub mod mfa;
pub mod notifications;
pub mod outbox;
pub mod paging;
pub mod queries;
pub mod repository;
pub mod secrets;
pub mod sessions;
pub mod technicians;
pub mod text;
pub mod unit_of_work;
pub mod users;
mod words;

pub use clock::{Clock, Entropy, Instant};
pub use repository::{Constraint, RepositoryError};
