//! SQLite databases for one test each.

use std::time::Duration;

use mif_persistence::{Database, DatabaseSettings, PoolSettings, Schema};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use tempfile::TempDir;

pub(crate) fn settings(url: String) -> DatabaseSettings {
    let pool = PoolSettings {
        max_connections: 4,
        acquire_timeout: Duration::from_secs(10),
        statement_timeout: Duration::from_secs(10),
    };
    DatabaseSettings { url, pool }
}

/// A database in a folder that goes with it.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) database: Database,
    pub(crate) url: String,
    _folder: TempDir,
}

impl File {
    pub(crate) async fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        // The folder of the file is made on the way.
        let url = format!("sqlite://{}/data/mif.db", folder.path().display());
        let database = Database::connect(settings(url.clone())).await.unwrap();
        Self { database, url, _folder: folder }
    }

    pub(crate) async fn migrated() -> Self {
        let file = Self::empty().await;
        Schema(&file.database).up().await.unwrap();
        file
    }

    /// A connection that owes nothing to the adapter.
    pub(crate) async fn raw(&self) -> SqliteConnection {
        SqliteConnection::connect(&self.url).await.unwrap()
    }
}

pub(crate) async fn in_memory() -> Database {
    let database = Database::connect(settings("sqlite::memory:".to_owned())).await.unwrap();
    Schema(&database).up().await.unwrap();
    database
}
