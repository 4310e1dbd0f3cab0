//! What can stop any use case.

use mif_domain::repository::RepositoryError;
use thiserror::Error;

use super::Action;

/// Why a use case did not even come to its own rules. Most that read have none, and fail with nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There is none that the actor may see.
    #[error("there is no such thing")]
    NotFound,
    /// The actor may see the thing, or nothing of its kind, but not do this to it.
    #[error("not allowed: {0:?}")]
    Denied(Action),
    /// It changed since the caller saw it.
    #[error("it changed since it was read")]
    Stale,
    /// The database failed.
    #[error(transparent)]
    Repository(RepositoryError),
}

impl From<RepositoryError> for Refusal {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Stale => Self::Stale,
            other => Self::Repository(other),
        }
    }
}
