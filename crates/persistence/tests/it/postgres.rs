//! PostgreSQL databases for one test each, copied from one that was migrated once. They go with their cluster.

use std::sync::atomic::{AtomicU32, Ordering};

use mif_persistence::{Database, Schema};
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};
use tokio::sync::Mutex;

use crate::sqlite::settings;

#[derive(Debug)]
pub(crate) struct Postgres {
    pub(crate) database: Database,
    pub(crate) url: String,
}

impl Postgres {
    /// A connection that owes nothing to the adapter.
    pub(crate) async fn raw(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }
}

/// Whether the template was made. Held while copying too: PostgreSQL copies a database for one client at a time.
static TEMPLATE: Mutex<bool> = Mutex::const_new(false);
static COUNT: AtomicU32 = AtomicU32::new(1);

#[expect(clippy::disallowed_methods, reason = "the test command tells its tests where the cluster is")]
fn cluster() -> String {
    std::env::var("MIF_TEST_POSTGRES").expect(
        "MIF_TEST_POSTGRES does not name a PostgreSQL server: run `cargo xtask test`, which starts one for the tests",
    )
}

fn url_of(name: &str) -> String {
    let cluster = cluster();
    let (server, _) = cluster.rsplit_once('/').expect("postgres://user@host:port/database");
    format!("{server}/{name}")
}

/// The process is part of the name: two test runs may share a cluster.
fn name_of(what: impl std::fmt::Display) -> String {
    format!("t_{}_{what}", std::process::id())
}

async fn create(name: &str, template: &str) {
    let mut connection = PgConnection::connect(&cluster()).await.unwrap();
    let statement = format!("CREATE DATABASE {name} TEMPLATE {template}");
    connection.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
    connection.close().await.unwrap();
}

async fn open(name: &str) -> Postgres {
    let url = url_of(name);
    Postgres { database: Database::connect(settings(url.clone())).await.unwrap(), url }
}

/// A database without anything in it.
pub(crate) async fn empty() -> Postgres {
    let name = name_of(COUNT.fetch_add(1, Ordering::SeqCst));
    let _one_at_a_time = TEMPLATE.lock().await;
    create(&name, "template0").await;
    open(&name).await
}

/// A database with every table.
pub(crate) async fn migrated() -> Postgres {
    let template = name_of("template");
    let name = name_of(COUNT.fetch_add(1, Ordering::SeqCst));
    let mut made = TEMPLATE.lock().await;
    if !*made {
        create(&template, "template0").await;
        let source = open(&template).await.database;
        Schema(&source).up().await.unwrap();
        // Nobody may be connected to what is copied.
        source.close().await;
        *made = true;
    }
    create(&name, &template).await;
    drop(made);
    open(&name).await
}
