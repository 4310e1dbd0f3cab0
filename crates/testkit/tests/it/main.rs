//! The one integration binary of this crate: what is in memory passes the contracts that the real adapters pass.

mod scanner;

use std::sync::Arc;

use mif_testkit::contracts::Backend;
use mif_testkit::contracts::files::FileBackend;
use mif_testkit::{FakeClock, MemoryFiles, MemoryStore, NoQueries};

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

async fn files() -> FileBackend {
    let clock = Arc::new(FakeClock::default());
    let store = Arc::new(MemoryFiles::new(clock.clone()));
    FileBackend { store: store.clone(), keys: store, clock, keep: Arc::new(()) }
}

mod memory_files {
    mif_testkit::file_contracts!(crate::files);
}
