//! The one integration binary of this crate: clamd as it should be, and as it may be.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may fail like tests"
)]

mod answers;
mod deadlines;
mod fake;
mod health;
mod off;
mod pauses;
mod real;
mod spans;
