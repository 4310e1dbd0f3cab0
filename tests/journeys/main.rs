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
mod audit_trail;
mod bad_input;
mod command_line;
mod concurrent_writers;
mod crashes;
mod database_dump;
mod documents;
mod endings;
mod existing_clients;
mod faults;
mod foreign_tokens;
mod forgotten_password;
mod guessing;
mod harness;
mod key_rotation;
mod life_of_an_intervention;
mod measurements;
mod parallel_refreshes;
mod races;
mod replicas;
mod second_factor;
mod session_path;
mod shutdown;
mod silent_logs;
mod slow_clients;
mod token_reuse;
mod traces;
mod work_after_a_kill;
