//! Machines.

use mif_application::Change;
use mif_application::access::{Action, ExpectedVersion, Refusal};
use mif_application::equipment::{
    CreateEquipment, CreateEquipmentError, DeleteEquipment, DeleteEquipmentError, EquipmentChanges, GetEquipment,
    ListEquipment, UpdateEquipment, UpdateEquipmentError,
};
use mif_application::idempotency::Done;
use mif_domain::audit::AuditKind;
use mif_domain::customers::CustomerId;
use mif_domain::equipment::{Equipment, EquipmentId, EquipmentStatus};
use mif_domain::paging::{Direction, PageRequest, Position};
use mif_domain::queries::{EquipmentFilter, EquipmentSort};
use mif_domain::text::Line;
use mif_domain::users::Role;
use mif_testkit::{EquipmentBuilder, a_customer, a_user, an_equipment};

use crate::world::World;

const DENIED: Refusal = Refusal::Denied(Action::ManageEquipment);

fn create(sheet: EquipmentBuilder) -> CreateEquipment {
    CreateEquipment { sheet: sheet.build() }
}

fn update(id: EquipmentId, changes: EquipmentChanges) -> UpdateEquipment {
    UpdateEquipment { id, expected_version: ExpectedVersion::Any, changes }
}

fn under(parent: Option<EquipmentId>) -> EquipmentChanges {
    EquipmentChanges { parent_id: Change::Set(parent), ..EquipmentChanges::default() }
}

fn delete(id: EquipmentId) -> DeleteEquipment {
    DeleteEquipment { id, expected_version: ExpectedVersion::Any }
}

async fn plant() -> (World, mif_application::access::Actor, Equipment) {
    let world = World::new();
    let manager = world.actor_of(Role::Manager).await;
    let press = an_equipment("Presse 1").code("PR-1").serial_number("SN-1");
    let press = world.insert_equipment(press.build()).await;
    (world, manager, press)
}

#[tokio::test]
async fn a_machine_is_entered_changed_and_deleted() {
    let (world, manager, _) = plant().await;
    let done = create(an_equipment("Four 1")).run(&world.core, &manager, None).await.unwrap();
    let Done::Now(oven) = done else { panic!("nothing was done before") };
    let changes = EquipmentChanges {
        status: Change::Set(EquipmentStatus::Failed),
        code: Change::Set(Some(Line::parse("FO-1").unwrap())),
        brand: Change::Set(None),
        ..EquipmentChanges::default()
    };
    let stored = update(oven.id, changes.clone()).run(&world.core, &manager).await.unwrap();
    assert_eq!((stored.version, stored.sheet.status), (2, EquipmentStatus::Failed));
    assert_eq!(update(oven.id, changes).run(&world.core, &manager).await.unwrap().version, 2);
    delete(oven.id).run(&world.core, &manager).await.unwrap();
    let gone = GetEquipment { id: oven.id }.run(&world.core, &manager).await.unwrap_err();
    assert_eq!(gone, Refusal::NotFound);

    let mut events = world.store.audit_events();
    let events: Vec<_> = events.drain(1..).map(|event| (event.kind, event.details)).collect();
    assert_eq!(
        events,
        [
            (AuditKind::EquipmentCreated, vec![]),
            (AuditKind::EquipmentUpdated, vec![("fields", "code,brand,status".to_owned())]),
            (AuditKind::EquipmentDeleted, vec![("name", "Four 1".to_owned())]),
        ]
    );
}

#[tokio::test]
async fn a_machine_that_cannot_be_entered_says_why() {
    let (world, manager, _) = plant().await;
    for (sheet, error) in [
        (an_equipment("x").code("PR-1"), CreateEquipmentError::CodeTaken),
        (an_equipment("x").serial_number("SN-1"), CreateEquipmentError::SerialNumberTaken),
        (an_equipment("x").customer(CustomerId(404)), CreateEquipmentError::UnknownCustomer),
        (an_equipment("x").parent(EquipmentId(404)), CreateEquipmentError::UnknownParent),
    ] {
        assert_eq!(create(sheet).run(&world.core, &manager, None).await.unwrap_err(), error);
    }
    assert_eq!(world.audited(AuditKind::EquipmentCreated), 0);
}

#[tokio::test]
async fn a_machine_that_cannot_be_changed_says_why() {
    let (world, manager, press) = plant().await;
    let oven = world.insert_equipment(an_equipment("Four 1").build()).await;
    let none = EquipmentChanges::default;
    let cases = [
        (EquipmentChanges { code: Change::Set(press.sheet.code.clone()), ..none() }, UpdateEquipmentError::CodeTaken),
        (
            EquipmentChanges { serial_number: Change::Set(press.sheet.serial_number.clone()), ..none() },
            UpdateEquipmentError::SerialNumberTaken,
        ),
        (
            EquipmentChanges { customer_id: Change::Set(Some(CustomerId(404))), ..none() },
            UpdateEquipmentError::UnknownCustomer,
        ),
        (under(Some(EquipmentId(404))), UpdateEquipmentError::UnknownParent),
    ];
    for (changes, error) in cases {
        assert_eq!(update(oven.id, changes).run(&world.core, &manager).await.unwrap_err(), error);
    }
    let stale = UpdateEquipment { expected_version: ExpectedVersion::Exactly(7), ..update(oven.id, none()) };
    assert_eq!(stale.run(&world.core, &manager).await.unwrap_err(), UpdateEquipmentError::Refused(Refusal::Stale));
    let unknown = update(EquipmentId(404), none()).run(&world.core, &manager).await.unwrap_err();
    assert_eq!(unknown, UpdateEquipmentError::Refused(Refusal::NotFound));
}

#[tokio::test]
async fn the_tree_never_bites_its_tail() {
    let (world, manager, top) = plant().await;
    let middle = world.insert_equipment(an_equipment("Vérin").parent(top.id).build()).await.id;
    let leaf = world.insert_equipment(an_equipment("Joint").parent(middle).build()).await.id;
    for parent in [top.id, middle, leaf] {
        let refused = update(top.id, under(Some(parent))).run(&world.core, &manager).await.unwrap_err();
        assert_eq!(refused, UpdateEquipmentError::Cycle, "{parent:?}");
    }
    update(leaf, under(Some(top.id))).run(&world.core, &manager).await.unwrap();
    update(middle, under(Some(leaf))).run(&world.core, &manager).await.unwrap();
    update(leaf, under(None)).run(&world.core, &manager).await.unwrap();
    update(top.id, under(Some(middle))).run(&world.core, &manager).await.unwrap();
}

#[tokio::test]
async fn a_machine_that_cannot_be_deleted_says_why() {
    let (world, manager, press) = plant().await;
    world.insert_equipment(an_equipment("Vérin").parent(press.id).build()).await;
    assert_eq!(delete(press.id).run(&world.core, &manager).await.unwrap_err(), DeleteEquipmentError::InUse);
    let stale = DeleteEquipment { expected_version: ExpectedVersion::Exactly(2), ..delete(press.id) };
    assert_eq!(stale.run(&world.core, &manager).await.unwrap_err(), DeleteEquipmentError::Refused(Refusal::Stale));
    let unknown = delete(EquipmentId(404)).run(&world.core, &manager).await.unwrap_err();
    assert_eq!(unknown, DeleteEquipmentError::Refused(Refusal::NotFound));
}

#[tokio::test]
async fn each_role_sees_and_changes_what_it_may() {
    let (world, _, nobodys) = plant().await;
    let (own, other) = (a_customer(&world.store, "Cosumar").await.id, a_customer(&world.store, "Lesieur").await.id);
    let owned = world.insert_equipment(an_equipment("A").customer(own).build()).await.id;
    let others = world.insert_equipment(an_equipment("B").customer(other).build()).await.id;
    let admin = world.actor_of(Role::Admin).await;
    let technician = world.actor_of(Role::Technician).await;
    world.insert(a_user("client").role(Role::Customer).customer(own).build()).await;
    let customer = world.actor("client").await;
    // A customer whose customer nobody entered yet.
    let stranger = world.actor_of(Role::Customer).await;

    for (actor, visible, may_change) in [
        (&admin, vec![nobodys.id, owned, others], true),
        (&technician, vec![nobodys.id, owned, others], false),
        (&customer, vec![owned], false),
        (&stranger, vec![], false),
    ] {
        let created = create(an_equipment("C")).run(&world.core, actor, None).await;
        assert_eq!(created.err(), (!may_change).then_some(CreateEquipmentError::Refused(DENIED)));
        for id in [nobodys.id, owned, others] {
            let sees = visible.contains(&id);
            assert_eq!(GetEquipment { id }.run(&world.core, actor).await.is_ok(), sees, "{:?}", actor.role());
            let (changed, deleted) = match (may_change, sees) {
                (true, _) => (None, Some(DeleteEquipmentError::Refused(Refusal::Stale))),
                (false, true) => {
                    (Some(UpdateEquipmentError::Refused(DENIED)), Some(DeleteEquipmentError::Refused(DENIED)))
                }
                (false, false) => (
                    Some(UpdateEquipmentError::Refused(Refusal::NotFound)),
                    Some(DeleteEquipmentError::Refused(Refusal::NotFound)),
                ),
            };
            assert_eq!(update(id, EquipmentChanges::default()).run(&world.core, actor).await.err(), changed);
            let gone =
                DeleteEquipment { id, expected_version: ExpectedVersion::Exactly(99) }.run(&world.core, actor).await;
            assert_eq!(gone.err(), deleted);
        }
    }
}

#[tokio::test]
async fn a_list_is_the_business_of_a_database() {
    let (world, manager, _) = plant().await;
    let page = PageRequest {
        sort: EquipmentSort::Id,
        direction: Direction::Ascending,
        limit: 50,
        position: Position::First,
        with_total: false,
    };
    let refused = ListEquipment { filter: EquipmentFilter::default(), page }.run(&world.core, &manager).await;
    assert!(matches!(refused, Err(mif_domain::RepositoryError::Unavailable(_))));
}
