//! Why nothing was done with a document.

use mif_domain::documents::{FileKind, FileStoreError, ScanError};
use mif_domain::repository::RepositoryError;
use mif_domain::text::Line;
use thiserror::Error;

use crate::access::{Denied, Refusal};
use crate::idempotency::IdempotencyError;

/// Why a document was not read or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// There is none that the actor may see.
    #[error("no such document")]
    NotFound,
    /// They see it, but may not do this to it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It changed since the caller saw it.
    #[error("the document changed since it was read")]
    Stale,
    /// Something was found in it after it had been stored.
    #[error("the document is infected")]
    Infected {
        /// What.
        signature: Option<Line<200>>,
    },
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] FileStoreError),
}

impl From<Refusal> for DocumentError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::Denied(denied) => Self::Denied(denied),
            Refusal::Repository(error) => Self::Repository(error),
        }
    }
}

/// Why a document was not stored. Nothing of it was kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UploadError {
    /// There is nothing that the actor may see to attach it to.
    #[error("no such intervention or machine")]
    NotFound,
    /// They see it, but may not attach anything to it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Their session ended, or their rights changed, while the content arrived.
    #[error("the session ended meanwhile")]
    SessionEnded,
    /// What it would belong to was put away.
    #[error("the intervention is archived")]
    Archived,
    /// It has no byte.
    #[error("the content is empty")]
    Empty,
    /// It has too many.
    #[error("the content has more than {max} bytes")]
    TooLarge {
        /// The most that are taken.
        max: u64,
    },
    /// Its name claims a kind that is not taken.
    #[error("files of this kind are not taken")]
    UnknownKind,
    /// It is not what its name says.
    #[error("the content is not {}", .0.as_str())]
    WrongContent(FileKind),
    /// The scanner found something.
    #[error("{signature} was found")]
    Infected {
        /// What.
        signature: Line<200>,
    },
    /// The scanner gave no verdict.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The content did not arrive to its end.
    #[error("the content was interrupted")]
    Interrupted,
    /// The `Idempotency-Key` cannot be used.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] FileStoreError),
}

impl From<Refusal> for UploadError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::Denied(denied) => Self::Denied(denied),
            Refusal::Repository(error) => Self::Repository(error),
        }
    }
}
