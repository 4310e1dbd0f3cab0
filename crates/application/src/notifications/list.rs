//! Reading one's notifications.

use mif_domain::notifications::Notification;
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{NotificationFilter, NotificationSort};
use mif_domain::users::UserId;

use crate::Core;
use crate::access::{Actor, Refusal};

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

impl ListNotifications {
    /// One page.
    #[tracing::instrument(target = "mif_trace", name = "ListNotifications", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Page<Notification>, Refusal> {
        if self.user_id.is_some_and(|user| user != actor.user_id()) {
            return Err(Refusal::NotFound);
        }
        Ok(core.queries.list_notifications(actor.user_id(), &self.filter, &self.page).await?)
    }
}
