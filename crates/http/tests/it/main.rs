//! The whole application in process, over SQLite in memory. One binary: each would link the whole stack again.
//!
//! Every answer that passes through [`app::App`] is also held against the OpenAPI document.

mod app;
mod bad_input;
mod conventions;
mod documented;
mod openapi;
mod policy;
mod sessions;
mod users;
