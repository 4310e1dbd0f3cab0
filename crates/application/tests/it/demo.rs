//! The demo: believable, consistent, entered once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, TimeDelta, Timelike as _, Weekday};
use mif_application::demo::{Demo, SeedDemo, SeedDemoError};
use mif_domain::Instant;
use mif_domain::audit::AuditKind;
use mif_domain::equipment::{Equipment, EquipmentId, EquipmentStatus};
use mif_domain::interventions::lifecycle::REOPEN_WITHIN;
use mif_domain::interventions::{Intervention, InterventionId, InterventionKind, NewHistoryEntry, Slot, Status, Step};
use mif_domain::queries::{EquipmentScope, InterventionScope};
use mif_domain::technicians::TechnicianId;
use mif_domain::users::Role;
use mif_testkit::{T0, password};
use tokio::sync::OnceCell;

use crate::world::World;

/// A world with the demo in it, and what stands there.
struct Plant {
    now: Instant,
    world: World,
    demo: Demo,
    machines: Vec<Equipment>,
    work: Vec<(Intervention, Vec<NewHistoryEntry>)>,
}

async fn seed(world: &World) -> Result<Demo, SeedDemoError> {
    SeedDemo { password: password("Bielle-Huile-77!") }.run(&world.core).await
}

/// The identifiers of what the audit trail says was made.
fn made(world: &World, kind: AuditKind) -> Vec<i64> {
    let events = world.store.audit_events().into_iter().filter(|event| event.kind == kind);
    events.map(|event| event.resource.unwrap().rsplit('/').next().unwrap().parse().unwrap()).collect()
}

impl Plant {
    async fn at(now: Instant) -> Self {
        let world = World::new();
        world.clock.set(now);
        let demo = seed(&world).await.unwrap();
        let mut machines = Vec::new();
        for id in made(&world, AuditKind::EquipmentCreated) {
            let machine = world.core.queries.find_equipment(EquipmentId(id), EquipmentScope::All).await;
            machines.push(machine.unwrap().unwrap());
        }
        let mut work = Vec::new();
        for id in made(&world, AuditKind::InterventionCreated).into_iter().map(InterventionId) {
            let view = world.core.queries.find_intervention(id, InterventionScope::All).await.unwrap().unwrap();
            work.push((view.intervention, world.store.history(id)));
        }
        Self { now, world, demo, machines, work }
    }

    fn count(&self, wanted: impl Fn(&Intervention) -> bool) -> usize {
        self.work.iter().filter(|(work, _)| wanted(work)).count()
    }

    /// How deep a machine stands in the tree: a site is at 1.
    fn depth(&self, machine: &Equipment) -> usize {
        let parent = machine.sheet.parent_id.and_then(|id| self.machines.iter().find(|other| other.id == id));
        1 + parent.map_or(0, |parent| self.depth(parent))
    }
}

/// Seen on an ordinary morning, a working day, a night, a Sunday, the first hour of a Monday and the turn of a year. Entered
/// once for all tests that only look.
async fn plants() -> &'static [Plant] {
    static PLANTS: OnceCell<Vec<Plant>> = OnceCell::const_new();
    let days = [
        "2026-11-20T09:51:00Z",
        "2026-03-04T23:10:00Z",
        "2026-05-17T12:00:00Z",
        "2026-06-01T07:02:00Z",
        "2027-01-01T00:00:00Z",
    ];
    let plants = PLANTS.get_or_init(async || {
        let mut plants = vec![Plant::at(T0).await];
        for day in days {
            plants.push(Plant::at(day.parse().unwrap()).await);
        }
        plants
    });
    plants.await
}

/// On an ordinary morning.
async fn a_plant() -> &'static Plant {
    &plants().await[0]
}

#[tokio::test]
async fn the_plant_is_as_large_as_it_should_be() {
    let plant = a_plant().await;
    assert_eq!((plant.demo.machines, plant.machines.len()), (150, 150));
    assert_eq!((plant.demo.interventions, plant.work.len()), (1200, 1200));
    assert_eq!(plant.world.audited(AuditKind::CustomerCreated), 3);
    for (role, count) in [(Role::Admin, 1), (Role::Manager, 2), (Role::Technician, 12), (Role::Customer, 3)] {
        assert_eq!(plant.demo.users.iter().filter(|(_, of)| *of == role).count(), count, "{role:?}");
    }
    let depths: BTreeSet<_> = plant.machines.iter().map(|machine| plant.depth(machine)).collect();
    assert_eq!(depths, BTreeSet::from([1, 2, 3, 4]));
    let owners: BTreeSet<_> = plant.machines.iter().map(|machine| machine.sheet.customer_id.map(|id| id.0)).collect();
    assert_eq!(owners.len(), 4);
}

#[tokio::test]
async fn every_technician_has_a_sheet_and_skills() {
    let plant = a_plant().await;
    let ids = made(&plant.world, AuditKind::TechnicianCreated);
    assert_eq!(ids.len(), 12);
    for id in ids {
        let view = plant.world.core.queries.find_technician(TechnicianId(id)).await.unwrap().unwrap();
        assert!(view.skills.len() >= 3, "{} has too few skills", view.user.username);
        assert!(view.technician.sheet.team.is_some() && view.technician.sheet.zone.is_some());
    }
}

#[tokio::test]
async fn work_is_of_every_kind_and_in_every_state_whatever_the_day() {
    for plant in plants().await {
        let now = plant.now;
        for kind in InterventionKind::ALL {
            assert!(plant.count(|work| work.draft.kind == *kind) >= 60, "{kind:?} at {now}");
        }
        for (status, least) in [
            (Status::Open, 8),
            (Status::Assigned, 8),
            (Status::InProgress, 2),
            (Status::OnHold, 5),
            (Status::Closed, 200),
            (Status::Cancelled, 5),
            (Status::Archived, 400),
        ] {
            let count = plant.count(|work| work.status == status);
            assert!(count >= least, "{count} {status:?} at {now}");
        }
        let open = plant.count(|work| work.status.is_open_work());
        assert!((45..=75).contains(&open), "{open} are open at {now}");
        let late = plant.count(|work| work.is_late(now));
        assert!((8..=40).contains(&late), "{late} are late at {now}");
        let under_way = plant.work.iter().filter(|(work, _)| work.status == Status::InProgress);
        let busy: BTreeSet<_> = under_way.clone().map(|(work, _)| work.technician_id).collect();
        assert_eq!(busy.len(), under_way.count(), "somebody does two things at once at {now}");
    }
}

#[tokio::test]
async fn every_history_is_a_path_of_the_life_cycle_to_the_state_of_today() {
    for plant in plants().await {
        let now = plant.now;
        for (work, history) in &plant.work {
            let reference = work.reference;
            let first = history.first().unwrap();
            assert!(first.from.is_none() && matches!(first.status, Status::Open | Status::Assigned), "{reference}");
            assert_eq!(first.at, work.created_at, "{reference}");
            let mut status = first.status;
            let mut closed_at = None;
            for entry in &history[1..] {
                match entry.from {
                    None => assert!(entry.status == status && entry.remark.is_some(), "{reference}: {entry:?}"),
                    Some(from) => {
                        assert_eq!(from, status, "{reference}");
                        // Giving work to somebody is the one step that a change of state does not name.
                        let gift = entry.status == Status::Assigned && matches!(from, Status::Open | Status::Assigned);
                        let step = Step::between(from, entry.status);
                        assert!(gift || step.is_some(), "{reference}: {from:?} to {:?}", entry.status);
                        let needs_remark = matches!(step, Some(Step::Pause | Step::Cancel | Step::Reopen));
                        assert!(!needs_remark || entry.remark.is_some(), "{reference}: {step:?} without a reason");
                        assert!(step != Some(Step::Reopen) || entry.at - closed_at.unwrap() <= REOPEN_WITHIN);
                        status = entry.status;
                        closed_at = if status == Status::Closed { Some(entry.at) } else { closed_at };
                    }
                }
            }
            assert_eq!(status, work.status, "{reference}");
            assert!(history.is_sorted_by_key(|entry| entry.at), "{reference}");
            assert!(history.last().unwrap().at <= now && work.updated_at <= now, "{reference} knows the future");
        }
    }
}

#[tokio::test]
async fn everything_happens_in_working_hours() {
    for (work, history) in plants().await.iter().flat_map(|plant| &plant.work) {
        for at in history.iter().map(|entry| entry.at).chain(work.draft.slot.map(Slot::start)) {
            let open = at.weekday() != Weekday::Sun && (7..18).contains(&at.hour());
            assert!(open, "{} at {at}", work.reference);
        }
    }
}

#[tokio::test]
async fn nobody_has_two_open_slots_at_once() {
    for plant in plants().await {
        let now = plant.now;
        let mut slots: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (work, _) in plant.work.iter().filter(|(work, _)| work.status.is_open_work()) {
            if let (Some(technician), Some(slot)) = (work.technician_id, work.draft.slot) {
                slots.entry(technician).or_default().push((slot.start(), slot.end()));
            }
        }
        assert!(slots.values().map(Vec::len).sum::<usize>() >= 15, "few slots at {now}");
        for (technician, mut slots) in slots {
            slots.sort_unstable();
            assert!(slots.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{technician:?} at {now}: {slots:?}");
        }
    }
}

#[tokio::test]
async fn whoever_is_sent_has_a_skill_for_the_machine() {
    let plant = a_plant().await;
    let mut skills = BTreeMap::new();
    for id in made(&plant.world, AuditKind::TechnicianCreated).into_iter().map(TechnicianId) {
        let view = plant.world.core.queries.find_technician(id).await.unwrap().unwrap();
        let domains = view.skills.into_iter().map(|held| held.skill.sheet.domain.to_string());
        skills.insert(id, domains.collect::<BTreeSet<_>>());
    }
    for (work, _) in &plant.work {
        let machine = plant.machines.iter().find(|machine| machine.id == work.draft.equipment_id).unwrap();
        if let Some(technician) = work.technician_id {
            assert!(skills[&technician].contains(machine.sheet.kind.as_str()), "{}", work.reference);
        }
        assert_eq!(work.customer_id, machine.sheet.customer_id);
    }
}

#[tokio::test]
async fn machines_are_in_the_state_that_their_work_says() {
    for plant in plants().await {
        let now = plant.now;
        let mut seen = BTreeSet::new();
        for machine in &plant.machines {
            let of_it = || plant.work.iter().map(|(work, _)| work).filter(|work| work.draft.equipment_id == machine.id);
            let broken = || of_it().filter(|work| work.draft.kind == InterventionKind::Corrective);
            let under_way = broken().any(|work| matches!(work.status, Status::InProgress | Status::OnHold));
            let waiting = broken().any(|work| matches!(work.status, Status::Open | Status::Assigned));
            let status = machine.sheet.status;
            seen.insert(status);
            match status {
                EquipmentStatus::Maintenance => assert!(under_way),
                EquipmentStatus::Failed => assert!(waiting && !under_way),
                EquipmentStatus::Operational => assert!(!under_way),
                EquipmentStatus::Retired => assert!(!of_it().any(|work| work.status.is_open_work())),
            }
        }
        assert_eq!(seen.len(), 4, "{seen:?} at {now}");
    }
}

#[tokio::test]
async fn references_count_each_year_in_the_order_of_entry() {
    let plant = a_plant().await;
    let mut numbers: BTreeMap<i32, u32> = BTreeMap::new();
    for pair in plant.work.windows(2) {
        assert!(pair[0].0.created_at <= pair[1].0.created_at);
    }
    for (work, _) in &plant.work {
        let number = numbers.entry(work.created_at.year()).or_default();
        *number += 1;
        assert_eq!(work.reference.to_string(), format!("INT-{}-{number:06}", work.created_at.year()));
    }
    assert_eq!(numbers.keys().copied().collect::<Vec<_>>(), [2024, 2025, 2026]);
}

#[tokio::test]
async fn eighteen_months_are_told_without_a_gap() {
    let plant = a_plant().await;
    let oldest = plant.work.first().unwrap().0.created_at;
    assert!(T0 - oldest > TimeDelta::days(530), "{oldest}");
    for weeks in 0..75 {
        let from = T0 - TimeDelta::weeks(weeks + 1);
        let count = plant.count(|work| (from..from + TimeDelta::weeks(1)).contains(&work.created_at));
        assert!((4..=35).contains(&count), "{count} in the week of {from}");
    }
    let told = |work: &Intervention| work.closing.report.is_some();
    assert_eq!(plant.count(told), plant.count(|work| work.finished_at.is_some()));
    assert!(plant.count(|work| work.rating.is_some()) > 150);
    assert!(plant.count(|work| work.closing.failure_cause.is_some()) > 400);
    let on_time =
        |work: &Intervention| work.finished_at.is_some_and(|end| work.draft.due_at.is_some_and(|due| end <= due));
    let finished = plant.count(|work| work.finished_at.is_some());
    assert!((60..98).contains(&(100 * plant.count(on_time) / finished)), "{} of {finished}", plant.count(on_time));
    let remarks = plant.work.iter().flat_map(|(_, history)| history).filter(|entry| entry.remark.is_some());
    let internal = remarks.clone().filter(|entry| entry.is_internal).count();
    assert!(internal > 50 && remarks.count() > internal + 50);
}

#[tokio::test]
async fn the_same_day_gives_the_same_demo() {
    let (one, other) = (a_plant().await, Plant::at(T0).await);
    assert!(one.work == other.work && one.machines == other.machines);
}

#[tokio::test]
async fn a_second_time_is_refused_and_doubles_nothing() {
    let plant = Plant::at(T0).await;
    let before = plant.world.store.audit_events().len();
    let refused = seed(&plant.world).await.unwrap_err();
    assert!(matches!(refused, SeedDemoError::AlreadySeeded), "{refused}");
    assert_eq!(plant.world.store.audit_events().len(), before);
}
