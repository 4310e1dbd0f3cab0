//! The machine follows the work: a corrective under way puts it into maintenance, the last one finished brings it back.

use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::equipment::EquipmentStatus;
use mif_domain::interventions::{Intervention, InterventionKind, Status};
use mif_domain::repository::Stored;
use mif_domain::unit_of_work::UnitOfWork;

/// To be called after a step of the life cycle was written.
pub(super) async fn follow(
    work: &mut dyn UnitOfWork,
    before: Status,
    intervention: &Intervention,
    origin: AuditOrigin,
    at: Instant,
) -> Stored<()> {
    if intervention.draft.kind != InterventionKind::Corrective {
        return Ok(());
    }
    let under_way = [Status::InProgress, Status::OnHold];
    let (was, is) = (under_way.contains(&before), under_way.contains(&intervention.status));
    if was == is {
        return Ok(());
    }
    let machine = intervention.draft.equipment_id;
    // The machine is held before the others are counted: two who finish, or one who finishes while another begins, would
    // each count what the other is about to change.
    let Some(mut equipment) = work.equipment().find_for_update(machine).await? else { return Ok(()) };
    let target = if is { EquipmentStatus::Maintenance } else { EquipmentStatus::Operational };
    if !is && work.interventions().count_correctives(machine, &under_way, intervention.id).await? > 0 {
        return Ok(());
    }
    let moves = match target {
        EquipmentStatus::Maintenance => {
            matches!(equipment.sheet.status, EquipmentStatus::Operational | EquipmentStatus::Failed)
        }
        // Somebody may have called it broken, or retired it, in the meantime: that stays.
        _ => equipment.sheet.status == EquipmentStatus::Maintenance,
    };
    if moves {
        equipment.sheet.status = target;
        work.equipment().update(&equipment, at).await?;
        let event = AuditEvent::success(AuditKind::EquipmentUpdated, origin, at)
            .on("equipment", machine.0)
            .with("status", target.as_str())
            .with("intervention", intervention.reference.to_string());
        work.audit().append(event).await?;
    }
    Ok(())
}
