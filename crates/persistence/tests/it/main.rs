//! The one integration binary of this crate: every further one would link SeaORM and two drivers again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may fail like tests"
)]

mod audit;
mod contracts;
mod errors;
mod idempotency;
mod invariants;
mod many;
mod measured;
mod migrations;
mod postgres;
mod sqlite;
