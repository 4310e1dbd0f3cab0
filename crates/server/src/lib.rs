//! The product put together: settings, the composition root, the life of the process, the command line.
//!
//! The only crate that names adapters. [`settings`] says what is wanted, [`compose`] chooses the adapters for it,
//! [`serve`] runs the server, [`commands`] does the rest. No rule of the business, and nothing of the wire, lives here.

mod background;
pub mod cli;
mod clock;
mod commands;
mod compose;
mod connections;
mod demo;
mod first_admin;
mod serve;
pub mod settings;

pub use commands::run;
