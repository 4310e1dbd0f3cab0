//! What tests are made of: in-memory adapters of the ports, builders of believable data, and the contract suites that
//! every adapter must pass.
//!
//! Fakes hold state; none of them expects calls. [`MemoryStore`] is a real adapter of the write side, checked by the same
//! [`contracts`] as the databases. There is no third search engine: see [`NoQueries`]. Nothing here may be linked into the
//! product.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "test support: a panic is how a test fails"
)]

mod authenticator;
mod builders;
mod clock;
pub mod contracts;
mod entropy;
mod files;
mod mail;
mod marks;
mod memory;
mod passwords;
mod scanner;
mod tokens;

pub use authenticator::authenticator_code;
pub use builders::{
    EquipmentBuilder, InterventionBuilder, PASSWORD, T0, TechnicianBuilder, UserBuilder, a_customer, a_document,
    a_notice, a_session, a_slot, a_stored_technician, a_technician, a_user, an_equipment, an_intervention, later,
    password,
};
pub use clock::FakeClock;
pub use entropy::SeededEntropy;
pub use files::MemoryFiles;
pub use mail::RecordingMailer;
pub use marks::{FakeMarkSigner, MemoryCheckpoints};
pub use memory::{MemoryStore, NoQueries, OutboxEntry};
pub use passwords::FastHasher;
pub use scanner::{FakeScanner, VIRUS_MARKER, VIRUS_NAME};
pub use tokens::{FakeAccessTokens, FakeRefreshTokens};
