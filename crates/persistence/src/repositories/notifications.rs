//! Notifications.

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::notifications::{NewNotification, NotificationId, NotificationLimits, NotificationRepository};
use mif_domain::repository::Stored;
use mif_domain::users::UserId;

use crate::unit_of_work::Transaction;

pub(crate) struct Notices<'a>(pub(crate) &'a mut Transaction);

#[async_trait]
impl NotificationRepository for Notices<'_> {
    async fn insert(&mut self, notice: NewNotification) -> Stored<()> {
        let sql = "INSERT INTO notifications (user_id, kind, title, content, intervention_id, sent_at) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let values = vec![
            notice.user_id.0.into(),
            notice.kind.as_str().into(),
            notice.title.as_str().into(),
            notice.content.as_str().into(),
            notice.intervention_id.map(|id| id.0).into(),
            notice.at.into(),
        ];
        self.0.execute(sql, values).await.map(|_| ())
    }

    async fn mark_read(&mut self, user: UserId, id: NotificationId, at: Instant) -> Stored<bool> {
        let sql = "UPDATE notifications SET read_at = COALESCE(read_at, $3) WHERE id = $1 AND user_id = $2";
        Ok(self.0.execute(sql, vec![id.0.into(), user.0.into(), at.into()]).await? == 1)
    }

    async fn mark_all_read(&mut self, user: UserId, at: Instant) -> Stored<u64> {
        let sql = "UPDATE notifications SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL";
        self.0.execute(sql, vec![user.0.into(), at.into()]).await
    }

    async fn purge(&mut self, at: Instant) -> Stored<u64> {
        let read = self.0.purge("notifications", "id", "read_at", at - NotificationLimits::READ_KEPT).await?;
        let sent = "read_at IS NULL AND sent_at";
        Ok(read + self.0.purge("notifications", "id", sent, at - NotificationLimits::UNREAD_KEPT).await?)
    }
}
