//! What those who run the server ask.

use async_trait::async_trait;

use crate::clock::Instant;
use crate::interventions::Status;
use crate::repository::Stored;

/// What waits in the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxState {
    /// Messages that will still be tried.
    pub pending: u64,
    /// When the oldest of them was written: trying again later makes none younger.
    pub oldest_at: Option<Instant>,
    /// Messages that were given up.
    pub failed: u64,
}

/// What those who run the server ask.
#[async_trait]
pub trait OperationsQueries: Send + Sync {
    /// What waits in the outbox.
    async fn outbox_state(&self) -> Stored<OutboxState>;

    /// How many interventions are in each state; a state without any may be missing.
    async fn interventions_by_status(&self) -> Stored<Vec<(Status, u64)>>;
}
