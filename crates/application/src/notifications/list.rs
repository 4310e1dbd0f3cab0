//! Reading one's notifications.

use mif_domain::notifications::Notification;
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{NotificationFilter, NotificationSort};
use mif_domain::repository::RepositoryError;
use mif_domain::users::UserId;
use thiserror::Error;

use crate::Core;
use crate::access::Actor;

/// Lists the notifications of a user.
#[derive(Debug)]
pub struct ListNotifications {
    /// Whose; the actor's own when nobody says.
    pub user_id: Option<UserId>,
    /// Which.
    pub filter: NotificationFilter,
    /// Which page of them.
    pub page: PageRequest<NotificationSort>,
}

/// Why there is no list.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ListNotificationsError {
    /// Others' notifications are invisible to everybody.
    #[error("no such notifications")]
    NotFound,
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl ListNotifications {
    /// One page.
    #[tracing::instrument(target = "mif_trace", name = "ListNotifications", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Page<Notification>, ListNotificationsError> {
        if self.user_id.is_some_and(|user| user != actor.user_id()) {
            return Err(ListNotificationsError::NotFound);
        }
        Ok(core.queries.list_notifications(actor.user_id(), &self.filter, &self.page).await?)
    }
}
