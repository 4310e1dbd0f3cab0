//! The outbox worker.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mif_application::outbox::OutboxWorker;
use mif_domain::documents::FileId;
use mif_domain::mail::{Letter, LetterContent, MailError, Mailer, MailerHealth};
use mif_domain::outbox::{Lane, OutboxMessage};
use mif_domain::sessions::SessionId;
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_domain::users::UserId;
use mif_testkit::{RecordingMailer, T0, a_user};

use crate::world::World;

struct Office {
    world: World,
    worker: OutboxWorker,
    mailer: Arc<RecordingMailer>,
}

async fn office_with_one_warning(whom: Option<UserId>) -> Office {
    let world = World::new();
    let user = world.insert(a_user("karim").build()).await;
    let mut unit = world.store.begin().await.unwrap();
    let warning = OutboxMessage::WarnOfTokenReuse { user_id: whom.unwrap_or(user.id), session_id: SessionId(1) };
    unit.outbox().enqueue(warning, T0).await.unwrap();
    unit.commit().await.unwrap();
    let mailer = Arc::new(RecordingMailer::default());
    let worker = world.outbox(mailer.clone());
    Office { world, worker, mailer }
}

#[tokio::test]
async fn a_warning_becomes_a_letter_once() {
    let office = office_with_one_warning(None).await;
    assert_eq!(office.worker.run_once(Lane::Letters).await, Ok(1));
    assert_eq!(office.worker.run_once(Lane::Letters).await, Ok(0));
    let letters = office.mailer.sent();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].to.as_str(), "karim@mif.ma");
    assert_eq!(letters[0].content, LetterContent::TokenReuse { username: "karim".to_owned() });
    assert!(office.world.store.outbox().is_empty());
}

#[tokio::test]
async fn the_owner_of_a_closed_account_gets_a_letter() {
    let office = office_with_one_warning(None).await;
    let mut unit = office.world.store.begin().await.unwrap();
    let owner = unit.users().list_active(mif_domain::users::Role::Technician, None).await.unwrap()[0];
    unit.outbox().enqueue(OutboxMessage::WarnOfClosedAccount { user_id: owner }, T0).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(office.worker.run_once(Lane::Letters).await, Ok(2));
    let closed = LetterContent::AccountClosed { username: "karim".to_owned() };
    assert!(office.mailer.sent().iter().any(|letter| letter.content == closed));
}

#[tokio::test]
async fn a_letter_that_failed_leaves_later_under_the_same_name() {
    let office = office_with_one_warning(None).await;
    office.mailer.fail_with("la poste est en grève");
    assert_eq!(office.worker.run_once(Lane::Letters).await, Ok(1));
    let waiting = office.world.store.outbox();
    assert!(waiting[0].last_error.as_ref().unwrap().contains("grève"));
    office.mailer.recover();
    office.world.wait(59);
    assert_eq!(office.worker.run_once(Lane::Letters).await, Ok(0));
    office.world.wait(1);
    assert_eq!(office.worker.run_once(Lane::Letters).await, Ok(1));
    assert_eq!(office.mailer.sent()[0].message_id, format!("outbox-{}", waiting[0].id.0));
}

#[tokio::test]
async fn after_the_tenth_failure_a_message_is_given_up_and_kept() {
    let office = office_with_one_warning(None).await;
    office.mailer.fail_with("adresse inconnue");
    for attempt in 1..=10 {
        assert_eq!(office.worker.run_once(Lane::Letters).await, Ok(1), "attempt {attempt}");
        office.world.wait(6 * 3600);
    }
    assert_eq!(office.worker.run_once(Lane::Letters).await, Ok(0));
    let kept = office.world.store.outbox();
    assert_eq!((kept[0].attempts, kept[0].given_up), (10, true));
}

#[tokio::test]
async fn a_letter_whose_server_is_left_alone_loses_no_attempt() {
    let office = office_with_one_warning(None).await;
    office.mailer.leave_alone();
    for round in 0..50 {
        assert_eq!(office.worker.run_once(Lane::Letters).await, Ok(1), "round {round}");
        assert_eq!(office.worker.run_once(Lane::Letters).await, Ok(0), "round {round}");
        office.world.wait(20);
    }
    let waiting = office.world.store.outbox();
    assert_eq!((waiting[0].attempts, waiting[0].given_up), (0, false));
    office.mailer.recover();
    assert_eq!(office.worker.run_once(Lane::Letters).await, Ok(1));
    assert_eq!(office.mailer.sent().len(), 1);
}

#[tokio::test]
async fn a_message_about_nobody_is_done() {
    let office = office_with_one_warning(Some(UserId(404))).await;
    assert_eq!(office.worker.run_once(Lane::Letters).await, Ok(1));
    assert!(office.world.store.outbox().is_empty());
    assert!(office.mailer.sent().is_empty());
}

#[tokio::test]
async fn a_dead_workers_message_is_taken_over_after_a_minute() {
    let office = office_with_one_warning(None).await;
    office.worker.queue.lease(Lane::Letters, T0, chrono::TimeDelta::seconds(60), 20).await.unwrap();
    assert_eq!(office.worker.run_once(Lane::Letters).await, Ok(0));
    office.world.wait(60);
    assert_eq!(office.worker.run_once(Lane::Letters).await, Ok(1));
    assert_eq!(office.mailer.sent().len(), 1);
}

/// A mail server that takes the connection and never says a word.
#[derive(Debug)]
struct Silence;

#[async_trait]
impl Mailer for Silence {
    async fn send(&self, _: &Letter) -> Result<(), MailError> {
        std::future::pending().await
    }

    fn health(&self) -> MailerHealth {
        MailerHealth::Up
    }
}

#[tokio::test(start_paused = true)]
async fn letters_that_hang_outlive_no_lease_and_hold_up_no_removal() {
    let world = World::new();
    let user = world.insert(a_user("karim").build()).await;
    let mut unit = world.store.begin().await.unwrap();
    for session in 1..=7 {
        let warning = OutboxMessage::WarnOfTokenReuse { user_id: user.id, session_id: SessionId(session) };
        unit.outbox().enqueue(warning, T0).await.unwrap();
    }
    unit.outbox().enqueue(OutboxMessage::RemoveFile { file_id: FileId([7; 16]) }, T0).await.unwrap();
    unit.commit().await.unwrap();
    let worker = world.outbox(Arc::new(Silence));
    let letters = worker.clone();
    let hanging = tokio::spawn(async move { letters.run_once(Lane::Letters).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(worker.run_once(Lane::Files).await, Ok(1));
    assert!(world.store.outbox().iter().all(|entry| entry.message.lane() == Lane::Letters));

    let began = tokio::time::Instant::now();
    assert_eq!(hanging.await.unwrap(), Ok(5), "one batch, all at once");
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
    let tried = world.store.outbox().into_iter().filter(|entry| entry.last_error.is_some()).count();
    assert_eq!(tried, 5);
}
