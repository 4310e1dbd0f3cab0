//! Equipment.

use std::collections::{HashMap, HashSet};

use mif_domain::customers::CustomerId;
use mif_domain::equipment::{Equipment, EquipmentDraft, EquipmentId, EquipmentNames, EquipmentStatus, KnownNames};
use mif_domain::queries::EquipmentScope;
use mif_domain::text::Line;
use mif_domain::unit_of_work::NamedLock;
use mif_domain::{Constraint, RepositoryError};

use super::{Backend, at_once};
use crate::{T0, a_customer, an_equipment, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! equipment_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => equipment:
            a_machine_reads_back_as_it_was_stored,
            each_broken_invariant_has_its_name,
            a_new_machine_is_not_its_own_parent,
            an_update_meets_the_same_conflicts,
            machines_without_a_code_do_not_collide,
            an_update_bumps_the_version_and_a_stale_one_is_refused,
            of_parallel_updates_of_one_version_one_wins,
            a_machine_with_parts_is_not_deleted,
            deleting_needs_the_version,
            the_tree_is_walked_upwards,
            two_moves_at_once_close_no_cycle,
            a_scope_hides_what_belongs_to_others,
            many_machines_are_stored_at_once,
            one_conflict_among_many_has_its_name,
            names_in_use_are_known,
        );
    };
}

/// Every field survives.
pub async fn a_machine_reads_back_as_it_was_stored(backend: &Backend) {
    let customer = a_customer(&*backend.work, "Cosumar").await;
    let line = backend.insert_equipment(an_equipment("Ligne 2").build()).await;
    let sheet = an_equipment("Presse n° 4 – été")
        .code("PR-004")
        .serial_number("SN/4")
        .parent(line.id)
        .customer(customer.id)
        .build();
    let stored = backend.insert_equipment(sheet.clone()).await;
    assert_eq!(stored, Equipment { id: stored.id, sheet, created_at: T0, updated_at: T0, version: 1 });
    let found = backend.queries.find_equipment(stored.id, EquipmentScope::All).await.unwrap();
    assert_eq!(found.as_ref(), Some(&stored));
    let mut unit = backend.begin().await;
    assert_eq!(unit.equipment().find_for_update(stored.id).await.unwrap(), Some(stored));
    assert_eq!(unit.equipment().find_for_update(EquipmentId(404)).await, Ok(None));
}

async fn conflicts(backend: &Backend) -> Vec<(EquipmentDraft, Constraint)> {
    let customer = a_customer(&*backend.work, "Cosumar").await.id;
    let taken = an_equipment("Presse 1").code("PR-001").serial_number("SN-1").build();
    let parent = backend.insert_equipment(taken).await.id;
    let new = || an_equipment("Presse 2");
    let nobody = (CustomerId(4040), EquipmentId(4040));
    vec![
        (new().code("PR-001").build(), Constraint::EquipmentCodeTaken),
        (new().serial_number("SN-1").build(), Constraint::SerialNumberTaken),
        (new().customer(nobody.0).build(), Constraint::UnknownCustomer),
        (new().customer(nobody.0).parent(parent).build(), Constraint::UnknownCustomer),
        (new().parent(nobody.1).build(), Constraint::UnknownParent),
        (new().parent(nobody.1).customer(customer).build(), Constraint::UnknownParent),
    ]
}

/// Whatever the database calls it.
pub async fn each_broken_invariant_has_its_name(backend: &Backend) {
    for (sheet, constraint) in conflicts(backend).await {
        let mut unit = backend.begin().await;
        assert_eq!(unit.equipment().insert(sheet, T0).await, Err(RepositoryError::Conflict(constraint)));
    }
}

/// The identifier that it is about to get is nobody's yet.
pub async fn a_new_machine_is_not_its_own_parent(backend: &Backend) {
    let newest = backend.insert_equipment(an_equipment("Presse 1").build()).await.id;
    let own = an_equipment("Presse 2").parent(EquipmentId(newest.0 + 1)).build();
    let mut unit = backend.begin().await;
    let refused = unit.equipment().insert(own, T0).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::UnknownParent)));
}

/// Changing is no way round.
pub async fn an_update_meets_the_same_conflicts(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Presse 2").build()).await;
    for (sheet, constraint) in conflicts(backend).await {
        let mut unit = backend.begin().await;
        let changed = Equipment { sheet, ..machine.clone() };
        assert_eq!(unit.equipment().update(&changed, T0).await, Err(RepositoryError::Conflict(constraint)));
    }
}

/// Empty is not a value.
pub async fn machines_without_a_code_do_not_collide(backend: &Backend) {
    backend.insert_equipment(an_equipment("Presse 1").build()).await;
    backend.insert_equipment(an_equipment("Presse 1").build()).await;
}

/// Nobody overwrites what they have not seen.
pub async fn an_update_bumps_the_version_and_a_stale_one_is_refused(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Presse 1").code("A").build()).await;
    let sheet = an_equipment("Presse 1 bis").status(EquipmentStatus::Failed).build();
    let changed = Equipment { sheet, ..machine.clone() };
    let mut unit = backend.begin().await;
    let stored = unit.equipment().update(&changed, later(7)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(stored, Equipment { version: 2, updated_at: later(7), ..changed });
    assert_eq!(backend.queries.find_equipment(machine.id, EquipmentScope::All).await.unwrap(), Some(stored));
    let mut unit = backend.begin().await;
    assert_eq!(unit.equipment().update(&machine, later(8)).await, Err(RepositoryError::Stale));
}

/// The version decides between callers that read the same row.
pub async fn of_parallel_updates_of_one_version_one_wins(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await;
    let results = at_once(8, |_| {
        let (backend, machine) = (backend.clone(), machine.clone());
        async move {
            let mut unit = backend.begin().await;
            let result = unit.equipment().update(&machine, later(1)).await;
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

/// Something points at it.
pub async fn a_machine_with_parts_is_not_deleted(backend: &Backend) {
    let parent = backend.insert_equipment(an_equipment("Ligne 2").build()).await;
    let part = backend.insert_equipment(an_equipment("Presse 1").parent(parent.id).build()).await;
    let mut unit = backend.begin().await;
    let refused = unit.equipment().delete(parent.id, 1).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::StillReferenced)));
    unit.commit().await.unwrap_err();
    let mut unit = backend.begin().await;
    unit.equipment().delete(part.id, 1).await.unwrap();
    unit.equipment().delete(parent.id, 1).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(backend.queries.find_equipment(parent.id, EquipmentScope::All).await, Ok(None));
}

/// Nobody deletes what they have not seen.
pub async fn deleting_needs_the_version(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await;
    for (id, version) in [(machine.id, 2), (EquipmentId(404), 1)] {
        let mut unit = backend.begin().await;
        assert_eq!(unit.equipment().delete(id, version).await, Err(RepositoryError::Stale));
    }
}

/// A machine stands within itself and within everything above it.
pub async fn the_tree_is_walked_upwards(backend: &Backend) {
    let top = backend.insert_equipment(an_equipment("Atelier").build()).await.id;
    let middle = backend.insert_equipment(an_equipment("Ligne").parent(top).build()).await.id;
    let leaf = backend.insert_equipment(an_equipment("Presse").parent(middle).build()).await.id;
    let other = backend.insert_equipment(an_equipment("Four").build()).await.id;
    let mut unit = backend.begin().await;
    unit.lock(NamedLock::EquipmentTree).await.unwrap();
    let cases = [
        (leaf, top, true),
        (middle, top, true),
        (top, top, true),
        (top, leaf, false),
        (other, top, false),
        (EquipmentId(404), top, false),
    ];
    for (candidate, id, expected) in cases {
        assert_eq!(unit.equipment().is_within(candidate, id).await, Ok(expected), "{candidate:?} in {id:?}");
    }
}

/// A under B and B under A: under the lock the second one sees the first.
pub async fn two_moves_at_once_close_no_cycle(backend: &Backend) {
    let a = backend.insert_equipment(an_equipment("A").build()).await;
    let b = backend.insert_equipment(an_equipment("B").build()).await;
    let moved = at_once(2, |caller| {
        let (machine, parent) = if caller == 0 { (a.clone(), b.id) } else { (b.clone(), a.id) };
        let backend = backend.clone();
        async move {
            let mut unit = backend.begin().await;
            unit.lock(NamedLock::EquipmentTree).await.unwrap();
            if unit.equipment().is_within(parent, machine.id).await.unwrap() {
                return false;
            }
            let sheet = EquipmentDraft { parent_id: Some(parent), ..machine.sheet.clone() };
            unit.equipment().update(&Equipment { sheet, ..machine }, T0).await.unwrap();
            unit.commit().await.unwrap();
            true
        }
    });
    let mut moved = moved.await;
    moved.sort_unstable();
    assert_eq!(moved, [false, true]);
}

/// One row obeys the scope as lists do.
pub async fn a_scope_hides_what_belongs_to_others(backend: &Backend) {
    let owner = a_customer(&*backend.work, "Cosumar").await.id;
    let other = a_customer(&*backend.work, "Lesieur").await.id;
    let press = backend.insert_equipment(an_equipment("Presse 1").customer(owner).build()).await.id;
    let unowned = backend.insert_equipment(an_equipment("Presse 2").build()).await.id;
    let cases = [
        (press, EquipmentScope::All, true),
        (press, EquipmentScope::OfCustomer(owner), true),
        (press, EquipmentScope::OfCustomer(other), false),
        (unowned, EquipmentScope::OfCustomer(owner), false),
        (unowned, EquipmentScope::Nothing, false),
    ];
    for (id, scope, visible) in cases {
        assert_eq!(backend.queries.find_equipment(id, scope).await.unwrap().is_some(), visible, "{scope:?}");
    }
}

/// More than any statement takes, some with a code: each reads back, and the identifiers are those of the codes.
pub async fn many_machines_are_stored_at_once(backend: &Backend) {
    let top = backend.insert_equipment(an_equipment("Atelier").build()).await.id;
    let sheets: Vec<_> = (0..450)
        .map(|number| {
            let machine = an_equipment(&format!("Pompe {number}")).parent(top);
            if number % 2 == 0 { machine.code(&format!("P{number}")).build() } else { machine.build() }
        })
        .collect();
    let mut unit = backend.begin().await;
    assert_eq!(unit.equipment().insert_all(Vec::new(), T0).await, Ok(HashMap::new()));
    let coded = unit.equipment().insert_all(sheets.clone(), T0).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(coded.len(), 225);
    for sheet in sheets.into_iter().step_by(150) {
        let id = *sheet.code.as_ref().and_then(|code| coded.get(code)).unwrap();
        let found = backend.queries.find_equipment(id, EquipmentScope::All).await.unwrap();
        assert_eq!(found, Some(Equipment { id, sheet, created_at: T0, updated_at: T0, version: 1 }));
    }
}

/// As if they were stored one by one.
pub async fn one_conflict_among_many_has_its_name(backend: &Backend) {
    for (sheet, constraint) in conflicts(backend).await {
        let mut unit = backend.begin().await;
        let fine = an_equipment("Presse 3").code("PR-003").build();
        let refused = unit.equipment().insert_all(vec![fine, sheet], T0).await;
        assert_eq!(refused, Err(RepositoryError::Conflict(constraint)));
        unit.commit().await.unwrap_err();
    }
}

/// Those that were asked about and no others, compared to the letter; also what this very unit has written.
pub async fn names_in_use_are_known(backend: &Backend) {
    let customer = a_customer(&*backend.work, "Cosumar").await.id;
    let machine = backend.insert_equipment(an_equipment("Presse 1").code("PR-001").serial_number("SN-1").build()).await;
    backend.insert_equipment(an_equipment("Presse 2").code("PR-002").serial_number("SN-2").build()).await;
    let code = |text: &str| Line::parse(text).unwrap();
    let mut unit = backend.begin().await;
    let fresh = unit.equipment().insert(an_equipment("Presse 3").code("PR-003").build(), T0).await.unwrap();
    let mut names = EquipmentNames {
        codes: ["PR-001", "pr-002", "PR-003"].map(code).into(),
        serial_numbers: ["SN-1", "sn-2"].map(|text| Line::parse(text).unwrap()).into(),
        customers: [customer, CustomerId(4040)].into(),
    };
    // More than any statement takes.
    names.codes.extend((0..2500).map(|number| code(&format!("free-{number}"))));
    let expected = KnownNames {
        codes: [(code("PR-001"), machine.id), (code("PR-003"), fresh.id)].into(),
        serial_numbers: HashSet::from([Line::parse("SN-1").unwrap()]),
        customers: HashSet::from([customer]),
    };
    assert_eq!(unit.equipment().known_names(&names).await, Ok(expected));
    assert_eq!(unit.equipment().known_names(&EquipmentNames::default()).await, Ok(KnownNames::default()));
}
