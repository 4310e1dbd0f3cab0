//! The one integration binary of this crate: use cases on the store in memory, through nothing but their public face.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests may fail like tests")]

mod audit;
mod bootstrap;
mod customers;
mod demo;
mod documents;
mod equipment;
mod equipment_import;
mod guess_model;
mod guesses;
mod health;
mod idempotency;
mod letters;
mod log_in;
mod mfa;
mod notifications;
mod password_history;
mod passwords;
mod profile;
mod refresh;
mod renewal;
mod rotation_model;
mod sessions;
mod technicians;
mod users;
mod worker;
mod world;
