//! Customers.

use mif_application::Change;
use mif_application::access::{Action, Actor, ExpectedVersion, Refusal};
use mif_application::customers::{
    CreateCustomer, CreateCustomerError, CustomerChanges, DeleteCustomer, DeleteCustomerError, GetCustomer,
    UpdateCustomer,
};
use mif_application::idempotency::Done;
use mif_domain::audit::AuditKind;
use mif_domain::customers::{Customer, CustomerId, CustomerSheet, ServiceLevel};
use mif_domain::text::Line;
use mif_domain::users::Role;
use mif_testkit::{a_customer, a_user, an_equipment};

use crate::world::World;

const DENIED: Refusal = Refusal::Denied(Action::ManageCustomers);

fn create(name: &str) -> CreateCustomer {
    CreateCustomer { sheet: CustomerSheet::named(Line::parse(name).unwrap()) }
}

fn update(id: CustomerId, changes: CustomerChanges) -> UpdateCustomer {
    UpdateCustomer { id, expected_version: ExpectedVersion::Any, changes }
}

fn delete(id: CustomerId) -> DeleteCustomer {
    DeleteCustomer { id, expected_version: ExpectedVersion::Any }
}

async fn entered(world: &World, actor: &Actor, name: &str) -> Customer {
    match create(name).run(&world.core, actor, None).await.unwrap() {
        Done::Now(customer) => customer,
        Done::Before(_) => panic!("nothing was done before"),
    }
}

#[tokio::test]
async fn what_is_done_to_a_customer_is_audited() {
    let world = World::new();
    let manager = world.actor_of(Role::Manager).await;
    let customer = entered(&world, &manager, "Cosumar").await;
    let changes = CustomerChanges {
        service_level: Change::Set(ServiceLevel::Premium),
        city: Change::Set(Some(Line::parse("Casablanca").unwrap())),
        is_active: Change::Set(true),
        ..CustomerChanges::default()
    };
    let stored = update(customer.id, changes.clone()).run(&world.core, &manager).await.unwrap();
    assert_eq!((stored.version, stored.sheet.service_level), (2, ServiceLevel::Premium));
    assert_eq!(update(customer.id, changes).run(&world.core, &manager).await.unwrap().version, 2);
    delete(customer.id).run(&world.core, &manager).await.unwrap();
    let gone = GetCustomer { id: customer.id }.run(&world.core, &manager).await.unwrap_err();
    assert_eq!(gone, Refusal::NotFound);

    let mut events = world.store.audit_events();
    let events: Vec<_> = events.drain(1..).map(|event| (event.kind, event.details)).collect();
    let expected = [
        (AuditKind::CustomerCreated, vec![]),
        (AuditKind::CustomerUpdated, vec![("fields", "city,service_level".to_owned())]),
        (AuditKind::CustomerDeleted, vec![("name", "Cosumar".to_owned())]),
    ];
    assert_eq!(events, expected);
}

#[tokio::test]
async fn a_customer_that_cannot_be_changed_says_why() {
    let world = World::new();
    let manager = world.actor_of(Role::Manager).await;
    let customer = entered(&world, &manager, "Cosumar").await.id;
    world.insert_equipment(an_equipment("Four").customer(customer).build()).await;
    assert_eq!(delete(customer).run(&world.core, &manager).await.unwrap_err(), DeleteCustomerError::InUse);
    let stale = DeleteCustomer { expected_version: ExpectedVersion::Exactly(2), ..delete(customer) };
    assert_eq!(stale.run(&world.core, &manager).await.unwrap_err(), DeleteCustomerError::Refused(Refusal::Stale));
    let stale = UpdateCustomer {
        expected_version: ExpectedVersion::Exactly(2),
        ..update(customer, CustomerChanges::default())
    };
    assert_eq!(stale.run(&world.core, &manager).await.unwrap_err(), Refusal::Stale);
    let unknown = update(CustomerId(404), CustomerChanges::default()).run(&world.core, &manager).await.unwrap_err();
    assert_eq!(unknown, Refusal::NotFound);
    let unknown = delete(CustomerId(404)).run(&world.core, &manager).await.unwrap_err();
    assert_eq!(unknown, DeleteCustomerError::Refused(Refusal::NotFound));
    assert_eq!((world.audited(AuditKind::CustomerUpdated), world.audited(AuditKind::CustomerDeleted)), (0, 0));
}

#[tokio::test]
async fn each_role_sees_and_changes_what_it_may() {
    let world = World::new();
    let own = a_customer(&world.store, "Cosumar").await.id;
    let other = a_customer(&world.store, "Lesieur").await.id;
    world.insert(a_user("leila").role(Role::Customer).customer(own).build()).await;
    let customer = world.actor("leila").await;
    let technician = world.actor_of(Role::Technician).await;
    // A customer whose customer nobody entered yet.
    let stranger = world.actor_of(Role::Customer).await;
    for (actor, visible) in [(&technician, vec![own, other]), (&customer, vec![own]), (&stranger, vec![])] {
        let refused = create("Neuf").run(&world.core, actor, None).await.unwrap_err();
        assert_eq!(refused, CreateCustomerError::Refused(DENIED));
        for id in [own, other] {
            let sees = visible.contains(&id);
            assert_eq!(GetCustomer { id }.run(&world.core, actor).await.is_ok(), sees);
            let changed = update(id, CustomerChanges::default()).run(&world.core, actor).await.unwrap_err();
            let deleted = delete(id).run(&world.core, actor).await.unwrap_err();
            if sees {
                assert_eq!(changed, DENIED);
                assert_eq!(deleted, DeleteCustomerError::Refused(DENIED));
            } else {
                assert_eq!((changed, deleted), (Refusal::NotFound, DeleteCustomerError::Refused(Refusal::NotFound)));
            }
        }
    }
}
