//! What people are told inside the product.

use async_trait::async_trait;
use chrono::TimeDelta;

use crate::clock::Instant;
use crate::interventions::InterventionId;
use crate::repository::Stored;
use crate::text::{Line, Paragraph};
use crate::users::UserId;
use crate::words::words;

/// Identifies a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NotificationId(pub i64);

words! {
    /// What it is about.
    NotificationKind {
        /// Work was given to them.
        Assignment = "assignment",
        /// Work was finished.
        Closing = "closing",
        /// Work will begin.
        Reminder = "reminder",
        /// Work is late.
        Lateness = "lateness",
        /// Anything else.
        Information = "information",
    }
}

/// How long notifications are kept. What they tell of stays: the work, its history, the audit trail.
#[derive(Debug, Clone, Copy)]
pub struct NotificationLimits;

impl NotificationLimits {
    /// Counted from the reading.
    pub const READ_KEPT: TimeDelta = TimeDelta::days(90);
    /// One that nobody reads, counted from when it was sent.
    pub const UNREAD_KEPT: TimeDelta = TimeDelta::days(365);
}

/// A notification about to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotification {
    /// Who is told.
    pub user_id: UserId,
    /// What it is about.
    pub kind: NotificationKind,
    /// One line.
    pub title: Line<200>,
    /// In more words.
    pub content: Paragraph<2000>,
    /// On which work.
    pub intervention_id: Option<InterventionId>,
    /// When.
    pub at: Instant,
}

/// A notification as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The identifier.
    pub id: NotificationId,
    /// What was stored.
    pub notice: NewNotification,
    /// When it was read.
    pub read_at: Option<Instant>,
}

/// Notifications inside a unit of work.
#[async_trait]
pub trait NotificationRepository: Send {
    /// Stores a notification.
    async fn insert(&mut self, notice: NewNotification) -> Stored<()>;

    /// Marks one of a user's notifications as read; a second time changes nothing. Returns whether the user has it.
    async fn mark_read(&mut self, user: UserId, id: NotificationId, at: Instant) -> Stored<bool>;

    /// Marks all of a user's notifications as read. Returns how many were not.
    async fn mark_all_read(&mut self, user: UserId, at: Instant) -> Stored<u64>;

    /// Deletes what has been kept long enough, see [`NotificationLimits`]: at most [`PURGED`](crate::repository::PURGED) of
    /// those that were read and of those that were not a call. Returns how many.
    async fn purge(&mut self, at: Instant) -> Stored<u64>;
}
