//! The one integration binary of this crate: every further one would link the cryptography again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may fail like tests"
)]

mod disk;
mod format;
mod ring;
mod s3;
mod support;
mod tampering;
