//! The one integration binary of this crate: what is in memory passes the contracts that the real adapters pass.

mod scanner;

use std::sync::Arc;

use mif_testkit::contracts::Backend;
use mif_testkit::{MemoryStore, NoQueries};

async fn fixture() -> Backend {
    let store = Arc::new(MemoryStore::default());
    Backend {
        work: store.clone(),
        states: store.clone(),
        queue: store.clone(),
        queries: Arc::new(NoQueries((*store).clone())),
        keep: Arc::new(()),
    }
}

mod memory {
    mif_testkit::unit_of_work_contracts!(crate::fixture);
}
