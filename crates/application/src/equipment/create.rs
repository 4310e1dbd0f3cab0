//! Entering a machine.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::equipment::{Equipment, EquipmentDraft};
use mif_domain::repository::{Constraint, RepositoryError};
use thiserror::Error;

use crate::Core;
use crate::access::{Action, Actor, Refusal, policy};
use crate::idempotency::{self, Done, IdempotencyError, Once};

/// Enters a machine.
#[derive(Debug)]
pub struct CreateEquipment {
    /// Everything about it.
    pub sheet: EquipmentDraft,
}

/// Why it was not entered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CreateEquipmentError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Another machine has this code.
    #[error("the code is taken")]
    CodeTaken,
    /// Another machine has this serial number.
    #[error("the serial number is taken")]
    SerialNumberTaken,
    /// There is no such customer.
    #[error("there is no such customer")]
    UnknownCustomer,
    /// There is no such parent.
    #[error("there is no such parent")]
    UnknownParent,
    /// The `Idempotency-Key` cannot be used.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
}

impl From<RepositoryError> for CreateEquipmentError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Conflict(Constraint::EquipmentCodeTaken) => Self::CodeTaken,
            RepositoryError::Conflict(Constraint::SerialNumberTaken) => Self::SerialNumberTaken,
            RepositoryError::Conflict(Constraint::UnknownCustomer) => Self::UnknownCustomer,
            RepositoryError::Conflict(Constraint::UnknownParent) => Self::UnknownParent,
            other => Self::Refused(other.into()),
        }
    }
}

impl CreateEquipment {
    /// Enters the machine, once. A new machine cannot close a cycle: nothing stands below it yet.
    #[tracing::instrument(target = "mif_trace", name = "CreateEquipment", skip_all)]
    pub async fn run(
        self,
        core: &Core,
        actor: &Actor,
        once: Option<Once<'_, Equipment>>,
    ) -> Result<Done<Equipment>, CreateEquipmentError> {
        policy::permit(actor, Action::ManageEquipment)?;
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        if let Some(answer) = idempotency::claim(&mut *work, once.as_ref(), now).await? {
            return Ok(Done::Before(answer));
        }
        let equipment = work.equipment().insert(self.sheet, now).await?;
        let event = AuditEvent::success(AuditKind::EquipmentCreated, actor.origin(), now);
        work.audit().append(event.on("equipment", equipment.id.0)).await?;
        idempotency::complete(&mut *work, once.as_ref(), &equipment).await?;
        work.commit().await?;
        Ok(Done::Now(equipment))
    }
}
