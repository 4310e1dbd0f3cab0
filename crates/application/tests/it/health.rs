//! How the parts are, for those who run the server.

use std::sync::Arc;

use async_trait::async_trait;
use mif_application::operations::{CheckHealth, Health, OutboxHealth};
use mif_domain::mail::MailerHealth;
use mif_domain::outbox::{Lane, OutboxMessage};
use mif_domain::queries::{DatabaseHealth, DatabaseProbe, PoolState};
use mif_domain::sessions::SessionId;
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_testkit::{RecordingMailer, T0, a_user};

use crate::world::World;

#[derive(Debug)]
struct Probe(DatabaseHealth);

#[async_trait]
impl DatabaseProbe for Probe {
    async fn probe(&self) -> DatabaseHealth {
        self.0
    }

    fn pool(&self) -> PoolState {
        PoolState { max: 20, open: 6, idle: 5, waiting: 0 }
    }
}

async fn health(world: &World, mailer: &RecordingMailer, database: DatabaseHealth) -> Health {
    CheckHealth { database: &Probe(database), mailer, data_free_bytes: Some(1) }.run(&world.core).await
}

#[tokio::test]
async fn a_letter_that_waits_for_long_is_told_whatever_was_tried_meanwhile() {
    let world = World::new();
    let user = world.insert(a_user("karim").build()).await;
    let mailer = Arc::new(RecordingMailer::default());
    let worker = world.outbox(mailer.clone());
    assert!(health(&world, &mailer, DatabaseHealth::Ready).await.is_good());

    let warning = OutboxMessage::WarnOfTokenReuse { user_id: user.id, session_id: SessionId(1) };
    let mut unit = world.store.begin().await.unwrap();
    unit.outbox().enqueue(warning, T0).await.unwrap();
    unit.commit().await.unwrap();
    mailer.fail_with("personne");
    for _ in 0..10 {
        worker.run_once(Lane::Letters).await.unwrap();
        world.wait(60);
    }
    let seen = health(&world, &mailer, DatabaseHealth::Ready).await;
    assert_eq!((seen.outbox, seen.mail, seen.is_good()), (OutboxHealth::Ok, MailerHealth::Down, false));
    world.wait(1);
    let seen = health(&world, &mailer, DatabaseHealth::Ready).await;
    assert_eq!(seen.outbox, OutboxHealth::Late);

    mailer.recover();
    let seen = health(&world, &mailer, DatabaseHealth::Ready).await;
    assert_eq!((seen.outbox, seen.mail, seen.is_good()), (OutboxHealth::Late, MailerHealth::Up, false));
    world.wait(3600);
    worker.run_once(Lane::Letters).await.unwrap();
    assert!(health(&world, &mailer, DatabaseHealth::Ready).await.is_good());
}

#[tokio::test]
async fn a_database_that_does_not_answer_or_lacks_a_migration_is_not_good() {
    let world = World::new();
    let mailer = RecordingMailer::default();
    for database in [DatabaseHealth::Unreachable, DatabaseHealth::Outdated(1)] {
        let seen = health(&world, &mailer, database).await;
        assert_eq!((seen.database, seen.is_good()), (database, false));
    }
}
