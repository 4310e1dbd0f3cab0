//! Customers.

use mif_domain::customers::{BusinessId, Customer, CustomerId, CustomerSheet, ServiceLevel};
use mif_domain::queries::CustomerScope;
use mif_domain::text::Line;
use mif_domain::users::{EmailAddress, Role};
use mif_domain::{Constraint, RepositoryError};

use super::{Backend, at_once};
use crate::{T0, a_customer, a_user, an_equipment, an_intervention, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! customer_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => customers:
            a_customer_reads_back_as_it_was_stored,
            an_update_writes_every_field_and_a_stale_one_is_refused,
            of_parallel_updates_of_one_version_one_wins,
            a_customer_that_nothing_points_at_is_deleted,
            a_customer_with_users_machines_or_work_is_not_deleted,
            deleting_needs_the_version,
            a_scope_shows_one_customer_or_none,
        );
    };
}

fn full_sheet() -> CustomerSheet {
    CustomerSheet {
        name: Line::parse("Société « Été » & fils").unwrap(),
        contact: Some(Line::parse("Mme Benjelloun").unwrap()),
        email: Some(EmailAddress::parse("Achats@ete.ma").unwrap()),
        phone: Some(Line::parse("+212 5 22 00 11 22").unwrap()),
        address: Some(Line::parse("12, rue de l'Océan").unwrap()),
        city: Some(Line::parse("Kénitra").unwrap()),
        business_id: Some(BusinessId::parse("001234567000089").unwrap()),
        service_level: ServiceLevel::Premium,
        is_active: false,
    }
}

/// Every field survives, and so does every empty one.
pub async fn a_customer_reads_back_as_it_was_stored(backend: &Backend) {
    for sheet in [full_sheet(), CustomerSheet::named(Line::parse("Cosumar").unwrap())] {
        let mut unit = backend.begin().await;
        let stored = unit.customers().insert(sheet.clone(), T0).await.unwrap();
        unit.commit().await.unwrap();
        assert_eq!(stored, Customer { id: stored.id, sheet, created_at: T0, updated_at: T0, version: 1 });
        let found = backend.queries.find_customer(stored.id, CustomerScope::All).await.unwrap();
        assert_eq!(found.as_ref(), Some(&stored));
        let mut unit = backend.begin().await;
        assert_eq!(unit.customers().find_for_update(stored.id).await, Ok(Some(stored)));
        assert_eq!(unit.customers().find_for_update(CustomerId(404)).await, Ok(None));
    }
}

/// Nobody overwrites what they have not seen.
pub async fn an_update_writes_every_field_and_a_stale_one_is_refused(backend: &Backend) {
    let before = a_customer(&*backend.work, "Cosumar").await;
    let changed = Customer { sheet: full_sheet(), ..before.clone() };
    let mut unit = backend.begin().await;
    let stored = unit.customers().update(&changed, later(7)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(stored, Customer { version: 2, updated_at: later(7), ..changed });
    let found = backend.queries.find_customer(before.id, CustomerScope::All).await.unwrap();
    assert_eq!(found, Some(stored));
    for stale in [before.clone(), Customer { id: CustomerId(404), ..before }] {
        let mut unit = backend.begin().await;
        assert_eq!(unit.customers().update(&stale, later(8)).await, Err(RepositoryError::Stale));
        unit.commit().await.unwrap_err();
    }
}

/// The version decides between callers that read the same row.
pub async fn of_parallel_updates_of_one_version_one_wins(backend: &Backend) {
    let customer = a_customer(&*backend.work, "Cosumar").await;
    let results = at_once(8, |_| {
        let (backend, customer) = (backend.clone(), customer.clone());
        async move {
            let mut unit = backend.begin().await;
            let result = unit.customers().update(&customer, later(1)).await;
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

/// Entered by mistake.
pub async fn a_customer_that_nothing_points_at_is_deleted(backend: &Backend) {
    let customer = a_customer(&*backend.work, "Cosumar").await;
    let mut unit = backend.begin().await;
    unit.customers().delete(customer.id, 1).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(backend.queries.find_customer(customer.id, CustomerScope::All).await, Ok(None));
}

/// Each alone is enough; work counts even after the machine went to somebody else.
pub async fn a_customer_with_users_machines_or_work_is_not_deleted(backend: &Backend) {
    let with_user = a_customer(&*backend.work, "Cosumar").await;
    backend.insert_user(a_user("achats").role(Role::Customer).customer(with_user.id).build()).await;
    let with_machine = a_customer(&*backend.work, "Lesieur").await;
    backend.insert_equipment(an_equipment("Presse 1").customer(with_machine.id).build()).await;
    let with_work = a_customer(&*backend.work, "Ciments").await;
    let mut machine = backend.insert_equipment(an_equipment("Presse 2").customer(with_work.id).build()).await;
    backend.insert_intervention(an_intervention("Fuite", machine.id).build(), None, T0).await;
    machine.sheet.customer_id = None;
    let mut unit = backend.begin().await;
    unit.equipment().update(&machine, later(1)).await.unwrap();
    unit.commit().await.unwrap();
    for customer in [with_user, with_machine, with_work] {
        let mut unit = backend.begin().await;
        let refused = unit.customers().delete(customer.id, 1).await;
        assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::StillReferenced)), "{}", customer.sheet.name);
        unit.commit().await.unwrap_err();
    }
}

/// Nobody deletes what they have not seen.
pub async fn deleting_needs_the_version(backend: &Backend) {
    let customer = a_customer(&*backend.work, "Cosumar").await;
    for (id, version) in [(customer.id, 2), (CustomerId(404), 1)] {
        let mut unit = backend.begin().await;
        assert_eq!(unit.customers().delete(id, version).await, Err(RepositoryError::Stale));
    }
}

/// One row obeys the scope as lists do.
pub async fn a_scope_shows_one_customer_or_none(backend: &Backend) {
    let own = a_customer(&*backend.work, "Cosumar").await.id;
    let other = a_customer(&*backend.work, "Lesieur").await.id;
    for (id, scope, visible) in [
        (own, CustomerScope::All, true),
        (own, CustomerScope::Only(own), true),
        (other, CustomerScope::Only(own), false),
        (own, CustomerScope::Nothing, false),
    ] {
        let found = backend.queries.find_customer(id, scope).await.unwrap();
        assert_eq!(found.map(|customer| customer.id), visible.then_some(id), "{scope:?}");
    }
}
