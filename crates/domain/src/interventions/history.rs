//! What happened to an intervention, in order. Append-only.

use super::values::{InterventionId, Status};
use crate::clock::Instant;
use crate::text::Paragraph;
use crate::users::UserId;

/// An entry about to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHistoryEntry {
    /// To which intervention.
    pub intervention_id: InterventionId,
    /// Who did it; `None` for the system.
    pub user_id: Option<UserId>,
    /// The state before, when the entry is a step; `None` for the first entry and for comments.
    pub from: Option<Status>,
    /// The state after.
    pub status: Status,
    /// What was said about it.
    pub remark: Option<Paragraph<2000>>,
    /// Not for the customer's eyes: the remark is ours alone.
    pub is_internal: bool,
    /// When.
    pub at: Instant,
}

/// An entry as it is read, with the author's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The identifier.
    pub id: i64,
    /// The name of who did it; `None` for the system.
    pub author: Option<String>,
    /// What was appended.
    pub entry: NewHistoryEntry,
}
