//! Errors of the audit trail.

use mif_application::audit::ReadAuditError;

use crate::problem::{ApiError, Code};

impl From<ReadAuditError> for ApiError {
    fn from(error: ReadAuditError) -> Self {
        match error {
            ReadAuditError::Denied(denied) => denied.into(),
            ReadAuditError::NotFound => Code::NotFound.into(),
            ReadAuditError::Repository(error) => error.into(),
        }
    }
}
