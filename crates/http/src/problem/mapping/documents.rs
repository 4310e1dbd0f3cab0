//! Errors of documents.

use mif_application::documents::{DocumentError, UploadError};
use mif_domain::documents::{FileNameError, FileStoreError, ScanError};

use crate::problem::{ApiError, Code, FieldProblem};

impl From<FileStoreError> for ApiError {
    fn from(error: FileStoreError) -> Self {
        match error {
            FileStoreError::Full => Self::fault(Code::StorageFull, &error),
            FileStoreError::Unavailable(_) | FileStoreError::UnknownKey(_) => Self::fault(Code::Unavailable, &error),
            FileStoreError::Missing(_) | FileStoreError::Corrupt { .. } => Self::fault(Code::Internal, &error),
        }
    }
}

impl From<ScanError> for ApiError {
    fn from(error: ScanError) -> Self {
        Self::fault(Code::ScannerUnavailable, &error)
    }
}

impl From<DocumentError> for ApiError {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Refused(refusal) => refusal.into(),
            DocumentError::Infected { signature } => {
                Self::from(Code::DocumentInfected).with_member("signature", signature.map(String::from))
            }
            DocumentError::Store(error) => error.into(),
        }
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Refused(refusal) => refusal.into(),
            UploadError::SessionEnded => Code::SessionEnded.into(),
            UploadError::Archived => Code::InterventionArchived.into(),
            UploadError::Empty => Self::field("file", FieldProblem::Empty),
            UploadError::TooLarge { max } => Self::from(Code::TooLarge).with_member("max_octets", max),
            UploadError::UnknownKind | UploadError::WrongContent(_) => Code::FileTypeRefused.into(),
            UploadError::Infected { signature } => {
                Self::from(Code::FileInfected).with_member("signature", signature.as_str())
            }
            UploadError::Scan(error) => error.into(),
            UploadError::Interrupted => Code::InterruptedBody.into(),
            UploadError::Idempotency(error) => error.into(),
            UploadError::Store(error) => error.into(),
        }
    }
}

impl From<FileNameError> for FieldProblem {
    fn from(error: FileNameError) -> Self {
        match error {
            FileNameError::Empty => Self::Empty,
            FileNameError::TooLong => Self::TooLong(mif_domain::documents::FileName::MAX),
            FileNameError::ControlCharacter => Self::ControlCharacter,
        }
    }
}
