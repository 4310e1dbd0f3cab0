//! Migrating, one process at a time.

use std::fs::File;
use std::path::PathBuf;

use mif_migrations::Migrator;
use sea_orm::{ConnectionTrait as _, DatabaseBackend, DatabaseConnection, DbErr};
use sea_orm_migration::MigratorTrait as _;
use thiserror::Error;

use crate::Database;

/// Any number will do, as long as no other product on the same server uses it: "mif" in ASCII.
const ADVISORY_LOCK: i64 = 0x006d_6966;

/// One migration and whether it was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its name.
    pub name: String,
    /// Whether this database has it.
    pub applied: bool,
}

/// Why the schema was not changed.
#[derive(Debug, Error)]
pub enum SchemaError {
    /// The database refused.
    #[error("migration failed: {0}")]
    Database(#[from] DbErr),
    /// The lock file beside the SQLite database cannot be had.
    #[error("cannot lock {0}")]
    LockFile(PathBuf, #[source] std::io::Error),
}

/// The schema of a database.
#[derive(Debug)]
pub struct Schema<'a>(pub &'a Database);

impl Schema<'_> {
    /// Applies every pending migration. Returns how many there were.
    pub async fn up(&self) -> Result<usize, SchemaError> {
        if self.pending().await? == 0 {
            return Ok(0);
        }
        self.exclusively(async |connection| {
            // Counted again under the lock: another process may have been faster.
            let pending = Migrator::get_pending_migrations_read_only(connection).await?.len();
            Migrator::up(connection, None).await?;
            Ok(pending)
        })
        .await
    }

    /// Takes back the newest `steps` migrations.
    pub async fn down(&self, steps: u32) -> Result<(), SchemaError> {
        self.exclusively(async |connection| Migrator::down(connection, Some(steps)).await).await
    }

    /// Every migration this program knows, oldest first. Writes nothing.
    pub async fn status(&self) -> Result<Vec<MigrationStatus>, SchemaError> {
        let migrations = Migrator::get_migration_with_status_read_only(&self.0.reader.inner.pool()).await?;
        Ok(migrations
            .iter()
            .map(|migration| MigrationStatus {
                name: migration.name().to_owned(),
                applied: migration.status() == sea_orm_migration::MigrationStatus::Applied,
            })
            .collect())
    }

    /// How many migrations are still to be applied. Writes nothing.
    pub async fn pending(&self) -> Result<usize, SchemaError> {
        Ok(self.status().await?.iter().filter(|migration| !migration.applied).count())
    }

    async fn exclusively<T>(
        &self,
        work: impl AsyncFnOnce(&DatabaseConnection) -> Result<T, DbErr>,
    ) -> Result<T, SchemaError> {
        // Held until the end of this function; the operating system releases it if we die.
        let _file = match self.0.sqlite_file() {
            Some(database) => Some(lock_file(database).await?),
            None => None,
        };
        let connection = self.0.connect_for_migration().await?;
        if connection.get_database_backend() == DatabaseBackend::Postgres {
            // The connection is the only one of its pool: the lock is still ours when the migrations run, and goes with
            // the connection whatever happens.
            connection.execute_unprepared(&format!("SELECT pg_advisory_lock({ADVISORY_LOCK})")).await?;
        }
        let done = work(&connection).await;
        if self.0.backend() == DatabaseBackend::Postgres || self.0.sqlite_file().is_some() {
            connection.close().await?;
        }
        Ok(done?)
    }
}

/// How many migrations are still to be applied to the database behind a connection. Writes nothing.
pub(crate) async fn pending(connection: &DatabaseConnection) -> Result<usize, DbErr> {
    Ok(Migrator::get_pending_migrations_read_only(connection).await?.len())
}

async fn lock_file(database: PathBuf) -> Result<File, SchemaError> {
    let mut path = database.into_os_string();
    path.push(".migrate.lock");
    let path = PathBuf::from(path);
    // Waiting for the lock blocks its thread: on one of the runtime's own it could hold up whoever has the lock.
    let wait = {
        let path = path.clone();
        move || File::create(path).and_then(|file| file.lock().map(|()| file))
    };
    let locked = tokio::task::spawn_blocking(wait).await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    locked.map_err(|error| SchemaError::LockFile(path, error))
}
