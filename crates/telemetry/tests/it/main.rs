//! The one integration binary of this crate: every further one would link the exporter again.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail like tests")]

mod logs;
mod measurements;
mod panics;
mod support;
mod traces;
