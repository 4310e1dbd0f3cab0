//! Every contract on every database.

use std::sync::Arc;

use mif_persistence::{Database, SeaAuditChain, SeaOutboxQueue, SeaQueries, SeaUnitsOfWork};
use mif_testkit::contracts::audit_chain::ChainBackend;
use mif_testkit::contracts::{Backend, Guard};

fn backend(database: &Database, keep: Arc<dyn Guard>) -> Backend {
    let queries = Arc::new(SeaQueries(database.clone()));
    Backend {
        work: Arc::new(SeaUnitsOfWork(database.clone())),
        states: queries.clone(),
        queue: Arc::new(SeaOutboxQueue(database.clone())),
        queries,
        keep,
    }
}

fn chain_backend(database: &Database, keep: Arc<dyn Guard>) -> ChainBackend {
    ChainBackend { store: backend(database, keep), chain: Arc::new(SeaAuditChain(database.clone())) }
}

mod sqlite_file {
    async fn fixture() -> super::Backend {
        let file = crate::sqlite::File::migrated().await;
        super::backend(&file.database.clone(), std::sync::Arc::new(file))
    }

    async fn chain() -> mif_testkit::contracts::audit_chain::ChainBackend {
        let file = crate::sqlite::File::migrated().await;
        super::chain_backend(&file.database.clone(), std::sync::Arc::new(file))
    }

    mif_testkit::unit_of_work_contracts!(super::fixture);
    mif_testkit::query_contracts!(super::fixture);
    mif_testkit::audit_chain_contracts!(super::chain);
}

mod sqlite_memory {
    async fn fixture() -> super::Backend {
        super::backend(&crate::sqlite::in_memory().await, std::sync::Arc::new(()))
    }

    mif_testkit::unit_of_work_contracts!(super::fixture);
    mif_testkit::query_contracts!(super::fixture);
}

mod postgres {
    async fn fixture() -> super::Backend {
        let database = crate::postgres::migrated().await;
        super::backend(&database.database, std::sync::Arc::new(()))
    }

    async fn chain() -> mif_testkit::contracts::audit_chain::ChainBackend {
        super::chain_backend(&crate::postgres::migrated().await.database, std::sync::Arc::new(()))
    }

    mif_testkit::unit_of_work_contracts!(super::fixture);
    mif_testkit::query_contracts!(super::fixture);
    mif_testkit::audit_chain_contracts!(super::chain);
}
