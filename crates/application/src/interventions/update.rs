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

/// What a field is a part of: who may write it depends on that.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// What is wanted.
    Wish,
    /// What comes when.
    Plan,
    /// What was done.
    Report,
    /// How well.
    Rating,
}

/// The name of a field that differs, and what it is a part of.
type Changed = (&'static str, Part);

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
            .with("fields", changed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(","));
        work.audit().append(event).await?;
        work.commit().await?;
        shown(core, actor, stored, now).await
    }
}

impl InterventionChanges {
    /// Who may edit what: dispatchers everything but the rating; the technician who has it what they report; the customer
    /// the wish while it is open, and the rating once the work is done.
    fn allowed_to(caller: Caller, before: &Intervention, changed: &[Changed]) -> Result<(), InterventionError> {
        if before.status == Status::Archived && !changed.is_empty() {
            return Err(InterventionError::Archived);
        }
        for (_, part) in changed {
            let allowed = match (caller, part) {
                (Caller::Customer, Part::Rating) if before.status != Status::Closed => {
                    return Err(InterventionError::NotFinished);
                }
                (Caller::Customer, Part::Wish) => before.status == Status::Open,
                (Caller::Dispatcher, Part::Wish | Part::Plan | Part::Report)
                | (Caller::Assignee, Part::Report)
                | (Caller::Customer, Part::Rating) => true,
                (Caller::Dispatcher, Part::Rating)
                | (Caller::Assignee, Part::Wish | Part::Plan | Part::Rating)
                | (Caller::Customer, Part::Plan | Part::Report)
                | (Caller::OtherTechnician, _) => false,
            };
            if !allowed {
                return Err(Refusal::Denied(Action::DispatchInterventions).into());
            }
        }
        Ok(())
    }

    /// Writes the changes. Returns the fields that differ.
    fn apply(self, intervention: &mut Intervention) -> Vec<Changed> {
        let draft = &mut intervention.draft;
        let closing = &mut intervention.closing;
        let applied = [
            (("title", Part::Wish), self.title.apply(&mut draft.title)),
            (("description", Part::Wish), self.description.apply(&mut draft.description)),
            (("kind", Part::Plan), self.kind.apply(&mut draft.kind)),
            (("priority", Part::Plan), self.priority.apply(&mut draft.priority)),
            (("is_urgent", Part::Plan), self.is_urgent.apply(&mut draft.is_urgent)),
            (("due_at", Part::Plan), self.due_at.apply(&mut draft.due_at)),
            (("estimated", Part::Plan), self.estimated.apply(&mut draft.estimated)),
            (("report", Part::Report), self.report.apply(&mut closing.report)),
            (("failure_cause", Part::Report), self.failure_cause.apply(&mut closing.failure_cause)),
            (("downtime", Part::Report), self.downtime.apply(&mut closing.downtime)),
            (("rating", Part::Rating), self.rating.apply(&mut intervention.rating)),
        ];
        applied.into_iter().filter(|(_, changed)| *changed).map(|(field, _)| field).collect()
    }
}

#[cfg(test)]
mod tests {
    use mif_domain::equipment::EquipmentId;
    use mif_domain::interventions::{NewIntervention, Reference};
    use mif_testkit::{T0, an_intervention};

    use super::*;

    /// Whether each part may be written, or the code of the refusal that is not about rights.
    fn outcomes(caller: Caller, status: Status) -> [&'static str; 4] {
        let draft = an_intervention("Fuite", EquipmentId(1)).build();
        let reported = NewIntervention::reported(Reference::new(2026, 1).unwrap(), draft);
        let before = Intervention { status, ..reported.stored_as(InterventionId(1), T0) };
        [Part::Wish, Part::Plan, Part::Report, Part::Rating].map(|part| {
            match InterventionChanges::allowed_to(caller, &before, &[("a field", part)]) {
                Ok(()) => "yes",
                Err(InterventionError::Refused(Refusal::Denied(Action::DispatchInterventions))) => "no",
                Err(InterventionError::Archived) => "archived",
                Err(InterventionError::NotFinished) => "not finished",
                Err(other) => panic!("{other}"),
            }
        })
    }

    #[test]
    fn everybody_edits_their_part_until_it_is_put_away() {
        for status in Status::ALL.iter().copied().filter(|status| *status != Status::Archived) {
            let wish = if status == Status::Open { "yes" } else { "no" };
            let rating = if status == Status::Closed { "yes" } else { "not finished" };
            for (caller, expected) in [
                (Caller::Dispatcher, ["yes", "yes", "yes", "no"]),
                (Caller::Assignee, ["no", "no", "yes", "no"]),
                (Caller::OtherTechnician, ["no", "no", "no", "no"]),
                (Caller::Customer, [wish, "no", "no", rating]),
            ] {
                assert_eq!(outcomes(caller, status), expected, "{caller:?} {status:?}");
                assert_eq!(outcomes(caller, Status::Archived), ["archived"; 4], "{caller:?}");
            }
        }
    }
}
