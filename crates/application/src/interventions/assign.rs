//! Giving work to somebody, or taking it oneself.

use mif_domain::interventions::{InterventionId, Step};
use mif_domain::technicians::TechnicianId;

use super::assignee::{hold_technician, require_free};
use super::read::{hold, shown};
use super::{InterventionError, InterventionWithSteps, notify, step};
use crate::Core;
use crate::access::{Action, Actor, ExpectedVersion, Refusal};

/// Gives an intervention to a technician.
#[derive(Debug, Clone, Copy)]
pub struct AssignIntervention {
    /// Which.
    pub id: InterventionId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
    /// To whom.
    pub technician_id: TechnicianId,
    /// Whether they may have something else at that time.
    pub force: bool,
}

impl AssignIntervention {
    /// For dispatchers. Can fail with `NotFound`, `NotYours`, `Stale`, `Forbidden`, `UnknownTechnician` and `SlotTaken`.
    #[tracing::instrument(target = "mif_trace", name = "AssignIntervention", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<InterventionWithSteps, InterventionError> {
        let Self { id, expected_version, technician_id, force } = self;
        give(core, actor, Gift { id, expected_version, to: Some(technician_id), force }).await
    }
}

/// Takes an intervention that is given to nobody.
#[derive(Debug, Clone, Copy)]
pub struct TakeIntervention {
    /// Which.
    pub id: InterventionId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
}

impl TakeIntervention {
    /// For technicians: of two who reach for it, one gets it. Can fail with `NotFound`, `Denied`, `Stale`, `Forbidden` and
    /// `SlotTaken`.
    #[tracing::instrument(target = "mif_trace", name = "TakeIntervention", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<InterventionWithSteps, InterventionError> {
        give(core, actor, Gift { id: self.id, expected_version: self.expected_version, to: None, force: false }).await
    }
}

/// What both have in common.
struct Gift {
    id: InterventionId,
    expected_version: ExpectedVersion,
    /// `None`: to the actor.
    to: Option<TechnicianId>,
    force: bool,
}

async fn give(core: &Core, actor: &Actor, wanted: Gift) -> Result<InterventionWithSteps, InterventionError> {
    let mut work = core.work.begin().await?;
    let now = core.clock.now();
    let (mut intervention, caller) = hold(&mut *work, actor, wanted.id, wanted.expected_version).await?;
    let taken = if wanted.to.is_some() { Step::Assign } else { Step::Take };
    let to = wanted.to.or(actor.technician_id()).ok_or(Refusal::Denied(Action::ViewInterventions))?;
    let before = intervention.take_step(taken, caller, false, now)?;
    let technician = hold_technician(&mut *work, Some(to)).await?;
    let technician = technician.ok_or(InterventionError::UnknownTechnician)?;
    if !wanted.force {
        require_free(&mut *work, &technician, intervention.draft.slot, Some(intervention.id)).await?;
    }
    intervention.technician_id = Some(technician.id);
    let stored = work.interventions().update(&intervention, now).await?;
    step::record(&mut *work, &stored, before, taken, None, false, actor, now).await?;
    notify::assigned(&mut *work, &stored, &technician, actor.user_id(), now).await?;
    work.commit().await?;
    shown(core, actor, stored, now).await
}
