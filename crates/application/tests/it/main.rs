//! The one integration binary of this crate: use cases on the store in memory, through nothing but their public face.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests may fail like tests")]

mod audit;
mod bootstrap;
mod customers;
mod demo;
mod equipment;
mod equipment_import;
mod idempotency;
mod log_in;
mod notifications;
mod passwords;
mod profile;
mod refresh;
mod rotation_model;
mod sessions;
mod technicians;
mod users;
mod worker;
mod world;
