//! Notifications.

use async_trait::async_trait;
use mif_domain::notifications::{
    NewNotification, Notification, NotificationId, NotificationLimits, NotificationRepository,
};
use mif_domain::repository::Stored;
use mif_domain::users::UserId;
use mif_domain::{Constraint, Instant};

use super::{Unit, purge};

pub(super) struct Notifications<'a>(pub(super) &'a mut Unit);

#[async_trait]
impl NotificationRepository for Notifications<'_> {
    async fn insert(&mut self, notice: NewNotification) -> Stored<()> {
        let state = &self.0.state;
        let known = state.users.contains_key(&notice.user_id)
            && notice.intervention_id.is_none_or(|id| state.interventions.contains_key(&id));
        self.0.keep(known, Constraint::Other)?;
        let id = NotificationId(self.0.state.next_id());
        self.0.state.notifications.insert(id, Notification { id, notice, read_at: None });
        Ok(())
    }

    async fn mark_read(&mut self, user: UserId, id: NotificationId, at: Instant) -> Stored<bool> {
        let own = self.0.state.notifications.get_mut(&id).filter(|notification| notification.notice.user_id == user);
        Ok(own.map(|notification| notification.read_at = notification.read_at.or(Some(at))).is_some())
    }

    async fn mark_all_read(&mut self, user: UserId, at: Instant) -> Stored<u64> {
        let mut marked = 0;
        for notification in self.0.state.notifications.values_mut() {
            if notification.notice.user_id == user && notification.read_at.is_none() {
                notification.read_at = Some(at);
                marked += 1;
            }
        }
        Ok(marked)
    }

    async fn purge(&mut self, at: Instant) -> Stored<u64> {
        let notifications = &mut self.0.state.notifications;
        let read = purge(notifications, |_, one| {
            one.read_at.is_some_and(|read_at| read_at <= at - NotificationLimits::READ_KEPT)
        });
        let unread = purge(notifications, |_, one| {
            one.read_at.is_none() && one.notice.at <= at - NotificationLimits::UNREAD_KEPT
        });
        Ok(read + unread)
    }
}
