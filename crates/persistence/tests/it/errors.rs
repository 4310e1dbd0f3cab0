//! A database that is not there is `Unavailable`, whoever notices it.

use std::time::{Duration, Instant};

use mif_domain::RepositoryError;
use mif_domain::queries::{DatabaseHealth, DatabaseProbe as _, Queries as _, UserScope};
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_domain::users::UserId;
use mif_persistence::{ConnectError, Database, DatabaseSettings, PoolSettings, SeaQueries, SeaUnitsOfWork};

use crate::postgres;
use crate::sqlite::{File, settings};

async fn is_unavailable(database: &Database) {
    let begun = SeaUnitsOfWork(database.clone()).begin().await.err();
    assert!(matches!(begun, Some(RepositoryError::Unavailable(_))), "{begun:?}");
    let read = SeaQueries(database.clone()).find_user(UserId(1), UserScope::All).await;
    assert!(matches!(read, Err(RepositoryError::Unavailable(_))), "{read:?}");
    assert_eq!(SeaQueries(database.clone()).probe().await, DatabaseHealth::Unreachable);
}

#[tokio::test]
async fn a_closed_sqlite_file_is_unavailable() {
    let file = File::migrated().await;
    file.database.clone().close().await;
    is_unavailable(&file.database).await;
}

#[tokio::test]
async fn a_closed_postgres_is_unavailable() {
    let postgres = postgres::migrated().await;
    postgres.database.clone().close().await;
    is_unavailable(&postgres.database).await;
}

#[tokio::test]
async fn a_postgres_that_hung_up_is_unavailable_and_then_available_again() {
    let postgres = postgres::migrated().await;
    let mut unit = SeaUnitsOfWork(postgres.database.clone()).begin().await.unwrap();
    let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::query(end_all).execute(&mut postgres.raw().await).await.unwrap();
    let refused = unit.users().count_active_admins().await;
    assert!(matches!(refused, Err(RepositoryError::Unavailable(_))), "{refused:?}");
    assert!(unit.commit().await.is_err());
    let mut unit = SeaUnitsOfWork(postgres.database.clone()).begin().await.unwrap();
    assert_eq!(unit.users().count_active_admins().await, Ok(0));
}

#[tokio::test]
async fn an_exhausted_pool_is_unavailable() {
    let postgres = postgres::migrated().await;
    let pool = PoolSettings {
        max_connections: 1,
        acquire_timeout: Duration::from_millis(200),
        statement_timeout: Duration::from_secs(10),
    };
    let database = Database::connect(DatabaseSettings { url: postgres.url, pool }).await.unwrap();
    let work = SeaUnitsOfWork(database);
    let _held = work.begin().await.unwrap();
    let refused = work.begin().await.err();
    assert!(matches!(refused, Some(RepositoryError::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "measures how long a real database makes us wait")]
async fn a_statement_that_takes_too_long_is_unavailable() {
    let postgres = postgres::migrated().await;
    let pool = PoolSettings { statement_timeout: Duration::from_millis(200), ..settings(String::new()).pool };
    let database = Database::connect(DatabaseSettings { url: postgres.url.clone(), pool }).await.unwrap();
    let mut raw = postgres.raw().await;
    sqlx::raw_sql("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").execute(&mut raw).await.unwrap();
    let started = Instant::now();
    let refused = SeaQueries(database).find_user(UserId(1), UserScope::All).await;
    assert!(matches!(refused, Err(RepositoryError::Unavailable(_))), "{refused:?}");
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn nobody_listening_is_an_error_that_keeps_the_password_to_itself() {
    let mut settings = settings("postgres://mif:geheim@127.0.0.1:1/mif".to_owned());
    settings.pool.acquire_timeout = Duration::from_millis(500);
    let error = Database::connect(settings).await.unwrap_err();
    assert!(matches!(error, ConnectError::Open(_)));
    assert!(!format!("{error} {error:?}").contains("geheim"));
}
