//! The second factor.

use mif_application::auth::{
    ConfirmMfaError, EnrolMfaError, ReplaceRecoveryCodesError, TurnOffMfaError, VerifySecondFactorError,
};
use mif_application::users::ResetMfaError;

use crate::problem::{ApiError, Code, FieldProblem};

/// Not a 401: the caller is signed in, and stays so.
fn wrong_code() -> ApiError {
    ApiError::field("code", FieldProblem::Format("n'est pas un code valable", "is not a code that counts"))
}

impl From<VerifySecondFactorError> for ApiError {
    fn from(error: VerifySecondFactorError) -> Self {
        match error {
            VerifySecondFactorError::WrongCode => Code::WrongSecondFactor.into(),
            VerifySecondFactorError::ChallengeEnded => Code::ChallengeEnded.into(),
            VerifySecondFactorError::Token(error) => error.into(),
            VerifySecondFactorError::Repository(error) => error.into(),
        }
    }
}

impl From<EnrolMfaError> for ApiError {
    fn from(error: EnrolMfaError) -> Self {
        match error {
            EnrolMfaError::AlreadyActive => Code::MfaActive.into(),
            EnrolMfaError::Password(error) => error.into(),
            EnrolMfaError::Repository(error) => error.into(),
        }
    }
}

impl From<ConfirmMfaError> for ApiError {
    fn from(error: ConfirmMfaError) -> Self {
        match error {
            ConfirmMfaError::NotEnrolled => Code::MfaInactive.into(),
            ConfirmMfaError::AlreadyActive => Code::MfaActive.into(),
            ConfirmMfaError::WrongCode => wrong_code(),
            ConfirmMfaError::Repository(error) => error.into(),
        }
    }
}

impl From<ReplaceRecoveryCodesError> for ApiError {
    fn from(error: ReplaceRecoveryCodesError) -> Self {
        match error {
            ReplaceRecoveryCodesError::NotActive => Code::MfaInactive.into(),
            ReplaceRecoveryCodesError::WrongCode => wrong_code(),
            ReplaceRecoveryCodesError::Repository(error) => error.into(),
        }
    }
}

impl From<TurnOffMfaError> for ApiError {
    fn from(error: TurnOffMfaError) -> Self {
        match error {
            TurnOffMfaError::NotActive => Code::MfaInactive.into(),
            TurnOffMfaError::Required => Code::MfaObligatory.into(),
            TurnOffMfaError::WrongCode => wrong_code(),
            TurnOffMfaError::Password(error) => error.into(),
            TurnOffMfaError::Repository(error) => error.into(),
        }
    }
}

impl From<ResetMfaError> for ApiError {
    fn from(error: ResetMfaError) -> Self {
        match error {
            ResetMfaError::NotActive => Code::MfaInactive.into(),
            ResetMfaError::Refused(refusal) => refusal.into(),
        }
    }
}
