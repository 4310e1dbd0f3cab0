//! Why nothing was done with a document.

use mif_domain::documents::{FileKind, FileStoreError, ScanError};
use mif_domain::repository::RepositoryError;
use mif_domain::text::Line;
use thiserror::Error;

use crate::access::Refusal;
use crate::idempotency::IdempotencyError;

/// Why a document was not read or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something was found in it after it had been stored.
    #[error("the document is infected")]
    Infected {
        /// What.
        signature: Option<Line<200>>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] FileStoreError),
}

impl From<RepositoryError> for DocumentError {
    fn from(error: RepositoryError) -> Self {
        Self::Refused(error.into())
    }
}

/// Why a document was not stored. Nothing of it was kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UploadError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
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
    /// The store failed.
    #[error(transparent)]
    Store(#[from] FileStoreError),
}

impl From<RepositoryError> for UploadError {
    fn from(error: RepositoryError) -> Self {
        Self::Refused(error.into())
    }
}
