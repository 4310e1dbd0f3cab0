//! What letters lead to.

use mif_application::auth::ResetPasswordError;
use mif_application::users::{ConfirmEmailError, SendInvitationError};

use super::weak;
use crate::problem::{ApiError, Code};

impl From<ResetPasswordError> for ApiError {
    fn from(error: ResetPasswordError) -> Self {
        match error {
            ResetPasswordError::InvalidToken => Code::BadResetToken.into(),
            ResetPasswordError::Weak(broken) => weak("new_password", broken),
            ResetPasswordError::Busy(error) => error.into(),
            ResetPasswordError::Repository(error) => error.into(),
        }
    }
}

impl From<ConfirmEmailError> for ApiError {
    fn from(error: ConfirmEmailError) -> Self {
        match error {
            ConfirmEmailError::InvalidToken => Code::BadConfirmationToken.into(),
            ConfirmEmailError::EmailTaken => Code::EmailTaken.into(),
            ConfirmEmailError::Repository(error) => error.into(),
        }
    }
}

impl From<SendInvitationError> for ApiError {
    fn from(error: SendInvitationError) -> Self {
        match error {
            SendInvitationError::Refused(refusal) => refusal.into(),
            SendInvitationError::NotInvitable => Code::NotInvitable.into(),
        }
    }
}
