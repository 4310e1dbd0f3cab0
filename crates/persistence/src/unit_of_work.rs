//! One open transaction that lends repositories.

use async_trait::async_trait;
use mif_domain::audit::AuditTrail;
use mif_domain::customers::CustomerRepository;
use mif_domain::documents::DocumentRepository;
use mif_domain::equipment::EquipmentRepository;
use mif_domain::guesses::GuessGuard;
use mif_domain::idempotency::IdempotencyLedger;
use mif_domain::interventions::InterventionRepository;
use mif_domain::letter_tokens::LetterTokenRepository;
use mif_domain::mfa::MfaRepository;
use mif_domain::notifications::NotificationRepository;
use mif_domain::outbox::Outbox;
use mif_domain::repository::{PURGED, Stored};
use mif_domain::sessions::SessionRepository;
use mif_domain::technicians::{SkillRepository, TechnicianRepository};
use mif_domain::unit_of_work::{NamedLock, UnitOfWork, UnitOfWorkFactory};
use mif_domain::users::UserRepository;
use mif_domain::{Constraint, Instant, RepositoryError};
use sea_orm::{
    ConnectionTrait as _, DatabaseBackend, DatabaseTransaction, DbErr, QueryResult, SqliteTransactionMode, Statement,
    TransactionOptions, Value,
};

use crate::errors::{plain, translate};
use crate::observed::{self, Observed};
use crate::{Database, repositories};

/// Opens transactions on a [`Database`].
#[derive(Debug, Clone)]
pub struct SeaUnitsOfWork(pub Database);

#[async_trait]
impl UnitOfWorkFactory for SeaUnitsOfWork {
    async fn begin(&self) -> Stored<Box<dyn UnitOfWork>> {
        Ok(Box::new(Transaction::begin(&self.0).await?))
    }
}

/// A transaction that remembers whether it failed.
pub(crate) struct Transaction {
    inner: Observed<DatabaseTransaction>,
    dead: bool,
}

impl Transaction {
    pub(crate) async fn begin(database: &Database) -> Stored<Self> {
        // SQLite: a transaction that will write says so at once. One that only finds out later cannot wait its turn any
        // more (SQLITE_BUSY_SNAPSHOT).
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let inner = observed::begin(&database.writer, options).await.map_err(plain)?;
        Ok(Self { inner, dead: false })
    }

    /// What SeaORM's entities run on.
    pub(crate) fn connection(&self) -> &Observed<DatabaseTransaction> {
        &self.inner
    }

    pub(crate) fn backend(&self) -> DatabaseBackend {
        self.inner.get_database_backend()
    }

    /// From now on a commit fails.
    pub(crate) fn kill(&mut self) {
        self.dead = true;
    }

    /// Kills the unit with an error.
    pub(crate) fn refuse<T>(&mut self, error: RepositoryError) -> Stored<T> {
        self.kill();
        Err(error)
    }

    /// Translates a result of a statement that can break no reference.
    pub(crate) fn checked<T>(&mut self, result: Result<T, DbErr>) -> Stored<T> {
        self.referring(result, Constraint::Other)
    }

    /// Translates a result of a statement in which a broken reference means `foreign_key`.
    pub(crate) fn referring<T>(&mut self, result: Result<T, DbErr>, foreign_key: Constraint) -> Stored<T> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => self.refuse(translate(error, foreign_key)),
        }
    }

    /// Kills the unit when a stored row does not parse.
    pub(crate) fn parsed<T>(&mut self, result: Stored<T>) -> Stored<T> {
        self.dead |= result.is_err();
        result
    }

    /// Runs a statement that returns at most one row.
    pub(crate) async fn find(&mut self, sql: &str, values: Vec<Value>) -> Stored<Option<QueryResult>> {
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let result = self.inner.query_one_raw(statement).await;
        self.checked(result)
    }

    /// Runs a statement and returns the number of rows it touched.
    pub(crate) async fn execute(&mut self, sql: &str, values: Vec<Value>) -> Stored<u64> {
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let result = self.inner.execute_raw(statement).await;
        Ok(self.checked(result)?.rows_affected())
    }

    /// Deletes rows that have had their day, at most [`PURGED`] of them, by their primary key. Rows that somebody is working on
    /// are left for the next time.
    pub(crate) async fn purge(&mut self, table: &str, key: &str, over: &str, before: Instant) -> Stored<u64> {
        let free = if self.backend() == DatabaseBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
        let sql = format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {over} <= $1 LIMIT {PURGED} {free})"
        );
        self.execute(&sql, vec![before.into()]).await
    }

    /// Runs a statement that counts into a column `total`.
    pub(crate) async fn count(&mut self, sql: &str, values: Vec<Value>) -> Stored<u64> {
        let row = self.find(sql, values).await?;
        let total: i64 = match &row {
            Some(row) => self.column(row, "total")?,
            None => 0,
        };
        Ok(u64::try_from(total).unwrap_or_default())
    }

    /// Reads one column of a row.
    pub(crate) fn column<T: sea_orm::TryGetable>(&mut self, row: &QueryResult, name: &str) -> Stored<T> {
        let value = row.try_get("", name);
        self.checked(value)
    }
}

#[async_trait]
impl UnitOfWork for Transaction {
    fn users(&mut self) -> Box<dyn UserRepository + '_> {
        Box::new(repositories::users::Users(self))
    }
    fn sessions(&mut self) -> Box<dyn SessionRepository + '_> {
        Box::new(repositories::sessions::Sessions(self))
    }
    fn technicians(&mut self) -> Box<dyn TechnicianRepository + '_> {
        Box::new(repositories::technicians::Technicians(self))
    }
    fn skills(&mut self) -> Box<dyn SkillRepository + '_> {
        Box::new(repositories::technicians::Skills(self))
    }
    fn interventions(&mut self) -> Box<dyn InterventionRepository + '_> {
        Box::new(repositories::interventions::Interventions(self))
    }
    fn notifications(&mut self) -> Box<dyn NotificationRepository + '_> {
        Box::new(repositories::notifications::Notices(self))
    }
    fn customers(&mut self) -> Box<dyn CustomerRepository + '_> {
        Box::new(repositories::customers::Customers(self))
    }
    fn equipment(&mut self) -> Box<dyn EquipmentRepository + '_> {
        Box::new(repositories::equipment::Machines(self))
    }
    fn documents(&mut self) -> Box<dyn DocumentRepository + '_> {
        Box::new(repositories::documents::Documents(self))
    }
    fn audit(&mut self) -> Box<dyn AuditTrail + '_> {
        Box::new(repositories::audit::Trail(self))
    }
    fn letter_tokens(&mut self) -> Box<dyn LetterTokenRepository + '_> {
        Box::new(repositories::letter_tokens::LetterTokens(self))
    }
    fn mfa(&mut self) -> Box<dyn MfaRepository + '_> {
        Box::new(repositories::mfa::SecondFactors(self))
    }
    fn outbox(&mut self) -> Box<dyn Outbox + '_> {
        Box::new(repositories::outbox::Messages(self))
    }
    fn idempotency(&mut self) -> Box<dyn IdempotencyLedger + '_> {
        Box::new(repositories::idempotency::Ledger(self))
    }
    fn guesses(&mut self) -> Box<dyn GuessGuard + '_> {
        Box::new(repositories::guesses::Guesses(self))
    }

    async fn lock(&mut self, lock: NamedLock) -> Stored<()> {
        // SQLite has one writer, and that is us.
        if self.backend() == DatabaseBackend::Postgres {
            let sql = "SELECT name FROM named_locks WHERE name = $1 FOR UPDATE";
            if self.find(sql, vec![lock.as_str().into()]).await?.is_none() {
                return self.refuse(RepositoryError::Corrupt(format!("named_locks has no row {}", lock.as_str())));
            }
        }
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Stored<()> {
        if self.dead {
            return Err(RepositoryError::Corrupt("commit of a unit of work that had failed".to_owned()));
        }
        observed::commit(self.inner).await.map_err(plain)
    }
}
