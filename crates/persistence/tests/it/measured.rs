//! What counts as an error of the database.

use metrics_exporter_prometheus::PrometheusBuilder;
use mif_domain::customers::CustomerId;
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_domain::{Constraint, RepositoryError};
use mif_persistence::{Database, SeaUnitsOfWork};
use mif_testkit::{T0, a_user, an_equipment};

use crate::{postgres, sqlite};

/// Two rows of one name and a reference to nothing are refused; a database that is gone has failed.
async fn a_name_that_is_taken_is_no_error(database: Database) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let errors = || measured.render().lines().filter(|line| line.starts_with("db_query_errors_total{")).count();
    let work = SeaUnitsOfWork(database.clone());
    let mut unit = work.begin().await.unwrap();
    unit.users().insert(a_user("karim").build(), T0).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = work.begin().await.unwrap();
    let refused = unit.users().insert(a_user("karim").build(), T0).await.map(|_| ());
    assert!(matches!(refused, Err(RepositoryError::Conflict(_))), "{refused:?}");
    drop(unit);
    let mut unit = work.begin().await.unwrap();
    let nowhere = an_equipment("Presse").customer(CustomerId(77)).build();
    let refused = unit.equipment().insert(nowhere, T0).await.map(|_| ());
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::UnknownCustomer)));
    drop(unit);
    assert_eq!(errors(), 0, "{}", measured.render());

    database.close().await;
    assert!(work.begin().await.is_err());
    assert_eq!(errors(), 1, "{}", measured.render());
}

#[tokio::test]
async fn a_name_that_is_taken_is_no_error_of_sqlite() {
    a_name_that_is_taken_is_no_error(sqlite::in_memory().await).await;
}

#[tokio::test]
async fn a_name_that_is_taken_is_no_error_of_postgres() {
    let postgres = postgres::migrated().await;
    a_name_that_is_taken_is_no_error(postgres.database.clone()).await;
}
