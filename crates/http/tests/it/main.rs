//! The whole application in process, over SQLite in memory. One binary: each would link the whole stack again.
//!
//! Every answer that passes through [`app::App`] is also held against the OpenAPI document.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod app;
mod audit;
mod bad_input;
mod broken;
mod conventions;
mod customers;
mod documented;
mod documents;
mod equipment_import;
mod equipment_label;
mod flood;
mod guesses;
mod headers;
mod interventions;
mod letters;
mod measurements;
mod mfa;
mod notifications;
mod openapi;
mod passwords;
mod policy;
mod sessions;
mod technicians;
mod told;
mod users;
