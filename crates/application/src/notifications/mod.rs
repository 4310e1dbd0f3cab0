//! What people were told. One's own, whatever the role.

mod list;
mod read;

pub use list::{ListNotifications, ListNotificationsError};
pub use read::{MarkAllRead, MarkRead, MarkReadError};
