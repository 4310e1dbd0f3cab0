//! Letters as a mail server and a log reader see them. One binary: linking is most of what a test costs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]

mod letters;
mod log;
mod sending;
mod sink;
