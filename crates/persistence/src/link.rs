//! A pool on PostgreSQL that is replaced when its connections may be dead without anybody having been told.
//!
//! A peer that falls silent (a host that lost power, a firewall that forgot the connection) ends no statement: the driver
//! would wait for the kernel to give up, a quarter of an hour, and a connection whose statement was abandoned keeps its
//! place in the pool while the driver waits for it to become usable again (sqlx#4349). So a statement has a deadline on this
//! side too, a [`Sentinel`] asks every second over a connection of its own, and both count an [`Outage`]; a pool that has
//! seen fewer of them than there were is replaced before it lends anything.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use mif_domain::queries::{DatabaseHealth, PoolState};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult,
    QueryResult, RuntimeErr, Statement, TransactionOptions, TransactionTrait as _,
};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::schema::pending;
use crate::slots::{Slot, Slots};

/// How often the sentinel asks.
const EVERY: Duration = Duration::from_secs(1);
/// How long it waits for an answer. With the pause before, a dead database is known within 3 s.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long statements that are under way may finish on a pool that was replaced.
const FAREWELL: Duration = Duration::from_mins(1);

/// How many times connections were found dead, for all pools of the process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outages(Arc<AtomicU64>);

impl Outages {
    pub(crate) fn note(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Connections, lent one by one.
#[derive(Clone)]
struct Pool {
    connections: DatabaseConnection,
    slots: Slots,
}

/// A pool, and how to make another one.
#[derive(Clone)]
pub(crate) struct Link(Arc<Shared>);

struct Shared {
    pool: RwLock<Pool>,
    /// On PostgreSQL. A file falls silent for nobody.
    renewal: Option<Renewal>,
}

struct Renewal {
    options: ConnectOptions,
    outages: Outages,
    seen: AtomicU64,
}

impl Link {
    /// A pool that stays.
    pub(crate) fn fixed(connections: DatabaseConnection, slots: Slots) -> Self {
        Self(Arc::new(Shared { pool: RwLock::new(Pool { connections, slots }), renewal: None }))
    }

    /// A pool that is made anew after an outage.
    pub(crate) fn renewed(
        connections: DatabaseConnection,
        slots: Slots,
        mut options: ConnectOptions,
        outages: Outages,
    ) -> Self {
        options.connect_lazy(true);
        let renewal = Renewal { options, seen: AtomicU64::new(outages.count()), outages };
        Self(Arc::new(Shared { pool: RwLock::new(Pool { connections, slots }), renewal: Some(renewal) }))
    }

    /// The pool as it is.
    pub(crate) fn pool(&self) -> DatabaseConnection {
        self.held().connections
    }

    /// How it is used.
    pub(crate) fn state(&self) -> PoolState {
        let Pool { connections, slots } = self.held();
        let (open, idle) = if connections.get_database_backend() == DatabaseBackend::Postgres {
            let pool = connections.get_postgres_connection_pool();
            (pool.size(), pool.num_idle())
        } else {
            let pool = connections.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle())
        };
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        PoolState { max: number(slots.count()), open, idle: number(idle), waiting: slots.waiting() }
    }

    fn held(&self) -> Pool {
        self.0.pool.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A connection of the pool to work with.
    async fn take(&self) -> Result<(DatabaseConnection, Slot), DbErr> {
        let pool = self.current().await?;
        let slot = pool.slots.take().await?;
        Ok((pool.connections, slot))
    }

    async fn current(&self) -> Result<Pool, DbErr> {
        if let Some(renewal) = &self.0.renewal {
            let outages = renewal.outages.count();
            // Whoever sees it first replaces the pool for everybody.
            if renewal.seen.swap(outages, Ordering::Relaxed) != outages {
                let fresh = sea_orm::Database::connect(renewal.options.clone()).await?;
                // What is stuck keeps the slots that it has, and nobody has to wait for those.
                let fresh = Pool { connections: fresh, slots: self.held().slots.anew() };
                let old = std::mem::replace(&mut *self.0.pool.write().unwrap_or_else(PoisonError::into_inner), fresh);
                tracing::warn!("connections to the database were replaced: some of them had fallen silent");
                // Idle ones are closed at once, the others when their statement ends or is given up. What never ends
                // leaves a task and a socket behind until the kernel gives up, and no place in a pool.
                tokio::spawn(timeout(FAREWELL, old.connections.close()));
            }
        }
        Ok(self.held())
    }

    /// A transaction, and the connection that it keeps.
    pub(crate) async fn begin(&self, options: TransactionOptions) -> Result<(DatabaseTransaction, Slot), DbErr> {
        let (connections, slot) = self.take().await?;
        Ok((connections.begin_with_options(options).await?, slot))
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}

#[async_trait]
impl ConnectionTrait for Link {
    fn get_database_backend(&self) -> DatabaseBackend {
        // Asked before every statement, so nothing is cloned for it.
        self.0.pool.read().unwrap_or_else(PoisonError::into_inner).connections.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let (connections, _slot) = self.take().await?;
        connections.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let (connections, _slot) = self.take().await?;
        connections.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let (connections, _slot) = self.take().await?;
        connections.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (connections, _slot) = self.take().await?;
        connections.query_all_raw(statement).await
    }
}

/// Asks the database how it is, over one connection that nothing else uses: a busy pool is no dead database, and a dead one
/// must not keep a pool busy.
#[derive(Debug)]
pub(crate) struct Sentinel {
    options: ConnectOptions,
    outages: Outages,
    health: RwLock<DatabaseHealth>,
    connection: Mutex<Option<DatabaseConnection>>,
    closed: AtomicBool,
}

impl Sentinel {
    /// Asks once, and from then on every second until the value is dropped.
    pub(crate) async fn post(mut options: ConnectOptions, outages: Outages) -> Arc<Self> {
        options.max_connections(1).acquire_timeout(PATIENCE).connect_timeout(PATIENCE).test_before_acquire(false);
        let health = RwLock::new(DatabaseHealth::Unreachable);
        let (connection, closed) = (Mutex::new(None), AtomicBool::new(false));
        let sentinel = Arc::new(Self { options, outages, health, connection, closed });
        let first = sentinel.look(&mut *sentinel.connection.lock().await).await;
        *sentinel.health.write().unwrap_or_else(PoisonError::into_inner) = first;
        let watched = Arc::downgrade(&sentinel);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                let Some(sentinel) = watched.upgrade() else { return };
                sentinel.ask().await;
            }
        });
        sentinel
    }

    /// How the database is now. Whoever comes while it is being asked takes that answer.
    pub(crate) async fn ask(&self) -> DatabaseHealth {
        match self.connection.try_lock() {
            Ok(mut slot) => self.hear(&mut slot).await,
            Err(_) => drop(self.connection.lock().await),
        }
        *self.health.read().unwrap_or_else(PoisonError::into_inner)
    }

    async fn hear(&self, slot: &mut Option<DatabaseConnection>) {
        let health = self.look(slot).await;
        let before = std::mem::replace(&mut *self.health.write().unwrap_or_else(PoisonError::into_inner), health);
        match (before, health) {
            (DatabaseHealth::Unreachable, DatabaseHealth::Unreachable) => {}
            (DatabaseHealth::Unreachable, _) => {
                self.outages.note();
                tracing::info!("the database answers again");
            }
            (_, DatabaseHealth::Unreachable) if !self.closed.load(Ordering::Relaxed) => {
                tracing::error!("the database does not answer");
            }
            _ => {}
        }
    }

    async fn look(&self, slot: &mut Option<DatabaseConnection>) -> DatabaseHealth {
        let health = match timeout(PATIENCE, self.pending(slot)).await {
            Ok(Ok(0)) => DatabaseHealth::Ready,
            Ok(Ok(pending)) => DatabaseHealth::Outdated(pending),
            Ok(Err(_)) | Err(_) => DatabaseHealth::Unreachable,
        };
        if health == DatabaseHealth::Unreachable
            && let Some(dead) = slot.take()
        {
            tokio::spawn(timeout(FAREWELL, dead.close()));
        }
        health
    }

    async fn pending(&self, slot: &mut Option<DatabaseConnection>) -> Result<usize, DbErr> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(DbErr::Conn(RuntimeErr::Internal("the database is closed".to_owned())));
        }
        let connection = match slot {
            Some(connection) => connection,
            None => slot.insert(sea_orm::Database::connect(self.options.clone()).await?),
        };
        pending(connection).await
    }

    /// Asks no more: from now on the database is unreachable.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        if let Some(connection) = self.connection.lock().await.take() {
            // Of one that was closed before, nothing is left to close.
            let _ = connection.close().await;
        }
    }
}
