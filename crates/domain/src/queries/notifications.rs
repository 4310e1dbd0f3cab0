//! Notifications, read.

use async_trait::async_trait;

use crate::notifications::{Notification, NotificationKind};
use crate::paging::{Page, PageRequest};
use crate::repository::Stored;
use crate::users::UserId;
use crate::words::words;

words! {
    /// What a list of notifications can be sorted by.
    NotificationSort {
        /// By identifier, that is by age.
        Id = "id",
        /// By date.
        SentAt = "sent_at",
    }
}

/// What a list of notifications can be narrowed by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotificationFilter {
    /// Only the read, or only the others.
    pub is_read: Option<bool>,
    /// Only those about this.
    pub kind: Option<NotificationKind>,
}

/// Notifications, read: always those of one user.
#[async_trait]
pub trait NotificationQueries: Send + Sync {
    /// A page of a user's notifications.
    async fn list_notifications(
        &self,
        user: UserId,
        filter: &NotificationFilter,
        page: &PageRequest<NotificationSort>,
    ) -> Stored<Page<Notification>>;
}
