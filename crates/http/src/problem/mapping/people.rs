//! Customers, technicians, and what people were told.

use mif_application::customers::{CreateCustomerError, DeleteCustomerError, GetCustomerError, UpdateCustomerError};
use mif_application::notifications::{ListNotificationsError, MarkReadError};
use mif_application::technicians::{
    CreateSkillError, CreateTechnicianError, GetTechnicianError, GetTechnicianLoadError, ListSkillsError,
    ListTechniciansError, SetSkillsError, UpdateTechnicianError,
};

use crate::problem::{ApiError, Code, FieldProblem};

impl From<GetCustomerError> for ApiError {
    fn from(error: GetCustomerError) -> Self {
        match error {
            GetCustomerError::NotFound => Code::NotFound.into(),
            GetCustomerError::Repository(error) => error.into(),
        }
    }
}

impl From<CreateCustomerError> for ApiError {
    fn from(error: CreateCustomerError) -> Self {
        match error {
            CreateCustomerError::Denied(denied) => denied.into(),
            CreateCustomerError::Idempotency(error) => error.into(),
            CreateCustomerError::Repository(error) => error.into(),
        }
    }
}

impl From<UpdateCustomerError> for ApiError {
    fn from(error: UpdateCustomerError) -> Self {
        match error {
            UpdateCustomerError::NotFound => Code::NotFound.into(),
            UpdateCustomerError::Denied(denied) => denied.into(),
            UpdateCustomerError::Stale => Code::StaleVersion.into(),
            UpdateCustomerError::Repository(error) => error.into(),
        }
    }
}

impl From<DeleteCustomerError> for ApiError {
    fn from(error: DeleteCustomerError) -> Self {
        match error {
            DeleteCustomerError::NotFound => Code::NotFound.into(),
            DeleteCustomerError::Denied(denied) => denied.into(),
            DeleteCustomerError::Stale => Code::StaleVersion.into(),
            DeleteCustomerError::InUse => Code::CustomerInUse.into(),
            DeleteCustomerError::Repository(error) => error.into(),
        }
    }
}

impl From<GetTechnicianError> for ApiError {
    fn from(error: GetTechnicianError) -> Self {
        match error {
            GetTechnicianError::NotFound => Code::NotFound.into(),
            GetTechnicianError::Denied(denied) => denied.into(),
            GetTechnicianError::Repository(error) => error.into(),
        }
    }
}

impl From<ListTechniciansError> for ApiError {
    fn from(error: ListTechniciansError) -> Self {
        match error {
            ListTechniciansError::Denied(denied) => denied.into(),
            ListTechniciansError::Repository(error) => error.into(),
        }
    }
}

impl From<CreateTechnicianError> for ApiError {
    fn from(error: CreateTechnicianError) -> Self {
        match error {
            CreateTechnicianError::Denied(denied) => denied.into(),
            CreateTechnicianError::NotATechnician => Self::field("user_id", FieldProblem::UnknownReference),
            CreateTechnicianError::Exists => Code::TechnicianExists.into(),
            CreateTechnicianError::Idempotency(error) => error.into(),
            CreateTechnicianError::Repository(error) => error.into(),
        }
    }
}

impl From<UpdateTechnicianError> for ApiError {
    fn from(error: UpdateTechnicianError) -> Self {
        match error {
            UpdateTechnicianError::NotFound => Code::NotFound.into(),
            UpdateTechnicianError::Denied(denied) => denied.into(),
            UpdateTechnicianError::Stale => Code::StaleVersion.into(),
            UpdateTechnicianError::OpenWork => Code::TechnicianBusy.into(),
            UpdateTechnicianError::NotATechnician => {
                let why =
                    FieldProblem::Format("exige un compte de rôle technicien", "needs an account of role technicien");
                Self::field("archive", why)
            }
            UpdateTechnicianError::Repository(error) => error.into(),
        }
    }
}

impl From<GetTechnicianLoadError> for ApiError {
    fn from(error: GetTechnicianLoadError) -> Self {
        match error {
            GetTechnicianLoadError::NotFound => Code::NotFound.into(),
            GetTechnicianLoadError::Denied(denied) => denied.into(),
            GetTechnicianLoadError::EmptyPeriod => {
                Self::field("au", FieldProblem::Format("doit être après du", "must be after du"))
            }
            GetTechnicianLoadError::Repository(error) => error.into(),
        }
    }
}

impl From<SetSkillsError> for ApiError {
    fn from(error: SetSkillsError) -> Self {
        match error {
            SetSkillsError::NotFound => Code::NotFound.into(),
            SetSkillsError::Denied(denied) => denied.into(),
            SetSkillsError::Stale => Code::StaleVersion.into(),
            SetSkillsError::TooMany => {
                Self::field(".", FieldProblem::Format("compte au plus 50 compétences", "has at most 50 skills"))
            }
            SetSkillsError::Duplicate(index) => {
                Self::field(&format!("[{index}].competence_id"), FieldProblem::Duplicate)
            }
            SetSkillsError::UnknownSkill => Self::field("competence_id", FieldProblem::UnknownReference),
            SetSkillsError::Repository(error) => error.into(),
        }
    }
}

impl From<CreateSkillError> for ApiError {
    fn from(error: CreateSkillError) -> Self {
        match error {
            CreateSkillError::Denied(denied) => denied.into(),
            CreateSkillError::NameTaken => Code::SkillExists.into(),
            CreateSkillError::Idempotency(error) => error.into(),
            CreateSkillError::Repository(error) => error.into(),
        }
    }
}

impl From<ListSkillsError> for ApiError {
    fn from(error: ListSkillsError) -> Self {
        match error {
            ListSkillsError::Denied(denied) => denied.into(),
            ListSkillsError::Repository(error) => error.into(),
        }
    }
}

impl From<ListNotificationsError> for ApiError {
    fn from(error: ListNotificationsError) -> Self {
        match error {
            ListNotificationsError::NotFound => Code::NotFound.into(),
            ListNotificationsError::Repository(error) => error.into(),
        }
    }
}

impl From<MarkReadError> for ApiError {
    fn from(error: MarkReadError) -> Self {
        match error {
            MarkReadError::NotFound => Code::NotFound.into(),
            MarkReadError::Repository(error) => error.into(),
        }
    }
}
