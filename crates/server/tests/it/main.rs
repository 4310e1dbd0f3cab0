//! The one integration binary of this crate: every further one would link all the others again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

mod settings;
