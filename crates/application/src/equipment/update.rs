//! Changing a machine.

use chrono::NaiveDate;
use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::customers::CustomerId;
use mif_domain::equipment::{
    Criticality, Equipment, EquipmentDraft, EquipmentId, EquipmentStatus, MaintenanceInterval,
};
use mif_domain::repository::{Constraint, RepositoryError};
use mif_domain::text::{Line, Paragraph};
use mif_domain::unit_of_work::NamedLock;
use thiserror::Error;

use super::read::manage;
use crate::access::{Actor, ExpectedVersion, Refusal};
use crate::{Change, Core};

/// What may be changed about a machine: everything that people write. See [`EquipmentDraft`].
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each field is the one of the same name in `EquipmentDraft`")]
pub struct EquipmentChanges {
    pub name: Change<Line<200>>,
    pub code: Change<Option<Line<50>>>,
    pub kind: Change<Line<100>>,
    pub location: Change<Line<200>>,
    pub parent_id: Change<Option<EquipmentId>>,
    pub customer_id: Change<Option<CustomerId>>,
    pub brand: Change<Option<Line<100>>>,
    pub model: Change<Option<Line<100>>>,
    pub serial_number: Change<Option<Line<100>>>,
    pub status: Change<EquipmentStatus>,
    pub criticality: Change<Criticality>,
    pub maintenance_interval: Change<Option<MaintenanceInterval>>,
    pub commissioned_on: Change<Option<NaiveDate>>,
    pub description: Change<Option<Paragraph<4000>>>,
}

/// Changes a machine.
#[derive(Debug)]
pub struct UpdateEquipment {
    /// Which.
    pub id: EquipmentId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
    /// What.
    pub changes: EquipmentChanges,
}

/// Why it was not changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UpdateEquipmentError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A machine cannot be a part of itself.
    #[error("the tree would have a cycle")]
    Cycle,
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
}

impl From<RepositoryError> for UpdateEquipmentError {
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

impl UpdateEquipment {
    /// Changes what was named. Without any difference nothing is written and the version stays.
    #[tracing::instrument(target = "mif_trace", name = "UpdateEquipment", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Equipment, UpdateEquipmentError> {
        manage(core, actor, self.id).await?;
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let new_parent = match self.changes.parent_id {
            Change::Set(parent) => parent,
            Change::Keep => None,
        };
        if new_parent.is_some() {
            // Two moves that are harmless one by one can close a cycle together.
            work.lock(NamedLock::EquipmentTree).await?;
        }
        let mut equipment = work.equipment().find_for_update(self.id).await?.ok_or(Refusal::NotFound)?;
        self.expected_version.check(equipment.version)?;
        let changed = self.changes.apply(&mut equipment.sheet);
        if changed.is_empty() {
            return Ok(equipment);
        }
        if let Some(parent) = new_parent
            && work.equipment().is_within(parent, self.id).await?
        {
            return Err(UpdateEquipmentError::Cycle);
        }
        let stored = work.equipment().update(&equipment, now).await?;
        let event = AuditEvent::success(AuditKind::EquipmentUpdated, actor.origin(), now)
            .on("equipment", stored.id.0)
            .with("fields", changed.join(","));
        work.audit().append(event).await?;
        work.commit().await?;
        Ok(stored)
    }
}

impl EquipmentChanges {
    /// Writes the changes into the sheet. Returns the names of the fields that differ.
    fn apply(self, sheet: &mut EquipmentDraft) -> Vec<&'static str> {
        let applied = [
            ("name", self.name.apply(&mut sheet.name)),
            ("code", self.code.apply(&mut sheet.code)),
            ("kind", self.kind.apply(&mut sheet.kind)),
            ("location", self.location.apply(&mut sheet.location)),
            ("parent_id", self.parent_id.apply(&mut sheet.parent_id)),
            ("customer_id", self.customer_id.apply(&mut sheet.customer_id)),
            ("brand", self.brand.apply(&mut sheet.brand)),
            ("model", self.model.apply(&mut sheet.model)),
            ("serial_number", self.serial_number.apply(&mut sheet.serial_number)),
            ("status", self.status.apply(&mut sheet.status)),
            ("criticality", self.criticality.apply(&mut sheet.criticality)),
            ("maintenance_interval", self.maintenance_interval.apply(&mut sheet.maintenance_interval)),
            ("commissioned_on", self.commissioned_on.apply(&mut sheet.commissioned_on)),
            ("description", self.description.apply(&mut sheet.description)),
        ];
        applied.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
    }
}
