//! What only a database with several writers can show: waiting for a twin that does not end.

use mif_domain::RepositoryError;
use mif_domain::idempotency::{Claim, Fingerprint, IdempotencyKey, IdempotentRequest};
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_persistence::SeaUnitsOfWork;
use mif_testkit::{T0, a_user};

use crate::{postgres, sqlite};

async fn request(work: &SeaUnitsOfWork) -> IdempotentRequest {
    let mut unit = work.begin().await.unwrap();
    let user_id = unit.users().insert(a_user("karim").build(), T0).await.unwrap().id;
    unit.commit().await.unwrap();
    IdempotentRequest { user_id, key: IdempotencyKey::parse("k").unwrap(), fingerprint: Fingerprint([1; 32]) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_twin_gives_up_after_five_seconds_and_its_unit_is_dead() {
    let postgres = postgres::migrated().await;
    let work = SeaUnitsOfWork(postgres.database.clone());
    let request = request(&work).await;
    let mut first = work.begin().await.unwrap();
    assert_eq!(first.idempotency().claim(&request, T0).await, Ok(Claim::Fresh));
    let mut twin = work.begin().await.unwrap();
    assert_eq!(twin.idempotency().claim(&request, T0).await, Ok(Claim::InProgress));
    twin.commit().await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_a_twin_waits_for_the_only_writer() {
    let file = sqlite::File::migrated().await;
    let mut settings = sqlite::settings(file.url.clone());
    settings.pool.acquire_timeout = std::time::Duration::from_millis(300);
    let work = SeaUnitsOfWork(mif_persistence::Database::connect(settings).await.unwrap());
    let request = request(&work).await;
    let mut first = work.begin().await.unwrap();
    assert_eq!(first.idempotency().claim(&request, T0).await, Ok(Claim::Fresh));
    let twin = work.begin().await.err();
    assert!(matches!(twin, Some(RepositoryError::Unavailable(_))), "{twin:?}");
}
