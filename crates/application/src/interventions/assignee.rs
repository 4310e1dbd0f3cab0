//! The technician who gets work.

use mif_domain::interventions::{InterventionId, Slot};
use mif_domain::technicians::{Technician, TechnicianId};
use mif_domain::unit_of_work::UnitOfWork;

use super::InterventionError;

/// Holds a technician who takes work, so that two dispatchers cannot fill the same hour.
pub(super) async fn hold_technician(
    work: &mut dyn UnitOfWork,
    id: Option<TechnicianId>,
) -> Result<Option<Technician>, InterventionError> {
    let Some(id) = id else { return Ok(None) };
    let technician = work.technicians().find_for_update(id).await?;
    let technician = technician.filter(|technician| technician.archived_at.is_none());
    technician.map(Some).ok_or(InterventionError::UnknownTechnician)
}

/// Refuses a time at which they have something else. Only meaningful while they are held.
pub(super) async fn require_free(
    work: &mut dyn UnitOfWork,
    technician: &Technician,
    slot: Option<Slot>,
    except: Option<InterventionId>,
) -> Result<(), InterventionError> {
    let Some(slot) = slot else { return Ok(()) };
    match work.interventions().find_overlap(technician.id, slot, except).await? {
        Some(taken) => Err(InterventionError::SlotTaken(taken)),
        None => Ok(()),
    }
}
