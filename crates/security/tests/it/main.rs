//! The one integration binary of this crate: every further one would link the cryptography again.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail like tests")]

mod access;
mod audit_keys;
mod keys;
mod rotation;
mod support;
