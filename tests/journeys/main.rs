//! Journeys through the running product: every one starts the real `mif` on a free port of the loopback interface, on
//! SQLite and on PostgreSQL. The one binary of this package: every further one would link two database drivers again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests may fail like tests"
)]

mod accounts;
mod bad_input;
mod command_line;
mod crashes;
mod foreign_tokens;
mod harness;
mod parallel_refreshes;
mod replicas;
mod session_path;
mod shutdown;
mod token_reuse;
