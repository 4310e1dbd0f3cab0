//! Connecting: one pool for PostgreSQL; one writer and many readers for SQLite.

use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mif_domain::queries::PoolState;
use sea_orm::{ConnectOptions, ConnectionTrait as _, DatabaseBackend, DatabaseConnection, DbErr};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use thiserror::Error;

use crate::link::{Link, Outages, Sentinel};
use crate::observed::{Observed, Patience};
use crate::slots::Slots;

/// Waiting for a row that another transaction holds, at most. Also how long a twin of an idempotent request waits.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections of a worker thread at least: one that waits for a lock must not hold up everybody else.
const MIN_PER_WORKER: u32 = 4;
/// Connections for what goes on beside requests.
const BACKGROUND: u32 = 4;
/// A connection unused for longer is tested before it is lent: its peer may have vanished without a word.
const TRUST_IDLE: Duration = Duration::from_secs(5);
/// By when it must answer that test. Waiting for as long as somebody waits for a connection would make one that vanished
/// fail a request.
const TEST: Duration = Duration::from_secs(1);
/// What the network may take on top of the database's own limits.
const TRANSIT: Duration = Duration::from_secs(1);

/// How many connections, and how patient.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// Connections to PostgreSQL, or readers of SQLite.
    pub max_connections: u32,
    /// Waiting for a free connection, at most.
    pub acquire_timeout: Duration,
    /// One statement on PostgreSQL, at most.
    pub statement_timeout: Duration,
}

/// Which database.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `postgres://...`, `sqlite:///path/to/file` or `sqlite::memory:`.
    pub url: String,
    /// The pool.
    pub pool: PoolSettings,
}

/// Why there is no connection. Never holds the URL, which may hold a password.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The URL names neither database.
    #[error("the database URL must begin with postgres://, postgresql:// or sqlite:")]
    UnknownScheme,
    /// The database did not let us in.
    #[error("cannot open the database: {0}")]
    Open(String),
    /// The folder of the SQLite file cannot be made.
    #[error("cannot create {0}")]
    Folder(PathBuf, #[source] std::io::Error),
}

/// An open database.
#[derive(Debug, Clone)]
pub struct Database {
    /// For statements that read. On SQLite these connections refuse to write.
    pub(crate) reader: Observed<Link>,
    /// For transactions. On SQLite there is exactly one connection: writers queue here instead of failing with
    /// `SQLITE_BUSY`.
    pub(crate) writer: Observed<Link>,
    settings: DatabaseSettings,
    /// On PostgreSQL, one for the process.
    sentinel: Option<Arc<Sentinel>>,
    outages: Outages,
    /// Every pool of the process.
    pools: Arc<RwLock<Vec<Link>>>,
}

impl Database {
    /// Opens the database, creating an SQLite file that does not exist yet.
    pub async fn connect(settings: DatabaseSettings) -> Result<Self, ConnectError> {
        match backend_of(&settings.url)? {
            DatabaseBackend::Postgres => {
                let mut options = postgres_options(&settings);
                let connections = settings.pool.max_connections.min(BACKGROUND);
                options.max_connections(connections);
                let outages = Outages::default();
                let pool = open(options.clone()).await?;
                let sentinel = Sentinel::post(postgres_options(&settings), outages.clone()).await;
                let pool = watched(pool, connections, options, &settings, &outages);
                let pools = Arc::new(RwLock::new(vec![pool.inner.clone()]));
                Ok(Self { reader: pool.clone(), writer: pool, settings, sentinel: Some(sentinel), outages, pools })
            }
            _ => Self::connect_sqlite(settings).await,
        }
    }

    async fn connect_sqlite(settings: DatabaseSettings) -> Result<Self, ConnectError> {
        if let Some(folder) = sqlite_file(&settings.url).and_then(|file| file.parent().map(Path::to_owned)) {
            create_private(&folder).map_err(|error| ConnectError::Folder(folder, error))?;
        }
        if let Some(file) = sqlite_file(&settings.url) {
            // SQLite gives the files beside it the same mode.
            create_private_file(&file).map_err(|error| ConnectError::Folder(file, error))?;
        }
        let PoolSettings { max_connections, acquire_timeout, .. } = settings.pool;
        let observed =
            |pool, connections| Observed::new(Link::fixed(pool, Slots::new(connections, acquire_timeout)), None);
        let writer = observed(open(sqlite_options(&settings, Access::Write)).await?, 1);
        let mut pools = vec![writer.inner.clone()];
        let reader = if sqlite_file(&settings.url).is_some() {
            let reader = observed(open(sqlite_options(&settings, Access::Read)).await?, max_connections);
            pools.push(reader.inner.clone());
            reader
        } else {
            // A database in memory lives in its one connection.
            writer.clone()
        };
        let pools = Arc::new(RwLock::new(pools));
        Ok(Self { reader, writer, settings, sentinel: None, outages: Outages::default(), pools })
    }

    /// The same database with a pool of its own, for one of `workers` threads that each run a runtime of their own. A
    /// socket is served by the thread that opened it: with one pool for all, most statements would wake a second thread.
    /// Connections are opened when they are needed, and the limit is shared out.
    pub async fn for_worker(&self, workers: u32) -> Result<Self, ConnectError> {
        if self.backend() != DatabaseBackend::Postgres {
            // SQLite runs on threads of its own anyway, and must have one writer.
            return Ok(self.clone());
        }
        let mut settings = self.settings.clone();
        let share = settings.pool.max_connections.div_ceil(workers.max(1));
        settings.pool.max_connections = share.max(MIN_PER_WORKER);
        let mut options = postgres_options(&settings);
        options.connect_lazy(true);
        let connections = settings.pool.max_connections;
        let pool = watched(open(options.clone()).await?, connections, options, &settings, &self.outages);
        let (sentinel, outages, pools) = (self.sentinel.clone(), self.outages.clone(), Arc::clone(&self.pools));
        pools.write().unwrap_or_else(PoisonError::into_inner).push(pool.inner.clone());
        Ok(Self { reader: pool.clone(), writer: pool, settings, sentinel, outages, pools })
    }

    /// Which of the two it is.
    pub(crate) fn backend(&self) -> DatabaseBackend {
        self.writer.get_database_backend()
    }

    /// A connection of its own for migrating: no statement timeout, and on SQLite without foreign keys.
    pub(crate) async fn connect_for_migration(&self) -> Result<DatabaseConnection, DbErr> {
        if self.backend() == DatabaseBackend::Sqlite && sqlite_file(&self.settings.url).is_none() {
            return Ok(self.writer.inner.pool());
        }
        let options = match self.backend() {
            DatabaseBackend::Postgres => {
                let mut options = ConnectOptions::new(&self.settings.url);
                options.max_connections(1).sqlx_logging(false);
                options
            }
            _ => sqlite_options(&self.settings, Access::Migrate),
        };
        sea_orm::Database::connect(options).await
    }

    /// Who knows how the database is, without asking.
    pub(crate) fn sentinel(&self) -> Option<&Sentinel> {
        self.sentinel.as_deref()
    }

    /// The file of an SQLite database on disk.
    pub(crate) fn sqlite_file(&self) -> Option<PathBuf> {
        sqlite_file(&self.settings.url)
    }

    /// How the pools of this process are used, that of every worker among them. The sentinel's connection is in none.
    pub(crate) fn pools(&self) -> PoolState {
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        pools.iter().map(Link::state).fold(PoolState::default(), |all, pool| PoolState {
            max: all.max + pool.max,
            open: all.open + pool.open,
            idle: all.idle + pool.idle,
            waiting: all.waiting + pool.waiting,
        })
    }

    /// Waits for open statements and closes every connection.
    pub async fn close(self) {
        // Closing twice is harmless: with PostgreSQL and in memory both are the same pool.
        if let Some(sentinel) = &self.sentinel {
            sentinel.close().await;
        }
        let _ = self.reader.inner.pool().close().await;
        let _ = self.writer.inner.pool().close().await;
    }
}

/// A pool on PostgreSQL whose statements end even when their connection is dead.
fn watched(
    pool: DatabaseConnection,
    connections: u32,
    options: ConnectOptions,
    settings: &DatabaseSettings,
    outages: &Outages,
) -> Observed<Link> {
    // Waiting for a connection is part of the time that a statement outside a transaction takes.
    let deadline = settings.pool.acquire_timeout + settings.pool.statement_timeout + TRANSIT;
    let patience = Patience { deadline, outages: outages.clone() };
    let slots = Slots::new(connections, settings.pool.acquire_timeout);
    Observed::new(Link::renewed(pool, slots, options, outages.clone()), Some(patience))
}

/// Connects. The driver's errors about an address repeat it, password and all: they are not passed on.
async fn open(options: ConnectOptions) -> Result<DatabaseConnection, ConnectError> {
    let url = options.get_url().to_owned();
    sea_orm::Database::connect(options).await.map_err(|error| {
        let text = error.to_string();
        let telling = text.contains(&url) || text.contains("connection string") || text.contains("://");
        let fixed = "its address cannot be read; characters such as / # ? @ in a password must be percent-encoded";
        ConnectError::Open(if telling { fixed.to_owned() } else { text })
    })
}

/// An empty file that only we may read, unless it is there already.
fn create_private_file(file: &Path) -> std::io::Result<()> {
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    match made {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// A folder that only we may look into, unless it is there already.
fn create_private(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn backend_of(url: &str) -> Result<DatabaseBackend, ConnectError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        Ok(DatabaseBackend::Postgres)
    } else if url.starts_with("sqlite:") {
        Ok(DatabaseBackend::Sqlite)
    } else {
        Err(ConnectError::UnknownScheme)
    }
}

fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"))?;
    let path = path.split('?').next().unwrap_or_default();
    (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path))
}

fn postgres_options(settings: &DatabaseSettings) -> ConnectOptions {
    let mut options = ConnectOptions::new(&settings.url);
    let timeouts = [
        ("statement_timeout", settings.pool.statement_timeout.as_millis().to_string()),
        ("lock_timeout", LOCK_TIMEOUT.as_millis().to_string()),
        // A client that died inside a transaction must not hold its locks for ever.
        ("idle_in_transaction_session_timeout", "60000".to_owned()),
        // Statements here are short: compiling one takes longer than it does.
        ("jit", "off".to_owned()),
    ];
    options
        .max_connections(settings.pool.max_connections)
        .acquire_timeout(settings.pool.acquire_timeout)
        .connect_timeout(settings.pool.acquire_timeout)
        .max_lifetime(Duration::from_mins(30))
        .idle_timeout(Duration::from_mins(10))
        .test_before_acquire(false)
        .map_sqlx_postgres_before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for < TRUST_IDLE {
                    return Ok(true);
                }
                // One that does not answer is closed, and the next one tried.
                Ok(matches!(tokio::time::timeout(TEST, connection.ping()).await, Ok(Ok(()))))
            })
        })
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(move |driver| driver.application_name("mif").options(timeouts.clone()));
    options
}

#[derive(Clone, Copy, PartialEq)]
enum Access {
    Read,
    Write,
    Migrate,
}

fn sqlite_options(settings: &DatabaseSettings, access: Access) -> ConnectOptions {
    let file = sqlite_file(&settings.url);
    // The path is given to the driver as it is: in an address, a space or a colon would mean something else.
    let mut options = ConnectOptions::new(if file.is_some() { "sqlite:mif.db" } else { settings.url.as_str() });
    options
        .max_connections(if access == Access::Read { settings.pool.max_connections } else { 1 })
        .min_connections(1)
        .acquire_timeout(settings.pool.acquire_timeout)
        // A database in memory must never lose its one connection.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |driver| {
            let driver = match &file {
                Some(file) => driver.filename(file),
                None => driver,
            };
            let driver = driver
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // An acknowledged write survives a power cut.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(LOCK_TIMEOUT)
                .foreign_keys(access != Access::Migrate)
                // What is deleted is overwritten.
                .pragma("secure_delete", "ON");
            if access == Access::Read { driver.pragma("query_only", "ON") } else { driver }
        });
    options
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait as _, Statement};

    use super::*;

    #[test]
    fn only_two_kinds_of_url_are_understood() {
        assert_eq!(backend_of("postgresql://h/d").unwrap(), DatabaseBackend::Postgres);
        assert_eq!(backend_of("sqlite::memory:").unwrap(), DatabaseBackend::Sqlite);
        assert!(backend_of("mysql://h/d").is_err());
    }

    #[test]
    fn an_sqlite_file_is_found_in_its_url() {
        assert_eq!(sqlite_file("sqlite:///var/mif.db?mode=rwc"), Some("/var/mif.db".into()));
        assert_eq!(sqlite_file("sqlite://data/mif.db"), Some("data/mif.db".into()));
        assert_eq!(sqlite_file("sqlite::memory:"), None);
    }

    async fn pragma(connection: &DatabaseConnection, name: &str) -> String {
        let sql = format!("SELECT CAST({name} AS TEXT) AS value FROM pragma_{name}");
        let row =
            connection.query_one_raw(Statement::from_string(DatabaseBackend::Sqlite, sql)).await.unwrap().unwrap();
        row.try_get("", "value").unwrap()
    }

    #[tokio::test]
    async fn every_sqlite_connection_keeps_its_promises() {
        let folder = tempfile::TempDir::new().unwrap();
        let pool = PoolSettings {
            max_connections: 2,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
        };
        let url = format!("sqlite://{}/mif.db", folder.path().display());
        let database = Database::connect(DatabaseSettings { url, pool }).await.unwrap();
        for connection in [&database.writer.inner.pool(), &database.reader.inner.pool()] {
            // Written ahead; 2 is FULL.
            for (name, value) in [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")] {
                assert_eq!(pragma(connection, name).await, value, "{name}");
            }
            assert_eq!(pragma(connection, "secure_delete").await, "1");
        }
        database.writer.execute_unprepared("CREATE TABLE t (a INTEGER)").await.unwrap();
        database.reader.execute_unprepared("INSERT INTO t VALUES (1)").await.unwrap_err();
        database.writer.execute_unprepared("INSERT INTO t VALUES (1)").await.unwrap();
    }
}
