//! What people were told. One's own, whatever the role.

mod list;
mod read;

pub use list::ListNotifications;
pub use read::{MarkAllRead, MarkRead};
