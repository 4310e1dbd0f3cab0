//! Up, down and up again; two at once.

use mif_domain::customers::{Customer, CustomerId, CustomerSheet};
use mif_domain::paging::{Direction, PageRequest, Position};
use mif_domain::queries::{
    CustomerFilter, CustomerQueries as _, CustomerScope, CustomerSort, DatabaseHealth, DatabaseProbe as _,
};
use mif_domain::text::Line;
use mif_persistence::{Database, Schema, SeaQueries};
use mif_testkit::T0;

use crate::sqlite::{self, settings};
use crate::{postgres, sqlite::File};

async fn goes_up_down_and_up(database: &Database) {
    let schema = Schema(database);
    let all = schema.status().await.unwrap().len();
    assert!(all > 0);
    assert_eq!(schema.pending().await.unwrap(), all);
    assert!(matches!(SeaQueries(database.clone()).probe().await, DatabaseHealth::Outdated(1..)));
    assert_eq!(schema.up().await.unwrap(), all);
    assert_eq!(schema.pending().await.unwrap(), 0);
    assert_eq!(SeaQueries(database.clone()).probe().await, DatabaseHealth::Ready);
    assert_eq!(schema.up().await.unwrap(), 0);
    schema.down(u32::try_from(all).unwrap()).await.unwrap();
    assert_eq!(schema.pending().await.unwrap(), all);
    assert_eq!(schema.up().await.unwrap(), all);
    assert!(schema.status().await.unwrap().iter().all(|migration| migration.applied));
}

#[tokio::test]
async fn an_sqlite_file_goes_up_down_and_up() {
    goes_up_down_and_up(&File::empty().await.database).await;
}

#[tokio::test]
async fn an_sqlite_database_in_memory_goes_up_down_and_up() {
    let database = Database::connect(settings("sqlite::memory:".to_owned())).await.unwrap();
    goes_up_down_and_up(&database).await;
}

#[tokio::test]
async fn postgres_goes_up_down_and_up() {
    goes_up_down_and_up(&postgres::empty().await.database).await;
}

async fn back_to_the_first_schema(database: &Database) {
    let later = Schema(database).status().await.unwrap().len() - 1;
    Schema(database).down(u32::try_from(later).unwrap()).await.unwrap();
}

const OLD_CUSTOMER: &str = "INSERT INTO customers (name, created_at) VALUES ('Cosumar', '2026-01-05T07:00:00+00:00')";

/// What was entered before customers had more than a name is whole afterwards: dated, at its first version, and found.
async fn old_customers_are_whole(database: &Database) {
    let page = PageRequest {
        sort: CustomerSort::Name,
        direction: Direction::Ascending,
        limit: 50,
        position: Position::First,
        with_total: true,
    };
    for text in ["cosu", "c"] {
        let filter = CustomerFilter { text: Some(text.to_owned()), ..CustomerFilter::default() };
        let queries = SeaQueries(database.clone());
        let found = queries.list_customers(CustomerScope::All, &filter, &page).await.unwrap();
        let sheet = CustomerSheet::named(Line::parse("Cosumar").unwrap());
        let id = CustomerId(1);
        assert_eq!(found.items, [Customer { id, sheet, created_at: T0, updated_at: T0, version: 1 }], "{text}");
    }
}

#[tokio::test]
async fn customers_of_the_first_schema_are_whole_on_sqlite() {
    let file = File::migrated().await;
    back_to_the_first_schema(&file.database).await;
    sqlx::query(OLD_CUSTOMER).execute(&mut file.raw().await).await.unwrap();
    Schema(&file.database).up().await.unwrap();
    old_customers_are_whole(&file.database).await;
}

#[tokio::test]
async fn customers_of_the_first_schema_are_whole_on_postgres() {
    let postgres = postgres::empty().await;
    Schema(&postgres.database).up().await.unwrap();
    back_to_the_first_schema(&postgres.database).await;
    sqlx::query(OLD_CUSTOMER).execute(&mut postgres.raw().await).await.unwrap();
    Schema(&postgres.database).up().await.unwrap();
    old_customers_are_whole(&postgres.database).await;
}

/// As two replicas do that start at the same moment, each with connections of its own.
async fn two_migrate_at_once(url: &str) {
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let url = url.to_owned();
            tokio::spawn(async move {
                let database = Database::connect(settings(url)).await.unwrap();
                Schema(&database).up().await.unwrap();
                assert_eq!(Schema(&database).pending().await.unwrap(), 0);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_on_one_sqlite_file_migrate_it_once() {
    let file = File::empty().await;
    two_migrate_at_once(&file.url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_on_one_postgres_migrate_it_once() {
    two_migrate_at_once(&postgres::empty().await.url).await;
}

#[tokio::test]
async fn what_was_stored_survives_a_restart() {
    let file = File::migrated().await;
    let work = mif_persistence::SeaUnitsOfWork(file.database.clone());
    mif_testkit::a_customer(&work, "Cosumar").await;
    file.database.clone().close().await;
    let reopened = Database::connect(sqlite::settings(file.url.clone())).await.unwrap();
    assert_eq!(Schema(&reopened).pending().await.unwrap(), 0);
    let (count,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM customers").fetch_one(&mut file.raw().await).await.unwrap();
    assert_eq!(count, 1);
}
