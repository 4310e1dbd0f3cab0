//! The audit trail, read.

use async_trait::async_trait;

use crate::audit::{AuditKind, AuditOutcome, ChainHash, RecordedEvent, SignedMark};
use crate::clock::Instant;
use crate::paging::{Page, PageRequest};
use crate::repository::Stored;
use crate::users::UserId;
use crate::words::words;

words! {
    /// What a list of events can be sorted by.
    AuditSort {
        /// By identifier, that is by age.
        Id = "id",
    }
}

/// What a list of events can be narrowed by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only these.
    pub kind: Option<AuditKind>,
    /// Only what this user did.
    pub actor: Option<UserId>,
    /// Only what happened to this, as `kind/id`.
    pub resource: Option<String>,
    /// Only what came of this request.
    pub request_id: Option<String>,
    /// Only what ended so.
    pub outcome: Option<AuditOutcome>,
    /// Only from this instant on.
    pub from: Option<Instant>,
    /// Only before this instant.
    pub until: Option<Instant>,
}

/// An event and its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The event.
    pub event: RecordedEvent,
    /// The username of the actor.
    pub actor_name: Option<String>,
    /// Its place and hash; `None` until it is linked.
    pub link: Option<(i64, ChainHash)>,
}

/// The audit trail, read.
#[async_trait]
pub trait AuditQueries: Send + Sync {
    /// A page of events.
    async fn list_audit(&self, filter: &AuditFilter, page: &PageRequest<AuditSort>) -> Stored<Page<AuditEntry>>;

    /// The newest checkpoint.
    async fn newest_checkpoint(&self) -> Stored<Option<SignedMark>>;
}
