//! Who is free when, who could be sent, and what still keeps a machine.

use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::{
    Intervention, InterventionId, InterventionKind, NewIntervention, Slot, SlotConflict, Status,
};
use mif_domain::queries::Candidate;
use mif_domain::technicians::{Availability, Level, Technician, TechnicianId};
use mif_domain::users::User;

use super::{Backend, at_once};
use crate::{T0, a_slot, a_technician, a_user, an_equipment, an_intervention, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! planning_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => planning:
            an_overlap_is_found_however_it_lies,
            slots_that_touch_do_not_overlap,
            work_that_is_over_takes_no_time,
            an_intervention_is_not_in_its_own_way,
            what_others_do_and_what_has_no_date_is_in_nobodys_way,
            two_who_plan_one_technician_at_once_see_each_other,
            correctives_are_counted_by_machine_and_state,
            candidates_come_with_what_speaks_for_and_against_them,
            who_takes_no_work_is_no_candidate,
        );
    };
}

const HOUR: i64 = 3600;

async fn a_machine(backend: &Backend) -> EquipmentId {
    backend.insert_equipment(an_equipment("Presse 1").build()).await.id
}

async fn karim(backend: &Backend) -> TechnicianId {
    backend.insert_technician("karim", a_technician().build()).await.id
}

/// From 8 to 10, counted from [`T0`].
async fn planned(backend: &Backend, technician: TechnicianId) -> Intervention {
    let draft = an_intervention("Fuite", a_machine(backend).await).slot(a_slot(8 * HOUR, 10 * HOUR)).build();
    backend.insert_intervention(draft, Some(technician), T0).await
}

async fn overlap(
    backend: &Backend,
    technician: TechnicianId,
    slot: Slot,
    except: Option<InterventionId>,
) -> Option<SlotConflict> {
    let mut unit = backend.begin().await;
    unit.technicians().find_for_update(technician).await.unwrap();
    unit.interventions().find_overlap(technician, slot, except).await.unwrap()
}

/// Inside, around, over either end, or the same.
pub async fn an_overlap_is_found_however_it_lies(backend: &Backend) {
    let karim = karim(backend).await;
    let work = planned(backend, karim).await;
    let conflict = Some(SlotConflict { id: work.id, reference: work.reference });
    let end = 10 * HOUR;
    for (from, until) in [
        (8 * HOUR, end),
        (9 * HOUR, 9 * HOUR + 1),
        (7 * HOUR, 11 * HOUR),
        (7 * HOUR, 8 * HOUR + 1),
        (end - 1, end + HOUR),
    ] {
        assert_eq!(overlap(backend, karim, a_slot(from, until), None).await, conflict, "{from} to {until}");
    }
    let just = Slot::new(later(end) - chrono::TimeDelta::microseconds(1), later(end + HOUR)).unwrap();
    assert_eq!(overlap(backend, karim, just, None).await, conflict, "by a microsecond");
}

/// The end does not belong to a slot.
pub async fn slots_that_touch_do_not_overlap(backend: &Backend) {
    let karim = karim(backend).await;
    planned(backend, karim).await;
    for (from, until) in [(7 * HOUR, 8 * HOUR), (10 * HOUR, 11 * HOUR), (0, HOUR), (20 * HOUR, 21 * HOUR)] {
        assert_eq!(overlap(backend, karim, a_slot(from, until), None).await, None, "{from} to {until}");
    }
}

/// Closed, cancelled or archived.
pub async fn work_that_is_over_takes_no_time(backend: &Backend) {
    let karim = karim(backend).await;
    let mut work = planned(backend, karim).await;
    for status in Status::ALL.iter().copied() {
        work = backend.bring_into(work, status, Some(karim)).await;
        let found = overlap(backend, karim, a_slot(9 * HOUR, 11 * HOUR), None).await;
        assert_eq!(found.is_some(), status.is_open_work(), "{status:?}");
    }
}

/// Moving it by an hour is no conflict with itself, but with the next one.
pub async fn an_intervention_is_not_in_its_own_way(backend: &Backend) {
    let karim = karim(backend).await;
    let work = planned(backend, karim).await;
    let moved = a_slot(9 * HOUR, 11 * HOUR);
    assert_eq!(overlap(backend, karim, moved, Some(work.id)).await, None);
    let draft = an_intervention("Bruit", work.draft.equipment_id).slot(a_slot(10 * HOUR, 12 * HOUR)).build();
    let next = backend.insert_intervention(draft, Some(karim), T0).await;
    let conflict = Some(SlotConflict { id: next.id, reference: next.reference });
    assert_eq!(overlap(backend, karim, moved, Some(work.id)).await, conflict);
}

/// Only one's own plan counts.
pub async fn what_others_do_and_what_has_no_date_is_in_nobodys_way(backend: &Backend) {
    let karim = karim(backend).await;
    let hassan = backend.insert_technician("hassan", a_technician().build()).await.id;
    let theirs = planned(backend, hassan).await;
    backend.insert_intervention(an_intervention("Un jour", theirs.draft.equipment_id).build(), Some(karim), T0).await;
    let unassigned = an_intervention("À donner", theirs.draft.equipment_id).slot(a_slot(8 * HOUR, 10 * HOUR)).build();
    backend.insert_intervention(unassigned, None, T0).await;
    assert_eq!(overlap(backend, karim, a_slot(8 * HOUR, 10 * HOUR), None).await, None);
}

/// Whoever holds the technician is alone until the unit ends: of eight who fill the same hour one finds it free.
pub async fn two_who_plan_one_technician_at_once_see_each_other(backend: &Backend) {
    let karim = karim(backend).await;
    let machine = a_machine(backend).await;
    let slot = a_slot(8 * HOUR, 9 * HOUR);
    let planned = at_once(8, |_| {
        let backend = backend.clone();
        async move {
            let mut unit = backend.begin().await;
            unit.technicians().find_for_update(karim).await.unwrap();
            if unit.interventions().find_overlap(karim, slot, None).await.unwrap().is_some() {
                return false;
            }
            let reference = unit.interventions().next_reference(2026).await.unwrap();
            let draft = an_intervention("Fuite", machine).slot(slot).build();
            let new = NewIntervention { technician_id: Some(karim), ..NewIntervention::reported(reference, draft) };
            unit.interventions().insert(new, T0).await.unwrap();
            unit.commit().await.unwrap();
            true
        }
    });
    assert_eq!(planned.await.into_iter().filter(|planned| *planned).count(), 1);
}

/// So that a machine runs again when the last one is closed, and not before.
pub async fn correctives_are_counted_by_machine_and_state(backend: &Backend) {
    let (press, oven) = (a_machine(backend).await, a_machine(backend).await);
    let karim = karim(backend).await;
    let mut ids = Vec::new();
    for (machine, kind, status) in [
        (press, InterventionKind::Corrective, Status::InProgress),
        (press, InterventionKind::Corrective, Status::OnHold),
        (press, InterventionKind::Corrective, Status::Closed),
        (press, InterventionKind::Preventive, Status::InProgress),
        (oven, InterventionKind::Corrective, Status::InProgress),
    ] {
        let draft = an_intervention("Fuite", machine).kind(kind).build();
        let work = backend.insert_intervention(draft, Some(karim), T0).await;
        ids.push(backend.bring_into(work, status, Some(karim)).await.id);
    }
    let working: &[Status] = &[Status::InProgress, Status::OnHold];
    let nothing = InterventionId(404);
    let mut unit = backend.begin().await;
    for (machine, statuses, except, expected) in [
        (press, working, nothing, 2),
        (press, working, ids.first().copied().unwrap(), 1),
        (press, &[Status::InProgress], ids.first().copied().unwrap(), 0),
        (press, Status::ALL, nothing, 3),
        (oven, working, nothing, 1),
        (oven, &[Status::Closed], nothing, 0),
        (EquipmentId(404), working, nothing, 0),
    ] {
        let counted = unit.interventions().count_correctives(machine, statuses, except).await;
        assert_eq!(counted, Ok(expected), "{statuses:?} but {except:?}");
    }
}

async fn candidates(
    backend: &Backend,
    machine: EquipmentId,
    slot: Option<Slot>,
    except: InterventionId,
) -> Vec<Candidate> {
    let mut candidates = backend.queries.candidates(machine, slot, except).await.unwrap();
    candidates.sort_by_key(|candidate| candidate.technician_id);
    candidates
}

/// Skills whose name or domain is the machine's kind without case or accents, state, place, load, and whether the time is taken.
pub async fn candidates_come_with_what_speaks_for_and_against_them(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Four 2").kind("Four électrique").build()).await.id;
    let karim = karim(backend).await;
    let sheet = a_technician().availability(Availability::Busy).zone(None).build();
    let hassan = backend.insert_technician("hassan", sheet).await.id;
    let by_name = backend.insert_skill("FOUR ÉLECTRIQUE", "thermique").await.id;
    let by_domain = backend.insert_skill("Brûleurs", "four electrique").await.id;
    let neither = backend.insert_skill("Fours électriques", "Four").await.id;
    let mut unit = backend.begin().await;
    let skills = [(by_name, Level::Expert), (by_domain, Level::Beginner), (neither, Level::Expert)];
    unit.technicians().set_skills(karim, &skills).await.unwrap();
    unit.technicians().set_skills(hassan, &[(neither, Level::Expert)]).await.unwrap();
    unit.commit().await.unwrap();
    let busy = an_intervention("Fuite", machine).slot(a_slot(8 * HOUR, 10 * HOUR)).build();
    backend.insert_intervention(busy, Some(hassan), T0).await;
    let done = backend.insert_intervention(an_intervention("Fuite", machine).build(), Some(hassan), T0).await;
    backend.bring_into(done, Status::Closed, Some(hassan)).await;
    let to_give = backend.insert_intervention(an_intervention("Bruit", machine).build(), None, T0).await.id;

    let slot = a_slot(9 * HOUR, 11 * HOUR);
    let mut found = candidates(backend, machine, Some(slot), to_give).await;
    for candidate in &mut found {
        candidate.matching_skills.sort();
    }
    let first = Candidate {
        technician_id: karim,
        name: "Karim Alaoui".to_owned(),
        availability: Availability::Available,
        zone: Some("Casablanca".to_owned()),
        matching_skills: vec![("Brûleurs".to_owned(), Level::Beginner), ("FOUR ÉLECTRIQUE".to_owned(), Level::Expert)],
        open_work: 0,
        slot_taken: false,
    };
    let second = Candidate {
        technician_id: hassan,
        availability: Availability::Busy,
        zone: None,
        matching_skills: vec![],
        open_work: 1,
        slot_taken: true,
        ..first.clone()
    };
    assert_eq!(found, [first, second]);
    for (slot, what) in [(Some(a_slot(10 * HOUR, 11 * HOUR)), "slots touch"), (None, "there is no slot")] {
        let found = candidates(backend, machine, slot, to_give).await;
        assert!(found.iter().all(|candidate| !candidate.slot_taken), "{what}");
    }
}

/// Whoever is on leave may still be suggested, with that said; whoever was archived or cannot sign in may not. Work that is to be given does
/// not stand in the way of whoever has it.
pub async fn who_takes_no_work_is_no_candidate(backend: &Backend) {
    let machine = a_machine(backend).await;
    let gone = backend.insert_technician("hassan", a_technician().build()).await;
    let on_leave = a_technician().availability(Availability::OnLeave).build();
    let away = backend.insert_technician("karim", on_leave).await.id;
    let mut unit = backend.begin().await;
    unit.technicians().update(&Technician { archived_at: Some(later(1)), ..gone }, later(1)).await.unwrap();
    let locked_out = unit.users().insert(a_user("driss").build(), T0).await.unwrap();
    unit.technicians().insert(locked_out.id, a_technician().build(), T0).await.unwrap();
    unit.users().update(&User { is_active: false, ..locked_out }, later(1)).await.unwrap();
    unit.commit().await.unwrap();
    let theirs = planned(backend, away).await;
    let found = candidates(backend, machine, theirs.draft.slot, theirs.id).await;
    let seen: Vec<_> = found.iter().map(|candidate| (candidate.technician_id, candidate.slot_taken)).collect();
    assert_eq!(seen, [(away, false)]);
}
