//! How the parts around the server are, for those who run it. Servers ask every few seconds, so none of this is a span:
//! traces are about what somebody wanted.

use mif_domain::documents::{ScannerHealth, StoreHealth};
use mif_domain::interventions::Status;
use mif_domain::queries::OutboxState;
use mif_domain::repository::Stored;

use crate::Core;

/// Asks every part how it is.
#[derive(Debug, Clone, Copy)]
pub struct CheckHealth;

/// How the parts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The document store.
    pub storage: StoreHealth,
    /// The virus scanner.
    pub scanner: ScannerHealth,
    /// What waits in the outbox; `None` when the database does not say.
    pub outbox: Option<OutboxState>,
}

impl CheckHealth {
    /// All at once; each port answers within 5 s. What waits is measured on the way.
    pub async fn run(self, core: &Core) -> Health {
        let (storage, scanner, outbox) =
            tokio::join!(core.files.health(), core.scanner.health(), core.queries.outbox_state());
        let outbox = outbox.ok();
        if let Some(outbox) = outbox {
            let late = outbox.oldest_due_at.map_or(0.0, |due| seconds(core.clock.now() - due));
            gauge("mif_outbox_pending", outbox.pending);
            gauge("mif_outbox_failed", outbox.failed);
            metrics::gauge!("mif_outbox_oldest_seconds").set(late);
        }
        Health { storage, scanner, outbox }
    }
}

/// Measures how much work there is, in each state.
#[derive(Debug, Clone, Copy)]
pub struct MeasureStock;

impl MeasureStock {
    /// Sets the gauge.
    pub async fn run(self, core: &Core) -> Stored<()> {
        let stock = core.queries.interventions_by_status().await?;
        for status in Status::ALL {
            let count = stock.iter().find(|(other, _)| other == status).map_or(0, |(_, count)| *count);
            let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
            metrics::gauge!("mif_interventions", "status" => status.as_str()).set(count);
        }
        Ok(())
    }
}

fn gauge(name: &'static str, value: u64) {
    metrics::gauge!(name).set(f64::from(u32::try_from(value).unwrap_or(u32::MAX)));
}

fn seconds(span: chrono::TimeDelta) -> f64 {
    span.to_std().map_or(0.0, |span| span.as_secs_f64())
}
