//! Who asks, and what they may do.

mod actor;
mod expected_version;
pub mod policy;
mod recheck;
mod refusal;

pub use actor::{Actor, RequestInfo};
pub use expected_version::ExpectedVersion;
pub use policy::{Action, Reach};
pub(crate) use recheck::{is_unchanged, still_permitted};
pub use refusal::Refusal;
