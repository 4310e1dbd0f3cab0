//! Who asks, and what they may do.

mod actor;
pub mod policy;

pub use actor::{Actor, RequestInfo};
pub use policy::{Action, Denied};
