//! What a document belongs to decides who may do what with it.

use mif_domain::documents::Attachment;
use mif_domain::interventions::{Caller, Intervention};
use mif_domain::queries::EquipmentScope;
use mif_domain::unit_of_work::UnitOfWork;

use crate::Core;
use crate::access::{Action, Actor, Refusal, policy};

/// What a document is, or is to be, attached to, as the actor stands to it.
#[derive(Debug)]
pub(super) enum Standing {
    /// They stand so to the intervention.
    ToWork(Caller, Box<Intervention>),
    /// They see the machine.
    ToMachine,
}

/// Looks at it without holding it: to tell early that an upload is in vain.
pub(super) async fn look(core: &Core, actor: &Actor, attachment: Attachment) -> Result<Standing, Refusal> {
    match attachment {
        Attachment::Intervention(id) => {
            let scope = policy::intervention_scope(actor);
            let view = core.queries.find_intervention(id, scope).await?.ok_or(Refusal::NotFound)?;
            standing(actor, view.intervention)
        }
        Attachment::Equipment(id) => {
            let scope = policy::equipment_scope(actor);
            core.queries.find_equipment(id, scope).await?.ok_or(Refusal::NotFound)?;
            machines(actor)
        }
    }
}

/// Holds it until the unit ends, so that what is decided stays true until the commit.
pub(super) async fn hold(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    attachment: Attachment,
) -> Result<Standing, Refusal> {
    match attachment {
        Attachment::Intervention(id) => {
            let found = work.interventions().find_for_update(id).await?.ok_or(Refusal::NotFound)?;
            standing(actor, found)
        }
        Attachment::Equipment(id) => {
            let found = work.equipment().find_for_update(id).await?.ok_or(Refusal::NotFound)?;
            if policy::equipment_scope(actor).admits(&found) { machines(actor) } else { Err(Refusal::NotFound) }
        }
    }
}

fn standing(actor: &Actor, intervention: Intervention) -> Result<Standing, Refusal> {
    let caller = policy::caller(actor, &intervention).ok_or(Refusal::NotFound)?;
    Ok(Standing::ToWork(caller, Box::new(intervention)))
}

/// Customers see machines, but not what we keep about them.
fn machines(actor: &Actor) -> Result<Standing, Refusal> {
    match policy::document_scope(actor).equipment {
        EquipmentScope::Nothing => Err(Refusal::Denied(Action::ViewDocuments)),
        EquipmentScope::All | EquipmentScope::OfCustomer(_) => Ok(Standing::ToMachine),
    }
}
