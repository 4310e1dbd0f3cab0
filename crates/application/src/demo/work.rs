//! Writing the work down, through the life cycle that everybody else goes through.

use chrono::Datelike as _;
use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::customers::CustomerId;
use mif_domain::equipment::EquipmentStatus;
use mif_domain::interventions::{
    Caller, Closing, Intervention, InterventionDraft, InterventionKind, NewHistoryEntry, NewIntervention, Priority,
    Rating, Status, Step,
};
use mif_domain::technicians::TechnicianId;
use mif_domain::text::Paragraph;
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::UserId;

use super::machines::Machine;
use super::people::People;
use super::{Moments, SeedDemoError, data};

/// Something that happened to an intervention.
#[derive(Debug)]
pub(super) struct Happening {
    pub(super) at: Instant,
    pub(super) by: UserId,
    pub(super) what: What,
    pub(super) remark: Option<&'static str>,
    pub(super) is_internal: bool,
}

/// What can happen.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// A step of the life cycle.
    Step(Step, Caller),
    /// One that gives the work to somebody.
    Gift(Step, Caller, TechnicianId),
    /// Something is said.
    Comment,
    /// The customer says how content they are.
    Rating(Rating),
}

/// The whole life of an intervention, the part that has not happened yet included.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) at: Instant,
    /// The place of its machine in the park.
    pub(super) machine: usize,
    pub(super) draft: InterventionDraft,
    pub(super) author: UserId,
    /// Who had it from the beginning.
    pub(super) technician: Option<TechnicianId>,
    pub(super) closing: Closing,
    pub(super) happenings: Vec<Happening>,
}

/// Writes what has happened by now, oldest first, and lets the machines follow. Returns how many interventions there are.
pub(super) async fn seed(
    work: &mut dyn UnitOfWork,
    people: &People,
    mut machines: Vec<Machine>,
    mut stories: Vec<Story>,
    moments: Moments,
) -> Result<usize, SeedDemoError> {
    stories.sort_by_key(|story| (story.at, story.machine));
    let count = stories.len();
    for story in stories {
        let Some(machine) = machines.get_mut(story.machine) else { continue };
        let customer = machine.customer.and_then(|index| people.customers.get(index)).copied();
        let written = write(work, story, customer, moments.now).await?;
        follow(work, machine, &written).await?;
    }
    Ok(count)
}

async fn write(
    work: &mut dyn UnitOfWork,
    story: Story,
    customer: Option<CustomerId>,
    now: Instant,
) -> Result<Intervention, SeedDemoError> {
    let reference = work.interventions().next_reference(u16::try_from(story.at.year()).map_err(data)?).await?;
    let author_id = Some(story.author);
    let Story { at, draft, technician: technician_id, closing, mut happenings, .. } = story;
    let new = NewIntervention { reference, draft, technician_id, customer_id: customer, author_id };
    let mut intervention = work.interventions().insert(new, at).await?;
    let made = AuditEvent::success(AuditKind::InterventionCreated, AuditOrigin::default(), now)
        .on("intervention", intervention.id.0)
        .with("reference", reference.to_string());
    work.audit().append(made).await?;
    let first = NewHistoryEntry {
        intervention_id: intervention.id,
        user_id: author_id,
        from: None,
        status: intervention.status,
        remark: None,
        is_internal: false,
        at,
    };
    work.interventions().append_history(first).await?;

    let mut changed_at = None;
    happenings.sort_by_key(|happening| happening.at);
    for happening in happenings.into_iter().filter(|happening| happening.at <= now) {
        let (at, is_comment) = (happening.at, matches!(happening.what, What::Comment));
        let is_rating = matches!(happening.what, What::Rating(_));
        let from = apply(&mut intervention, &happening, &closing)?;
        if !is_comment {
            changed_at = Some(at);
        }
        if !is_rating {
            let entry = NewHistoryEntry {
                intervention_id: intervention.id,
                user_id: Some(happening.by),
                from,
                status: intervention.status,
                remark: happening.remark.map(Paragraph::parse).transpose()?,
                is_internal: happening.is_internal && happening.remark.is_some(),
                at,
            };
            work.interventions().append_history(entry).await?;
        }
    }
    match changed_at {
        Some(at) => Ok(work.interventions().update(&intervention, at).await?),
        None => Ok(intervention),
    }
}

/// Lets something happen. Returns the state before, when it was a step.
fn apply(
    intervention: &mut Intervention,
    happening: &Happening,
    closing: &Closing,
) -> Result<Option<Status>, SeedDemoError> {
    let mut step = |step, caller| {
        let reference = intervention.reference;
        let taken = intervention.take_step(step, caller, happening.remark.is_some(), happening.at);
        taken.map_err(|why| data(format!("{reference}: {step:?} is {why}")))
    };
    match happening.what {
        What::Step(taken, caller) => {
            let before = step(taken, caller)?;
            if taken == Step::Close {
                intervention.closing = closing.clone();
            }
            Ok(Some(before))
        }
        What::Gift(taken, caller, technician) => {
            let before = step(taken, caller)?;
            intervention.technician_id = Some(technician);
            Ok(Some(before))
        }
        What::Comment => Ok(None),
        What::Rating(rating) => {
            intervention.rating = Some(rating);
            Ok(None)
        }
    }
}

/// A corrective under way keeps its machine in maintenance; one that waits and is pressing means that it is down.
async fn follow(work: &mut dyn UnitOfWork, machine: &mut Machine, written: &Intervention) -> Result<(), SeedDemoError> {
    if written.draft.kind != InterventionKind::Corrective {
        return Ok(());
    }
    let pressing = written.draft.is_urgent || matches!(written.draft.priority, Priority::Urgent | Priority::High);
    let status = match written.status {
        Status::InProgress | Status::OnHold => EquipmentStatus::Maintenance,
        Status::Open | Status::Assigned if pressing => EquipmentStatus::Failed,
        _ => return Ok(()),
    };
    let equipment = &mut machine.equipment;
    let moves = match equipment.sheet.status {
        EquipmentStatus::Operational => true,
        EquipmentStatus::Failed => status == EquipmentStatus::Maintenance,
        EquipmentStatus::Maintenance | EquipmentStatus::Retired => false,
    };
    if moves {
        equipment.sheet.status = status;
        *equipment = work.equipment().update(equipment, written.updated_at).await?;
    }
    Ok(())
}
