//! Planning an intervention: drag and drop.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::interventions::{InterventionId, Slot};

use super::assignee::{hold_technician, require_free};
use super::read::{hold, shown};
use super::{InterventionError, InterventionWithSteps};
use crate::Core;
use crate::access::{Action, Actor, ExpectedVersion, policy};

/// Moves an intervention to another time, or takes its time away.
#[derive(Debug, Clone, Copy)]
pub struct MoveSlot {
    /// Which.
    pub id: InterventionId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
    /// When; `None` for no time at all.
    pub slot: Option<Slot>,
    /// Whether the technician may have something else at that time.
    pub force: bool,
}

impl MoveSlot {
    /// For dispatchers. Can fail with `NotFound`, `Denied`, `Stale`, `Forbidden` and `SlotTaken`.
    #[tracing::instrument(target = "mif_trace", name = "MoveSlot", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<InterventionWithSteps, InterventionError> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let (mut intervention, caller) = hold(&mut *work, actor, self.id, self.expected_version).await?;
        policy::permit(actor, Action::DispatchInterventions)?;
        if !intervention.status.is_open_work() {
            let allowed = intervention.allowed_steps(caller, now);
            return Err(InterventionError::Forbidden { current: intervention.status, allowed });
        }
        let held = match hold_technician(&mut *work, intervention.technician_id).await {
            // One who takes no work any more keeps what they have; it can still be moved.
            Err(InterventionError::UnknownTechnician) => None,
            other => other?,
        };
        if let (Some(technician), false) = (held, self.force) {
            require_free(&mut *work, &technician, self.slot, Some(self.id)).await?;
        }
        intervention.draft.slot = self.slot;
        let stored = work.interventions().update(&intervention, now).await?;
        let event = AuditEvent::success(AuditKind::InterventionUpdated, actor.origin(), now)
            .on("intervention", self.id.0)
            .with("fields", "slot");
        work.audit().append(event).await?;
        work.commit().await?;
        shown(core, actor, stored, now).await
    }
}
