//! Customers and technicians.

use mif_application::customers::{CreateCustomerError, DeleteCustomerError};
use mif_application::technicians::{
    CreateSkillError, CreateTechnicianError, GetTechnicianLoadError, SetSkillsError, UpdateTechnicianError,
};

use crate::problem::{ApiError, Code, FieldProblem};

impl From<CreateCustomerError> for ApiError {
    fn from(error: CreateCustomerError) -> Self {
        match error {
            CreateCustomerError::Refused(refusal) => refusal.into(),
            CreateCustomerError::Idempotency(error) => error.into(),
        }
    }
}

impl From<DeleteCustomerError> for ApiError {
    fn from(error: DeleteCustomerError) -> Self {
        match error {
            DeleteCustomerError::Refused(refusal) => refusal.into(),
            DeleteCustomerError::InUse => Code::CustomerInUse.into(),
        }
    }
}

impl From<CreateTechnicianError> for ApiError {
    fn from(error: CreateTechnicianError) -> Self {
        match error {
            CreateTechnicianError::Refused(refusal) => refusal.into(),
            CreateTechnicianError::NotATechnician => Self::field("user_id", FieldProblem::UnknownReference),
            CreateTechnicianError::Exists => Code::TechnicianExists.into(),
            CreateTechnicianError::Idempotency(error) => error.into(),
        }
    }
}

impl From<UpdateTechnicianError> for ApiError {
    fn from(error: UpdateTechnicianError) -> Self {
        match error {
            UpdateTechnicianError::Refused(refusal) => refusal.into(),
            UpdateTechnicianError::OpenWork => Code::TechnicianBusy.into(),
            UpdateTechnicianError::NotATechnician => {
                let why =
                    FieldProblem::Format("exige un compte de rôle technicien", "needs an account of role technicien");
                Self::field("archive", why)
            }
        }
    }
}

impl From<GetTechnicianLoadError> for ApiError {
    fn from(error: GetTechnicianLoadError) -> Self {
        match error {
            GetTechnicianLoadError::Refused(refusal) => refusal.into(),
            GetTechnicianLoadError::EmptyPeriod => {
                Self::field("au", FieldProblem::Format("doit être après du", "must be after du"))
            }
        }
    }
}

impl From<SetSkillsError> for ApiError {
    fn from(error: SetSkillsError) -> Self {
        match error {
            SetSkillsError::Refused(refusal) => refusal.into(),
            SetSkillsError::TooMany => {
                Self::field(".", FieldProblem::Format("compte au plus 50 compétences", "has at most 50 skills"))
            }
            SetSkillsError::Duplicate(index) => {
                Self::field(&format!("[{index}].competence_id"), FieldProblem::Duplicate)
            }
            SetSkillsError::UnknownSkill => Self::field("competence_id", FieldProblem::UnknownReference),
        }
    }
}

impl From<CreateSkillError> for ApiError {
    fn from(error: CreateSkillError) -> Self {
        match error {
            CreateSkillError::Refused(refusal) => refusal.into(),
            CreateSkillError::NameTaken => Code::SkillExists.into(),
            CreateSkillError::Idempotency(error) => error.into(),
        }
    }
}
