//! Interventions.

use std::collections::BTreeSet;

use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::{
    Closing, Intervention, InterventionId, InterventionKind, Minutes, NewIntervention, Priority, Rating, Reference,
    Status,
};
use mif_domain::queries::InterventionScope;
use mif_domain::technicians::TechnicianId;
use mif_domain::text::{Line, Paragraph};
use mif_domain::{Constraint, RepositoryError};

use super::{Backend, at_once};
use crate::{T0, a_customer, a_slot, a_technician, a_user, an_equipment, an_intervention, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! intervention_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => interventions:
            an_intervention_reads_back_as_it_was_stored,
            what_has_a_technician_from_the_start_is_assigned,
            an_unknown_machine_is_refused,
            references_are_counted_per_year,
            parallel_callers_never_get_the_same_reference,
            a_reference_is_used_once,
            an_update_writes_what_can_change_and_nothing_else,
            a_stale_update_is_refused,
            of_parallel_updates_of_one_version_one_wins,
            a_state_without_what_belongs_to_it_is_refused,
            a_machine_with_work_is_not_deleted,
            a_scope_hides_the_work_of_others,
        );
    };
}

/// Every field survives, names come along.
pub async fn an_intervention_reads_back_as_it_was_stored(backend: &Backend) {
    let customer = a_customer(&*backend.work, "Cosumar").await.id;
    let author = backend.insert_user(a_user("fatima").build()).await.id;
    let machine = backend.insert_equipment(an_equipment("Presse n° 4 – été").build()).await.id;
    let draft = an_intervention("Fuite d'huile", machine)
        .description("Sous le vérin.\nDepuis hier.")
        .kind(InterventionKind::Diagnostic)
        .priority(Priority::High)
        .urgent()
        .due_at(later(86_400))
        .slot(a_slot(3600, 7200))
        .estimated(45)
        .build();
    let reference = Reference::new(2026, 42).unwrap();
    let mut unit = backend.begin().await;
    let new = NewIntervention {
        customer_id: Some(customer),
        author_id: Some(author),
        ..NewIntervention::reported(reference, draft.clone())
    };
    let stored = unit.interventions().insert(new, T0).await;
    let stored = stored.unwrap();
    unit.commit().await.unwrap();
    let expected = Intervention {
        id: stored.id,
        reference,
        draft,
        status: Status::Open,
        technician_id: None,
        customer_id: Some(customer),
        author_id: Some(author),
        closing: Closing::default(),
        rating: None,
        started_at: None,
        finished_at: None,
        closed_at: None,
        created_at: T0,
        updated_at: T0,
        version: 1,
    };
    assert_eq!(stored, expected);
    let view = backend.queries.find_intervention(stored.id, InterventionScope::All).await.unwrap().unwrap();
    assert_eq!((view.equipment_name.as_str(), view.technician_name), ("Presse n° 4 – été", None));
    assert_eq!(view.intervention, stored);
    assert_eq!(backend.queries.find_intervention(InterventionId(404), InterventionScope::All).await, Ok(None));
    let mut unit = backend.begin().await;
    assert_eq!(unit.interventions().find_for_update(stored.id).await, Ok(Some(stored)));
    assert_eq!(unit.interventions().find_for_update(InterventionId(404)).await, Ok(None));
}

/// And carries their name: the full one, else the username.
pub async fn what_has_a_technician_from_the_start_is_assigned(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await.id;
    let karim = backend.insert_technician("karim", a_technician().build()).await.id;
    let mut nameless = a_user("hassan").build();
    nameless.full_name = None;
    let nameless = backend.insert_user(nameless).await.id;
    let mut unit = backend.begin().await;
    let hassan = unit.technicians().insert(nameless, a_technician().build(), T0).await.unwrap().id;
    unit.commit().await.unwrap();
    for (technician, name) in [(karim, "Karim Alaoui"), (hassan, "hassan")] {
        let work = backend.insert_intervention(an_intervention("Fuite", machine).build(), Some(technician), T0).await;
        assert_eq!((work.status, work.technician_id), (Status::Assigned, Some(technician)));
        let view = backend.queries.find_intervention(work.id, InterventionScope::All).await.unwrap().unwrap();
        assert_eq!(view.technician_name.as_deref(), Some(name));
    }
}

/// The reference is checked.
pub async fn an_unknown_machine_is_refused(backend: &Backend) {
    let reference = Reference::new(2026, 1).unwrap();
    let draft = an_intervention("Fuite", EquipmentId(404)).build();
    let mut unit = backend.begin().await;
    let refused = unit.interventions().insert(NewIntervention::reported(reference, draft), T0).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::UnknownEquipment)));
    unit.commit().await.unwrap_err();
}

/// Every year begins with one, even when they take turns. Gaps are allowed: nothing is said about them.
pub async fn references_are_counted_per_year(backend: &Backend) {
    let mut unit = backend.begin().await;
    let mut printed = Vec::new();
    for year in [2026, 2026, 2027, 2026, 2027] {
        printed.push(unit.interventions().next_reference(year).await.unwrap().to_string());
    }
    unit.commit().await.unwrap();
    let expected = ["INT-2026-000001", "INT-2026-000002", "INT-2027-000001", "INT-2026-000003", "INT-2027-000002"];
    assert_eq!(printed, expected);
}

/// Two years, sixteen callers each, every one with a row of its own.
pub async fn parallel_callers_never_get_the_same_reference(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await.id;
    let references = at_once(32, |caller| {
        let backend = backend.clone();
        async move {
            let year = if caller % 2 == 0 { 2026 } else { 2027 };
            let mut unit = backend.begin().await;
            let reference = unit.interventions().next_reference(year).await.unwrap();
            let draft = an_intervention("Fuite", machine).build();
            unit.interventions().insert(NewIntervention::reported(reference, draft), T0).await.unwrap();
            unit.commit().await.unwrap();
            reference
        }
    });
    let references: BTreeSet<_> = references.await.into_iter().collect();
    assert_eq!(references.len(), 32);
    assert_eq!(references.iter().filter(|reference| reference.to_string().starts_with("INT-2027-")).count(), 16);
}

/// The database keeps it, whoever counts.
pub async fn a_reference_is_used_once(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await.id;
    let first = backend.insert_intervention(an_intervention("Fuite", machine).build(), None, T0).await;
    let mut unit = backend.begin().await;
    let draft = an_intervention("Bruit", machine).build();
    let refused = unit.interventions().insert(NewIntervention::reported(first.reference, draft), T0).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::Other)));
}

/// Where it came from stays: reference, machine, customer, author, date of entry.
pub async fn an_update_writes_what_can_change_and_nothing_else(backend: &Backend) {
    let customer = a_customer(&*backend.work, "Cosumar").await.id;
    let machine = backend.insert_equipment(an_equipment("Presse 1").customer(customer).build()).await.id;
    let other = backend.insert_equipment(an_equipment("Presse 2").build()).await.id;
    let karim = backend.insert_technician("karim", a_technician().build()).await;
    let before = backend.insert_intervention(an_intervention("Fuite", machine).build(), None, T0).await;
    let draft = an_intervention("Bruit", machine)
        .description("Au démarrage.")
        .kind(InterventionKind::Improvement)
        .priority(Priority::Scheduled)
        .urgent()
        .due_at(later(50))
        .slot(a_slot(10, 20))
        .estimated(0)
        .build();
    let changed = Intervention {
        draft,
        status: Status::Closed,
        technician_id: Some(karim.id),
        closing: Closing {
            report: Some(Paragraph::parse("Joint remplacé.\nEssai concluant.").unwrap()),
            failure_cause: Some(Line::parse("Usure").unwrap()),
            downtime: Some(Minutes::parse(95).unwrap()),
        },
        rating: Some(Rating::parse(4).unwrap()),
        started_at: Some(later(11)),
        finished_at: Some(later(12)),
        closed_at: Some(later(13)),
        ..before.clone()
    };
    let mut attempt = changed.clone();
    attempt.reference = Reference::new(1999, 7).unwrap();
    attempt.draft.equipment_id = other;
    attempt.customer_id = None;
    attempt.author_id = Some(karim.user_id);
    attempt.created_at = later(99);
    let mut unit = backend.begin().await;
    let stored = unit.interventions().update(&attempt, later(14)).await.unwrap();
    unit.commit().await.unwrap();
    let expected = Intervention { version: 2, updated_at: later(14), ..changed };
    assert_eq!(stored, expected);

    // And back: what is empty is written too.
    let emptied = Intervention { version: 2, ..before };
    let mut unit = backend.begin().await;
    let stored = unit.interventions().update(&emptied, later(15)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(stored, Intervention { version: 3, updated_at: later(15), ..emptied });
}

/// Nobody overwrites what they have not seen.
pub async fn a_stale_update_is_refused(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await.id;
    let before = backend.insert_intervention(an_intervention("Fuite", machine).build(), None, T0).await;
    backend.bring_into(before.clone(), Status::Cancelled, None).await;
    for stale in [before.clone(), Intervention { id: InterventionId(404), ..before }] {
        let mut unit = backend.begin().await;
        assert_eq!(unit.interventions().update(&stale, later(8)).await, Err(RepositoryError::Stale));
        unit.commit().await.unwrap_err();
    }
}

/// Two who dispatch at the same moment: one of them hears of it.
pub async fn of_parallel_updates_of_one_version_one_wins(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await.id;
    let work = backend.insert_intervention(an_intervention("Fuite", machine).build(), None, T0).await;
    let results = at_once(8, |_| {
        let (backend, work) = (backend.clone(), work.clone());
        async move {
            let mut unit = backend.begin().await;
            let result = unit.interventions().update(&work, later(1)).await;
            if result.is_ok() {
                unit.commit().await.unwrap();
            }
            result
        }
    });
    let results = results.await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(RepositoryError::Stale))), "{results:?}");
}

/// The store is the last to notice a mistake in the program.
pub async fn a_state_without_what_belongs_to_it_is_refused(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await.id;
    let karim = backend.insert_technician("karim", a_technician().build()).await.id;
    let work = backend.insert_intervention(an_intervention("Fuite", machine).build(), None, T0).await;
    let wrong: [(Status, Option<TechnicianId>, bool); 7] = [
        (Status::Assigned, None, false),
        (Status::InProgress, None, false),
        (Status::OnHold, None, false),
        (Status::Closed, Some(karim), false),
        (Status::InProgress, Some(karim), true),
        (Status::Open, None, true),
        (Status::Cancelled, None, true),
    ];
    for (status, technician_id, closed) in wrong {
        let closed_at = closed.then_some(later(1));
        let mut unit = backend.begin().await;
        let nonsense = Intervention { status, technician_id, closed_at, ..work.clone() };
        let refused = unit.interventions().update(&nonsense, later(1)).await;
        assert!(matches!(refused, Err(RepositoryError::Corrupt(_))), "{status:?}: {refused:?}");
        unit.commit().await.unwrap_err();
    }
}

/// Retire it instead.
pub async fn a_machine_with_work_is_not_deleted(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await;
    let work = backend.insert_intervention(an_intervention("Fuite", machine.id).build(), None, T0).await;
    backend.bring_into(work, Status::Archived, None).await;
    let mut unit = backend.begin().await;
    let refused = unit.equipment().delete(machine.id, 1).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::StillReferenced)));
}

/// One row obeys the scope as lists do: a technician sees their own in every state, and what is open and nobody's.
pub async fn a_scope_hides_the_work_of_others(backend: &Backend) {
    let owner = a_customer(&*backend.work, "Cosumar").await.id;
    let other = a_customer(&*backend.work, "Lesieur").await.id;
    let machine = backend.insert_equipment(an_equipment("Presse 1").customer(owner).build()).await.id;
    let karim = backend.insert_technician("karim", a_technician().build()).await.id;
    let hassan = backend.insert_technician("hassan", a_technician().build()).await.id;
    let insert = async |status, technician| {
        let work = backend.insert_intervention(an_intervention("Fuite", machine).build(), None, T0).await;
        backend.bring_into(work, status, technician).await.id
    };
    let free = insert(Status::Open, None).await;
    let given_up = insert(Status::Cancelled, None).await;
    let begun = insert(Status::InProgress, Some(karim)).await;
    let closed = insert(Status::Closed, Some(karim)).await;
    let all = [free, given_up, begun, closed];
    for (scope, expected) in [
        (InterventionScope::All, vec![free, given_up, begun, closed]),
        (InterventionScope::OfTechnician(karim), vec![free, begun, closed]),
        (InterventionScope::OfTechnician(hassan), vec![free]),
        (InterventionScope::Unassigned, vec![free]),
        (InterventionScope::OfCustomer(owner), vec![free, given_up, begun, closed]),
        (InterventionScope::OfCustomer(other), vec![]),
        (InterventionScope::Nothing, vec![]),
    ] {
        let mut seen = Vec::new();
        for id in all {
            let found = backend.queries.find_intervention(id, scope).await.unwrap();
            seen.extend(found.map(|view| view.intervention.id));
        }
        assert_eq!(seen, expected, "{scope:?}");
    }
}
