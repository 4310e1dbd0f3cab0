//! The product put together: what is configured and how, and later how the adapters meet the use cases.
//!
//! Lives here: settings. May come in: every crate of ours. Must not: rules of the domain, and knowledge of the wire.

pub mod settings;
