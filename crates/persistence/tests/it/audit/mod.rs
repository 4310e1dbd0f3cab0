//! The audit trail on real databases: linked by the real linker, attacked past the product, verified.

mod linking;
mod pruning;
mod tampering;

use std::any::Any;
use std::sync::Arc;

use chrono::TimeDelta;
use mif_application::audit::{AuditLinker, Fault, Proof, VerifyAudit, VerifyAuditError};
use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin, SignedMark};
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_domain::{Clock as _, Instant};
use mif_persistence::{Database, SeaAuditChain, SeaUnitsOfWork};
use mif_testkit::{FakeClock, FakeMarkSigner, MemoryCheckpoints, SeededEntropy};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

use crate::{postgres, sqlite};

/// Names each case on both databases. Several threads, so that linkers and writers really run at once.
macro_rules! on_both_databases {
    ($($case:ident),+ $(,)?) => {
        mod on_sqlite { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(&mut $crate::audit::Trail::on_sqlite().await).await; }
        )+ }
        mod on_postgres { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(&mut $crate::audit::Trail::on_postgres().await).await; }
        )+ }
    };
}
pub(crate) use on_both_databases;

/// How long events are kept here.
const KEPT: TimeDelta = TimeDelta::days(365);
const SIGNER: FakeMarkSigner = FakeMarkSigner("the key of the audit trail");

/// A connection that owes nothing to the adapter.
enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// An audit trail, its linkers, and a way past them.
pub(crate) struct Trail {
    database: Database,
    raw: Raw,
    clock: Arc<FakeClock>,
    checkpoints: MemoryCheckpoints,
    _keep: Box<dyn Any + Send + Sync>,
}

impl Trail {
    pub(crate) async fn on_sqlite() -> Self {
        let file = sqlite::File::migrated().await;
        Self::new(file.database.clone(), Raw::Sqlite(file.raw().await), Box::new(file))
    }

    pub(crate) async fn on_postgres() -> Self {
        let postgres = postgres::migrated().await;
        Self::new(postgres.database.clone(), Raw::Postgres(postgres.raw().await), Box::new(postgres))
    }

    fn new(database: Database, raw: Raw, keep: Box<dyn Any + Send + Sync>) -> Self {
        Self { database, raw, clock: Arc::default(), checkpoints: MemoryCheckpoints::default(), _keep: keep }
    }

    fn linker(&self) -> AuditLinker {
        self.linker_at(Arc::clone(&self.clock), u64::try_from(self.checkpoints.all().len()).unwrap())
    }

    fn linker_at(&self, clock: Arc<FakeClock>, seed: u64) -> AuditLinker {
        let chain = Arc::new(SeaAuditChain(self.database.clone()));
        let entropy = SeededEntropy::new(seed);
        AuditLinker::new(chain, Arc::new(SIGNER), Arc::new(self.checkpoints.clone()), clock, &entropy, KEPT)
    }

    /// Appends events, a second apart, from now on.
    async fn append(&self, count: usize) {
        let mut work = SeaUnitsOfWork(self.database.clone()).begin().await.unwrap();
        for n in 0..count {
            work.audit().append(event(n, self.clock.now())).await.unwrap();
            self.clock.advance(TimeDelta::seconds(1));
        }
        work.commit().await.unwrap();
    }

    async fn verify_against(&self, against: Vec<SignedMark>) -> Result<Proof, VerifyAuditError> {
        let chain = SeaAuditChain(self.database.clone());
        VerifyAudit { against }.run(&chain, &SIGNER, self.clock.now()).await
    }

    async fn proof(&self) -> Proof {
        self.verify_against(self.checkpoints.all()).await.unwrap()
    }

    /// The first thing that is wrong.
    async fn fault(&self, against: Vec<SignedMark>) -> Fault {
        match self.verify_against(against).await {
            Err(VerifyAuditError::Fault(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }

    /// Runs statements as somebody who has the database, and not the program.
    async fn attack(&mut self, statements: &[&str]) {
        for statement in statements {
            let statement = AssertSqlSafe((*statement).to_owned());
            match &mut self.raw {
                Raw::Sqlite(raw) => sqlx::raw_sql(statement).execute(raw).await.map(drop).unwrap(),
                Raw::Postgres(raw) => sqlx::raw_sql(statement).execute(raw).await.map(drop).unwrap(),
            }
        }
    }

    /// What such a person does first.
    async fn disarm(&mut self) {
        let statements: &[&str] = match self.raw {
            Raw::Sqlite(_) => &[
                "PRAGMA foreign_keys = OFF",
                "DROP TRIGGER audit_events_append_only",
                "DROP TRIGGER audit_chain_append_only",
            ],
            Raw::Postgres(_) => &[
                "DROP TRIGGER audit_events_append_only ON audit_events",
                "DROP TRIGGER audit_chain_append_only ON audit_chain",
                "ALTER TABLE audit_chain DROP CONSTRAINT audit_chain_event_id_fkey",
                "ALTER TABLE audit_events DROP CONSTRAINT audit_events_actor_id_fkey",
            ],
        };
        self.attack(statements).await;
    }
}

fn event(n: usize, at: Instant) -> AuditEvent {
    let origin = AuditOrigin { ip: Some("203.0.113.9".to_owned()), request_id: Some(format!("r{n}")), actor: None };
    AuditEvent::success(AuditKind::EquipmentUpdated, origin, at).on("equipment", 12).with("n", n.to_string())
}
