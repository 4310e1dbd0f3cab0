//! Editing an intervention. Its state and its technician change by steps only.

use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::interventions::{
    Caller, Intervention, InterventionId, InterventionKind, Minutes, Priority, Rating, Status,
};
use mif_domain::text::{Line, Paragraph};

use super::read::{hold, shown};
use super::{InterventionError, InterventionWithSteps};
use crate::access::{Action, Actor, ExpectedVersion, Refusal};
use crate::{Change, Core};

/// What may be edited. Who may edit what is said in [`InterventionChanges::allowed_to`].
#[derive(Debug, Clone, Default)]
#[expect(
    missing_docs,
    reason = "each field is the one of the same name in `InterventionDraft`, `Closing` or `Intervention`"
)]
pub struct InterventionChanges {
    pub title: Change<Line<200>>,
    pub description: Change<Option<Paragraph<4000>>>,
    pub kind: Change<InterventionKind>,
    pub priority: Change<Priority>,
    pub is_urgent: Change<bool>,
    pub due_at: Change<Option<Instant>>,
    pub estimated: Change<Option<Minutes>>,
    pub report: Change<Option<Paragraph<8000>>>,
    pub failure_cause: Change<Option<Line<300>>>,
    pub downtime: Change<Option<Minutes>>,
    pub rating: Change<Option<Rating>>,
}

/// Edits an intervention.
#[derive(Debug)]
pub struct UpdateIntervention {
    /// Which.
    pub id: InterventionId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
    /// What.
    pub changes: InterventionChanges,
}

/// The fields that the one who does the work writes.
const REPORTED: [&str; 3] = ["report", "failure_cause", "downtime"];
/// The fields that a customer writes while nobody has begun.
const WISHED: [&str; 2] = ["title", "description"];

impl UpdateIntervention {
    /// Without any difference nothing is written and the version stays. Can fail with `NotFound`, `Denied`, `Stale`,
    /// `Archived` and `NotFinished`.
    #[tracing::instrument(target = "mif_trace", name = "UpdateIntervention", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<InterventionWithSteps, InterventionError> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let (mut intervention, caller) = hold(&mut *work, actor, self.id, self.expected_version).await?;
        let before = intervention.clone();
        let changed = self.changes.apply(&mut intervention);
        InterventionChanges::allowed_to(caller, &before, &changed)?;
        if changed.is_empty() {
            drop(work);
            return shown(core, actor, before, now).await;
        }
        let stored = work.interventions().update(&intervention, now).await?;
        let event = AuditEvent::success(AuditKind::InterventionUpdated, actor.origin(), now)
            .on("intervention", self.id.0)
            .with("fields", changed.join(","));
        work.audit().append(event).await?;
        work.commit().await?;
        shown(core, actor, stored, now).await
    }
}

impl InterventionChanges {
    /// Who may edit what: dispatchers everything but the rating; the technician who has it what they report; the customer
    /// the wish while it is open, and the rating once the work is done.
    fn allowed_to(caller: Caller, before: &Intervention, changed: &[&'static str]) -> Result<(), InterventionError> {
        if before.status == Status::Archived && !changed.is_empty() {
            return Err(InterventionError::Archived);
        }
        for field in changed {
            let allowed = match caller {
                Caller::Dispatcher => *field != "rating",
                Caller::Assignee => REPORTED.contains(field),
                Caller::OtherTechnician => false,
                Caller::Customer if *field == "rating" => {
                    if before.status != Status::Closed {
                        return Err(InterventionError::NotFinished);
                    }
                    true
                }
                Caller::Customer => before.status == Status::Open && WISHED.contains(field),
            };
            if !allowed {
                return Err(Refusal::Denied(Action::DispatchInterventions).into());
            }
        }
        Ok(())
    }

    /// Writes the changes. Returns the names of the fields that differ.
    fn apply(self, intervention: &mut Intervention) -> Vec<&'static str> {
        let draft = &mut intervention.draft;
        let closing = &mut intervention.closing;
        let applied = [
            ("title", self.title.apply(&mut draft.title)),
            ("description", self.description.apply(&mut draft.description)),
            ("kind", self.kind.apply(&mut draft.kind)),
            ("priority", self.priority.apply(&mut draft.priority)),
            ("is_urgent", self.is_urgent.apply(&mut draft.is_urgent)),
            ("due_at", self.due_at.apply(&mut draft.due_at)),
            ("estimated", self.estimated.apply(&mut draft.estimated)),
            ("report", self.report.apply(&mut closing.report)),
            ("failure_cause", self.failure_cause.apply(&mut closing.failure_cause)),
            ("downtime", self.downtime.apply(&mut closing.downtime)),
            ("rating", self.rating.apply(&mut intervention.rating)),
        ];
        applied.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
    }
}
