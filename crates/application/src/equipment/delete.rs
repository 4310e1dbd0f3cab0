//! Deleting a machine that was entered by mistake. One with a history is retired instead.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::equipment::EquipmentId;
use mif_domain::repository::{Constraint, RepositoryError};
use thiserror::Error;

use super::read::manage;
use crate::Core;
use crate::access::{Actor, ExpectedVersion, Refusal};

/// Deletes a machine.
#[derive(Debug, Clone, Copy)]
pub struct DeleteEquipment {
    /// Which.
    pub id: EquipmentId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
}

/// Why it was not deleted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeleteEquipmentError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something points at it: retire it instead.
    #[error("the equipment is in use")]
    InUse,
}

impl From<RepositoryError> for DeleteEquipmentError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Conflict(Constraint::StillReferenced) => Self::InUse,
            other => Self::Refused(other.into()),
        }
    }
}

impl DeleteEquipment {
    /// Deletes the machine; the audit trail keeps its name.
    #[tracing::instrument(target = "mif_trace", name = "DeleteEquipment", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<(), DeleteEquipmentError> {
        manage(core, actor, self.id).await?;
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let equipment = work.equipment().find_for_update(self.id).await?.ok_or(Refusal::NotFound)?;
        self.expected_version.check(equipment.version)?;
        work.equipment().delete(self.id, equipment.version).await?;
        let event = AuditEvent::success(AuditKind::EquipmentDeleted, actor.origin(), now)
            .on("equipment", self.id.0)
            .with("name", equipment.sheet.name.as_str());
        work.audit().append(event).await?;
        work.commit().await?;
        Ok(())
    }
}
