//! From the errors of use cases to codes: exhaustive, so that a new way to fail cannot be forgotten.

mod documents;
mod interventions;
mod letters;
mod mfa;
mod people;

use mif_application::access::Refusal;
use mif_application::auth::{AuthenticateError, ChangePasswordError, LogInError, RefreshError};
use mif_application::equipment::{
    CreateEquipmentError, DeleteEquipmentError, ImportEquipmentError, UpdateEquipmentError,
};
use mif_application::idempotency::IdempotencyError;
use mif_application::users::{CreateUserError, SetPasswordError, UpdateProfileError, UpdateUserError};
use mif_domain::RepositoryError;
use mif_domain::sessions::TokenError;
use mif_domain::users::{HasherBusy, PasswordRule};

use super::{ApiError, Code, FieldError, FieldProblem};
use crate::wire::equipment_csv::Faults;

impl From<RepositoryError> for ApiError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Unavailable(_) => Self::fault(Code::Unavailable, &error),
            RepositoryError::Stale => Self::from(Code::ChangedMeanwhile),
            RepositoryError::Conflict(_) | RepositoryError::Corrupt(_) => Self::fault(Code::Internal, &error),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Code::NotFound.into(),
            Refusal::Denied(_) => Code::Denied.into(),
            Refusal::Stale => Code::StaleVersion.into(),
            Refusal::Repository(error) => error.into(),
        }
    }
}

impl From<HasherBusy> for ApiError {
    fn from(error: HasherBusy) -> Self {
        Self::fault(Code::Unavailable, &error)
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        Self::fault(Code::Internal, &error)
    }
}

impl From<AuthenticateError> for ApiError {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Expired => Code::ExpiredToken.into(),
            AuthenticateError::Invalid => Code::InvalidToken.into(),
            AuthenticateError::SessionEnded => Code::SessionEnded.into(),
            AuthenticateError::NoKey => Self::fault(Code::Unavailable, &error),
            AuthenticateError::Repository(error) => error.into(),
        }
    }
}

impl From<LogInError> for ApiError {
    fn from(error: LogInError) -> Self {
        match error {
            LogInError::Refused => Code::BadCredentials.into(),
            LogInError::SecondFactorNeeded(token) => Self::from(Code::MfaNeeded).with_member("defi", token.expose()),
            LogInError::Busy(error) => error.into(),
            LogInError::Token(error) => error.into(),
            LogInError::Repository(error) => error.into(),
        }
    }
}

impl From<RefreshError> for ApiError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Refused => Code::BadRefreshToken.into(),
            RefreshError::Token(error) => error.into(),
            RefreshError::Repository(error) => error.into(),
        }
    }
}

/// Every broken rule of the policy, on the field that holds the password.
fn weak(field: &str, broken: Vec<PasswordRule>) -> ApiError {
    let errors =
        broken.into_iter().map(|rule| FieldError { name: field.to_owned(), problem: FieldProblem::Password(rule) });
    ApiError::invalid(errors.collect())
}

impl From<ChangePasswordError> for ApiError {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::WrongPassword => Self::field("current_password", FieldProblem::WrongPassword),
            ChangePasswordError::Weak(broken) => weak("new_password", broken),
            ChangePasswordError::ChangedMeanwhile => Code::ChangedMeanwhile.into(),
            ChangePasswordError::Busy(error) => error.into(),
            ChangePasswordError::Repository(error) => error.into(),
        }
    }
}

impl From<CreateUserError> for ApiError {
    fn from(error: CreateUserError) -> Self {
        match error {
            CreateUserError::Refused(refusal) => refusal.into(),
            CreateUserError::UsernameTaken => Code::UsernameTaken.into(),
            CreateUserError::EmailTaken => Code::EmailTaken.into(),
            CreateUserError::UnknownCustomer => Self::field("client_id", FieldProblem::UnknownReference),
            CreateUserError::Weak(broken) => weak("password", broken),
            CreateUserError::Busy(error) => error.into(),
        }
    }
}

impl From<UpdateUserError> for ApiError {
    fn from(error: UpdateUserError) -> Self {
        match error {
            UpdateUserError::Refused(refusal) => refusal.into(),
            UpdateUserError::LastAdmin => Code::LastAdmin.into(),
            UpdateUserError::OpenWork => Code::TechnicianBusy.into(),
            UpdateUserError::UsernameTaken => Code::UsernameTaken.into(),
            UpdateUserError::EmailTaken => Code::EmailTaken.into(),
            UpdateUserError::UnknownCustomer => Self::field("client_id", FieldProblem::UnknownReference),
        }
    }
}

impl From<SetPasswordError> for ApiError {
    fn from(error: SetPasswordError) -> Self {
        match error {
            SetPasswordError::Refused(refusal) => refusal.into(),
            SetPasswordError::Weak(broken) => weak("password", broken),
            SetPasswordError::ChangedMeanwhile => Code::ChangedMeanwhile.into(),
            SetPasswordError::Busy(error) => error.into(),
        }
    }
}

impl From<UpdateProfileError> for ApiError {
    fn from(error: UpdateProfileError) -> Self {
        match error {
            UpdateProfileError::Refused(refusal) => refusal.into(),
            UpdateProfileError::PasswordNeeded => Self::field("current_password", FieldProblem::Missing),
            UpdateProfileError::Password(ChangePasswordError::Weak(broken)) => weak("password", broken),
            UpdateProfileError::Password(error) => error.into(),
            UpdateProfileError::EmailTaken => Code::EmailTaken.into(),
        }
    }
}

impl From<IdempotencyError> for ApiError {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::Mismatch => Code::KeyReused.into(),
            IdempotencyError::InProgress => Code::StillRunning.into(),
            IdempotencyError::Repository(error) => error.into(),
        }
    }
}

impl From<CreateEquipmentError> for ApiError {
    fn from(error: CreateEquipmentError) -> Self {
        match error {
            CreateEquipmentError::Refused(refusal) => refusal.into(),
            CreateEquipmentError::CodeTaken => Code::EquipmentCodeTaken.into(),
            CreateEquipmentError::SerialNumberTaken => Code::SerialNumberTaken.into(),
            CreateEquipmentError::UnknownCustomer => Self::field("client_id", FieldProblem::UnknownReference),
            CreateEquipmentError::UnknownParent => Self::field("parent_id", FieldProblem::UnknownReference),
            CreateEquipmentError::Idempotency(error) => error.into(),
        }
    }
}

impl From<ImportEquipmentError> for ApiError {
    fn from(error: ImportEquipmentError) -> Self {
        match error {
            ImportEquipmentError::Refused(refusal) => refusal.into(),
            ImportEquipmentError::Rows(errors) => Faults::found(0, &errors).into(),
            ImportEquipmentError::ChangedMeanwhile => Code::ChangedMeanwhile.into(),
            ImportEquipmentError::Idempotency(error) => error.into(),
        }
    }
}

impl From<UpdateEquipmentError> for ApiError {
    fn from(error: UpdateEquipmentError) -> Self {
        match error {
            UpdateEquipmentError::Refused(refusal) => refusal.into(),
            UpdateEquipmentError::Cycle => Code::EquipmentCycle.into(),
            UpdateEquipmentError::CodeTaken => Code::EquipmentCodeTaken.into(),
            UpdateEquipmentError::SerialNumberTaken => Code::SerialNumberTaken.into(),
            UpdateEquipmentError::UnknownCustomer => Self::field("client_id", FieldProblem::UnknownReference),
            UpdateEquipmentError::UnknownParent => Self::field("parent_id", FieldProblem::UnknownReference),
        }
    }
}

impl From<DeleteEquipmentError> for ApiError {
    fn from(error: DeleteEquipmentError) -> Self {
        match error {
            DeleteEquipmentError::Refused(refusal) => refusal.into(),
            DeleteEquipmentError::InUse => Code::EquipmentInUse.into(),
        }
    }
}
