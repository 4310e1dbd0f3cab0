//! Taking a step of the life cycle, other than giving work to somebody.

use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::interventions::{Closing, Intervention, InterventionId, NewHistoryEntry, Status, Step};
use mif_domain::repository::Stored;
use mif_domain::text::Paragraph;
use mif_domain::unit_of_work::UnitOfWork;

use super::read::{hold, shown};
use super::{InterventionError, InterventionWithSteps, equipment_state, notify};
use crate::Core;
use crate::access::{Actor, ExpectedVersion};

/// What is wanted: a step, or the state that one leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOrTarget {
    /// This step.
    Step(Step),
    /// Whatever leads here.
    Target(Status),
}

/// Takes a step.
#[derive(Debug)]
pub struct TakeStep {
    /// On which intervention.
    pub id: InterventionId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
    /// What is wanted.
    pub wanted: StepOrTarget,
    /// Why.
    pub remark: Option<Paragraph<2000>>,
    /// Whether the remark is for us alone; by default what staff write is, and what a customer writes is not.
    pub internal: Option<bool>,
    /// What is reported on closing.
    pub closing: Closing,
}

impl TakeStep {
    /// History, audit and notifications are written with it. Can fail with `NotFound`, `Stale`, `Forbidden`, `NotYours`
    /// and `RemarkRequired`.
    #[tracing::instrument(target = "mif_trace", name = "TakeStep", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<InterventionWithSteps, InterventionError> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let (mut intervention, caller) = hold(&mut *work, actor, self.id, self.expected_version).await?;
        let step = match self.wanted {
            StepOrTarget::Step(step) => Some(step),
            StepOrTarget::Target(target) => Step::between(intervention.status, target),
        };
        let step = step.ok_or_else(|| InterventionError::Forbidden {
            current: intervention.status,
            allowed: intervention.allowed_steps(caller, now),
        })?;
        let before = intervention.take_step(step, caller, self.remark.is_some(), now)?;
        let mut technician = None;
        if step == Step::Close {
            // Before anything is written: technicians are locked before accounts, which the history holds.
            if let Some(id) = intervention.technician_id {
                technician = work.technicians().find_for_update(id).await?;
            }
            let Closing { report, failure_cause, downtime } = self.closing;
            let kept = &mut intervention.closing;
            kept.report = report.or(kept.report.take());
            kept.failure_cause = failure_cause.or(kept.failure_cause.take());
            kept.downtime = downtime.or(kept.downtime);
        }
        let stored = work.interventions().update(&intervention, now).await?;
        let internal = caller.writes_internally(self.internal);
        record(&mut *work, &stored, before, step, self.remark, internal, actor, now).await?;
        equipment_state::follow(&mut *work, before, &stored, actor.origin(), now).await?;
        if step == Step::Close {
            notify::closed(&mut *work, &stored, technician.as_ref(), actor.user_id(), now).await?;
        }
        work.commit().await?;
        shown(core, actor, stored, now).await
    }
}

/// History and audit of a step.
#[expect(clippy::too_many_arguments, reason = "an entry has this many parts, and both records need the same ones")]
pub(super) async fn record(
    work: &mut dyn UnitOfWork,
    after: &Intervention,
    before: Status,
    step: Step,
    remark: Option<Paragraph<2000>>,
    internal: bool,
    actor: &Actor,
    at: Instant,
) -> Stored<()> {
    let entry = NewHistoryEntry {
        intervention_id: after.id,
        user_id: Some(actor.user_id()),
        from: Some(before),
        status: after.status,
        is_internal: internal && remark.is_some(),
        remark,
        at,
    };
    work.interventions().append_history(entry).await?;
    let event = AuditEvent::success(AuditKind::InterventionTransition, actor.origin(), at)
        .on("intervention", after.id.0)
        .with("step", step.as_str())
        .with("from", before.as_str())
        .with("to", after.status.as_str());
    work.audit().append(event).await
}
