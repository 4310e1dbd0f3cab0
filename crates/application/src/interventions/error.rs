//! Why nothing was done to an intervention. The use cases of this folder begin alike and fail alike; which of these can
//! happen, each says itself.

use mif_domain::interventions::{SlotConflict, Status, Step, StepError};
use mif_domain::repository::{Constraint, RepositoryError};
use thiserror::Error;

use crate::access::Refusal;
use crate::idempotency::IdempotencyError;

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InterventionError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The actor may take such steps, but not on this one.
    #[error("not for this caller")]
    NotYours,
    /// Its state does not allow it.
    #[error("not allowed in the state {current:?}")]
    Forbidden {
        /// The state it is in.
        current: Status,
        /// What the caller may do now.
        allowed: Vec<Step>,
    },
    /// The step needs a reason.
    #[error("a remark is required")]
    RemarkRequired,
    /// It was put away: nothing about it changes any more.
    #[error("the intervention is archived")]
    Archived,
    /// A customer rates finished work only.
    #[error("only finished work can be rated")]
    NotFinished,
    /// The technician has something else at that time.
    #[error("the technician has {} at that time", .0.reference)]
    SlotTaken(SlotConflict),
    /// There is no such machine that the actor may see.
    #[error("no such equipment")]
    UnknownEquipment,
    /// There is no such technician who takes work.
    #[error("no such technician")]
    UnknownTechnician,
    /// Customers do not choose this priority.
    #[error("not a priority for customers")]
    PriorityTooHigh,
    /// The `Idempotency-Key` cannot be used.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
}

impl From<RepositoryError> for InterventionError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Conflict(Constraint::UnknownEquipment) => Self::UnknownEquipment,
            other => Self::Refused(other.into()),
        }
    }
}

impl From<StepError> for InterventionError {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Forbidden { current, allowed } => Self::Forbidden { current, allowed },
            StepError::NotYours => Self::NotYours,
            StepError::RemarkRequired => Self::RemarkRequired,
        }
    }
}
