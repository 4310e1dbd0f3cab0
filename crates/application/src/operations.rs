//! How the parts around the server are, for those who run it. Servers ask every few seconds, so none of this is a span:
//! traces are about what somebody wanted.

use std::time::Duration;

use chrono::TimeDelta;
use mif_domain::Instant;
use mif_domain::documents::{ScannerHealth, StoreHealth};
use mif_domain::interventions::Status;
use mif_domain::mail::{Mailer, MailerHealth};
use mif_domain::queries::{DatabaseHealth, DatabaseProbe, OutboxState, PoolState};
use mif_domain::repository::Stored;

use crate::Core;

/// A part that has not told by then how it is does not tell.
const WITHIN: Duration = Duration::from_secs(5);

/// Asks every part how it is.
#[derive(Debug, Clone, Copy)]
pub struct CheckHealth<'a> {
    /// The database.
    pub database: &'a dyn DatabaseProbe,
    /// The way out for letters.
    pub mailer: &'a dyn Mailer,
    /// The room that is left where the server keeps its own files, in bytes; `None` when that is not known.
    pub data_free_bytes: Option<u64>,
}

/// How the parts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The database.
    pub database: DatabaseHealth,
    /// The connections to it.
    pub pool: PoolState,
    /// The document store.
    pub storage: StoreHealth,
    /// The virus scanner.
    pub scanner: ScannerHealth,
    /// The way out for letters.
    pub mail: MailerHealth,
    /// How what must happen after requests gets on.
    pub outbox: OutboxHealth,
    /// What waits in the outbox; `None` when the database does not say.
    pub waiting: Option<OutboxState>,
    /// The room that is left where the server keeps its own files, in bytes; `None` when that is not known.
    pub data_free_bytes: Option<u64>,
}

/// How what must happen after requests gets on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxHealth {
    /// What waits has not waited for long.
    Ok,
    /// Something has waited for longer than [`OutboxHealth::PATIENCE`].
    Late,
    /// Something was given up.
    Failing,
    /// The database does not say.
    Unknown,
}

impl OutboxHealth {
    /// A few attempts: whatever waits for longer than this waits for somebody to look.
    pub const PATIENCE: TimeDelta = TimeDelta::minutes(10);

    fn of(state: Option<OutboxState>, now: Instant) -> Self {
        match state {
            None => Self::Unknown,
            Some(state) if state.failed > 0 => Self::Failing,
            Some(state) if state.oldest_at.is_some_and(|at| now - at > Self::PATIENCE) => Self::Late,
            Some(_) => Self::Ok,
        }
    }
}

impl Health {
    /// Whether every part does its work.
    pub fn is_good(&self) -> bool {
        self.database == DatabaseHealth::Ready
            && !matches!(self.storage, StoreHealth::Down { .. })
            && !matches!(self.scanner, ScannerHealth::Down { .. })
            && self.mail != MailerHealth::Down
            && self.outbox == OutboxHealth::Ok
    }
}

impl CheckHealth<'_> {
    /// All at once, within 5 s: each port promises that of its health, and a database that says nothing about the outbox for
    /// longer must not keep back what is known of the rest. What they say is measured on the way.
    pub async fn run(self, core: &Core) -> Health {
        let (database, storage, scanner, waiting) = tokio::join!(
            self.database.probe(),
            core.files.health(),
            core.scanner.health(),
            tokio::time::timeout(WITHIN, core.queries.outbox_state())
        );
        let (waiting, now) = (waiting.ok().and_then(Result::ok), core.clock.now());
        let outbox = OutboxHealth::of(waiting, now);
        let (pool, mail) = (self.database.pool(), self.mailer.health());
        let data_free_bytes = self.data_free_bytes;
        let health = Health { database, pool, storage, scanner, mail, outbox, waiting, data_free_bytes };
        health.measure(now);
        health
    }
}

impl Health {
    /// What is not known is not a number: an old one would be believed.
    fn measure(&self, now: Instant) {
        let parts = [
            ("database", self.database == DatabaseHealth::Ready),
            ("storage", !matches!(self.storage, StoreHealth::Down { .. })),
            ("scanner", !matches!(self.scanner, ScannerHealth::Down { .. })),
            ("mail", self.mail != MailerHealth::Down),
        ];
        for (part, is_up) in parts {
            metrics::gauge!("mif_up", "part" => part).set(f64::from(u8::from(is_up)));
        }
        let documents = if let StoreHealth::Up { free_bytes } = self.storage { free_bytes } else { None };
        for (of, free) in [("data", self.data_free_bytes), ("documents", documents)] {
            // Exact up to 8 PiB.
            #[expect(clippy::cast_precision_loss, reason = "nobody needs the last bytes of a disk")]
            metrics::gauge!("mif_disk_free_bytes", "of" => of).set(free.map_or(f64::NAN, |free| free as f64));
        }
        let count = |of: fn(&OutboxState) -> u64| self.waiting.as_ref().map_or(f64::NAN, |state| number(of(state)));
        metrics::gauge!("mif_outbox_pending").set(count(|state| state.pending));
        metrics::gauge!("mif_outbox_failed").set(count(|state| state.failed));
        let age = |state: OutboxState| state.oldest_at.map_or(0.0, |at| seconds(now - at));
        metrics::gauge!("mif_outbox_oldest_seconds").set(self.waiting.map_or(f64::NAN, age));
    }
}

/// Measures how much work there is, in each state.
#[derive(Debug, Clone, Copy)]
pub struct MeasureStock;

impl MeasureStock {
    /// Sets the gauge.
    pub async fn run(self, core: &Core) -> Stored<()> {
        let stock = core.queries.interventions_by_status().await;
        for status in Status::ALL {
            let of = |stock: &Vec<(Status, u64)>| {
                number(stock.iter().find(|(other, _)| other == status).map_or(0, |(_, count)| *count))
            };
            metrics::gauge!("mif_interventions", "status" => status.as_str()).set(stock.as_ref().map_or(f64::NAN, of));
        }
        stock.map(drop)
    }
}

fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn seconds(span: chrono::TimeDelta) -> f64 {
    span.to_std().map_or(0.0, |span| span.as_secs_f64())
}
