//! Doing something once although it is asked twice.

use mif_domain::Instant;
use mif_domain::idempotency::{Claim, IdempotentRequest, StoredAnswer};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::unit_of_work::UnitOfWork;
use thiserror::Error;

use crate::Core;

/// A request with an `Idempotency-Key`, and how its answer will look: the answer is stored in the same transaction as the
/// effect, so it must be known before the commit.
pub struct Once<'a, T> {
    /// The key, and what was asked.
    pub request: IdempotentRequest,
    /// Renders the answer.
    pub render: &'a (dyn Fn(&T) -> StoredAnswer + Send + Sync),
}

impl<T> std::fmt::Debug for Once<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once").field("request", &self.request).finish_non_exhaustive()
    }
}

/// Whether something was done now or had been done before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done<T> {
    /// It was done.
    Now(T),
    /// It had been done; this was the answer.
    Before(StoredAnswer),
}

/// Why the key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdempotencyError {
    /// It was used for another request.
    #[error("the key was used for another request")]
    Mismatch,
    /// The first request with this key has not finished.
    #[error("a request with this key is still running")]
    InProgress,
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// Claims the key, if there is one. `Some` is the answer of the first time.
pub(crate) async fn claim<T>(
    work: &mut dyn UnitOfWork,
    once: Option<&Once<'_, T>>,
    at: Instant,
) -> Result<Option<StoredAnswer>, IdempotencyError> {
    let Some(once) = once else { return Ok(None) };
    match work.idempotency().claim(&once.request, at).await? {
        Claim::Fresh => Ok(None),
        Claim::Answered(answer) => Ok(Some(answer)),
        Claim::Mismatch => Err(IdempotencyError::Mismatch),
        Claim::InProgress => Err(IdempotencyError::InProgress),
    }
}

/// Stores the answer beside the claim, if there is one.
pub(crate) async fn complete<T>(work: &mut dyn UnitOfWork, once: Option<&Once<'_, T>>, done: &T) -> Stored<()> {
    match once {
        Some(once) => work.idempotency().complete(&once.request, &(once.render)(done)).await,
        None => Ok(()),
    }
}

/// Keeps the answer of a request that was refused for good: its own unit of work was rolled back, and the claim with it.
#[derive(Debug)]
pub struct RememberRefusal {
    /// The key, and what was asked.
    pub request: IdempotentRequest,
    /// What was answered.
    pub answer: StoredAnswer,
}

impl RememberRefusal {
    /// Stores the answer unless a twin was faster.
    #[tracing::instrument(target = "mif_trace", name = "RememberRefusal", skip_all)]
    pub async fn run(self, core: &Core) -> Stored<()> {
        let mut work = core.work.begin().await?;
        let claim = work.idempotency().claim(&self.request, core.clock.now()).await?;
        if claim == Claim::Fresh {
            work.idempotency().complete(&self.request, &self.answer).await?;
            work.commit().await?;
        }
        Ok(())
    }
}
