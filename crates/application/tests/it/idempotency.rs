//! A request that is sent again is not done again.

use mif_application::access::Actor;
use mif_application::equipment::{CreateEquipment, CreateEquipmentError};
use mif_application::idempotency::{Done, IdempotencyError, Once, RememberRefusal};
use mif_domain::audit::AuditKind;
use mif_domain::equipment::Equipment;
use mif_domain::idempotency::{Fingerprint, IdempotencyKey, IdempotentRequest, StoredAnswer};
use mif_domain::users::Role;
use mif_testkit::an_equipment;

use crate::world::World;

fn request(actor: &Actor, fingerprint: u8) -> IdempotentRequest {
    IdempotentRequest {
        user_id: actor.user_id(),
        key: IdempotencyKey::parse("commande-1").unwrap(),
        fingerprint: Fingerprint([fingerprint; 32]),
    }
}

fn answer(status: u16, body: String) -> StoredAnswer {
    StoredAnswer { status, location: None, etag: None, body: body.into_bytes() }
}

fn render(equipment: &Equipment) -> StoredAnswer {
    answer(201, format!("machine {}", equipment.id.0))
}

async fn create(
    world: &World,
    actor: &Actor,
    code: &str,
    fingerprint: u8,
) -> Result<Done<Equipment>, CreateEquipmentError> {
    let once = Once { request: request(actor, fingerprint), render: &render };
    let sheet = an_equipment("Presse").code(code).build();
    CreateEquipment { sheet }.run(&world.core, actor, Some(once)).await
}

#[tokio::test]
async fn the_same_request_gets_the_first_answer_again() {
    let world = World::new();
    let manager = world.actor_of(Role::Manager).await;
    let Done::Now(machine) = create(&world, &manager, "A", 1).await.unwrap() else { panic!("the first time") };
    let Done::Before(replayed) = create(&world, &manager, "A", 1).await.unwrap() else { panic!("the second time") };
    assert_eq!(replayed, render(&machine));
    assert_eq!(world.audited(AuditKind::EquipmentCreated), 1);
}

#[tokio::test]
async fn twins_at_once_make_one_machine() {
    let world = World::new();
    let manager = world.actor_of(Role::Manager).await;
    let (a, b) = tokio::join!(create(&world, &manager, "A", 1), create(&world, &manager, "A", 1));
    let done = [a.unwrap(), b.unwrap()];
    assert_eq!(done.iter().filter(|done| matches!(done, Done::Now(_))).count(), 1);
}

#[tokio::test]
async fn another_request_under_the_key_is_refused_and_another_user_is_not() {
    let world = World::new();
    let (manager, admin) = (world.actor_of(Role::Manager).await, world.actor_of(Role::Admin).await);
    create(&world, &manager, "A", 1).await.unwrap();
    let mismatch = create(&world, &manager, "B", 2).await.unwrap_err();
    assert_eq!(mismatch, CreateEquipmentError::Idempotency(IdempotencyError::Mismatch));
    create(&world, &admin, "B", 2).await.unwrap();
}

#[tokio::test]
async fn a_day_later_the_key_is_free() {
    let world = World::new();
    let manager = world.actor_of(Role::Manager).await;
    create(&world, &manager, "A", 1).await.unwrap();
    world.wait(24 * 3600);
    let manager = world.actor("manager").await;
    assert!(matches!(create(&world, &manager, "B", 2).await.unwrap(), Done::Now(_)));
}

#[tokio::test]
async fn a_refusal_frees_the_key_until_it_is_remembered() {
    let world = World::new();
    let manager = world.actor_of(Role::Manager).await;
    world.insert_equipment(an_equipment("Presse").code("A").build()).await;
    assert_eq!(create(&world, &manager, "A", 1).await.unwrap_err(), CreateEquipmentError::CodeTaken);
    let refusal = || RememberRefusal { request: request(&manager, 1), answer: answer(409, "pris".to_owned()) };
    refusal().run(&world.core).await.unwrap();
    // A twin that comes later changes nothing.
    let later = RememberRefusal { answer: answer(422, "autre".to_owned()), ..refusal() };
    later.run(&world.core).await.unwrap();
    let Done::Before(replayed) = create(&world, &manager, "A", 1).await.unwrap() else { panic!("it is remembered") };
    assert_eq!(replayed, answer(409, "pris".to_owned()));
}
