//! Reporting an intervention.

use chrono::Datelike as _;
use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::interventions::{Intervention, InterventionDraft, NewHistoryEntry, NewIntervention, Priority};
use mif_domain::queries::InterventionView;
use mif_domain::repository::RepositoryError;
use mif_domain::technicians::{Technician, TechnicianId};
use mif_domain::unit_of_work::UnitOfWork;

use super::assignee::{hold_technician, require_free};
use super::{InterventionError, InterventionWithSteps, notify};
use crate::Core;
use crate::access::{Action, Actor, Reach, Refusal, policy};
use crate::idempotency::{self, Done, Once};

/// Reports an intervention, perhaps given to somebody at once.
#[derive(Debug)]
pub struct CreateIntervention {
    /// What it is about.
    pub draft: InterventionDraft,
    /// Who gets it.
    pub technician_id: Option<TechnicianId>,
    /// Whether the technician may have something else at that time.
    pub force: bool,
}

impl CreateIntervention {
    /// Dispatchers give it to anybody, a technician to nobody or themselves, a customer to nobody, and only on a machine of
    /// theirs. Can fail with `Denied`, `UnknownEquipment`, `UnknownTechnician`, `PriorityTooHigh`, `SlotTaken` and the
    /// errors of the `Idempotency-Key`.
    #[tracing::instrument(target = "mif_trace", name = "CreateIntervention", skip_all)]
    pub async fn run(
        self,
        core: &Core,
        actor: &Actor,
        once: Option<Once<'_, InterventionWithSteps>>,
    ) -> Result<Done<InterventionWithSteps>, InterventionError> {
        self.check_rights(actor)?;
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        // Before any row is held: a twin waits for the key and is told so, not for the machine.
        if let Some(answer) = idempotency::claim(&mut *work, once.as_ref(), now).await? {
            return Ok(Done::Before(answer));
        }
        // Before the machine, as whoever closes work has them.
        let technician = hold_technician(&mut *work, self.technician_id).await?;
        // Held, because its customer is copied: from then on that decides who sees the work.
        let equipment = work.equipment().find_for_update(self.draft.equipment_id).await?;
        let equipment = equipment.filter(|machine| policy::equipment_scope(actor).admits(machine));
        let equipment = equipment.ok_or(InterventionError::UnknownEquipment)?;
        if let (Some(technician), false) = (&technician, self.force) {
            require_free(&mut *work, technician, self.draft.slot, None).await?;
        }
        let year = u16::try_from(now.year()).map_err(|why| RepositoryError::Corrupt(why.to_string()))?;
        let reference = work.interventions().next_reference(year).await?;
        let new = NewIntervention {
            reference,
            draft: self.draft,
            technician_id: technician.as_ref().map(|technician| technician.id),
            customer_id: equipment.sheet.customer_id,
            author_id: Some(actor.user_id()),
        };
        let made = work.interventions().insert(new, now).await?;
        record(&mut *work, &made, actor, now).await?;
        if let Some(technician) = &technician {
            notify::assigned(&mut *work, &made, technician, actor.user_id(), now).await?;
        }
        let technician_name = match technician {
            Some(technician) => name_of(&mut *work, &technician).await?,
            None => None,
        };
        let view =
            InterventionView { intervention: made, equipment_name: equipment.sheet.name.into(), technician_name };
        let made = InterventionWithSteps::of(view, actor, now);
        idempotency::complete(&mut *work, once.as_ref(), &made).await?;
        work.commit().await?;
        Ok(Done::Now(made))
    }

    fn check_rights(&self, actor: &Actor) -> Result<(), InterventionError> {
        let to_oneself = self.technician_id.is_none() || self.technician_id == actor.technician_id();
        match policy::reach(actor.role(), Action::CreateInterventions) {
            Reach::All => Ok(()),
            Reach::Own if to_oneself => Ok(()),
            Reach::OwnCustomer if self.technician_id.is_none() && self.draft.slot.is_none() => {
                if matches!(self.draft.priority, Priority::Urgent) {
                    return Err(InterventionError::PriorityTooHigh);
                }
                Ok(())
            }
            Reach::Own | Reach::OwnCustomer => Err(Refusal::Denied(Action::DispatchInterventions).into()),
            Reach::Nothing => Err(Refusal::Denied(Action::CreateInterventions).into()),
        }
    }
}

async fn name_of(work: &mut dyn UnitOfWork, technician: &Technician) -> Result<Option<String>, InterventionError> {
    let user = work.users().find_for_update(technician.user_id).await?;
    Ok(user.map(|user| user.full_name.map_or_else(|| user.username.as_str().to_owned(), String::from)))
}

async fn record(
    work: &mut dyn UnitOfWork,
    made: &Intervention,
    actor: &Actor,
    now: mif_domain::Instant,
) -> Result<(), InterventionError> {
    let entry = NewHistoryEntry {
        intervention_id: made.id,
        user_id: Some(actor.user_id()),
        from: None,
        status: made.status,
        remark: None,
        is_internal: false,
        at: now,
    };
    work.interventions().append_history(entry).await?;
    let event = AuditEvent::success(AuditKind::InterventionCreated, actor.origin(), now)
        .on("intervention", made.id.0)
        .with("reference", made.reference.to_string());
    Ok(work.audit().append(event).await?)
}
