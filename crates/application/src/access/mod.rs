//! Who asks, and what they may do.

mod actor;
pub mod policy;
mod recheck;
mod refusal;

pub use actor::{Actor, RequestInfo};
pub use policy::{Action, Denied, Reach};
pub(crate) use recheck::{RecheckError, is_unchanged, still_permitted};
pub(crate) use refusal::Refusal;
