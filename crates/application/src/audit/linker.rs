//! The linker: puts new events into the chain, signs checkpoints, forgets what is old.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use mif_domain::audit::{AuditChain, ChainEnd, ChainHash, CheckpointLog, Mark, MarkKind, MarkSigner, RecordedEvent};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::{Clock, Entropy, Instant};
use tokio::sync::Mutex;

use super::walk::links;
use super::window::Window;

/// Chains the audit trail. Every replica has one, and at most one of them works: it holds a lease in the database, which
/// is only asked for when there is something to do, and ends by itself. Should two work nevertheless, the unique columns of
/// the chain let one of them through.
#[derive(Debug)]
pub struct AuditLinker {
    pub(super) chain: Arc<dyn AuditChain>,
    pub(super) signer: Arc<dyn MarkSigner>,
    pub(super) clock: Arc<dyn Clock>,
    /// How long events are kept.
    pub(super) retention: TimeDelta,
    log: Arc<dyn CheckpointLog>,
    /// Which of the linkers this is.
    holder: String,
    memory: Mutex<Memory>,
}

/// What a linker remembers from one round to the next. All of it can be lost.
#[derive(Debug, Default)]
pub(super) struct Memory {
    window: Window,
    held_until: Option<Instant>,
    /// The place of the newest checkpoint.
    sealed: Option<i64>,
    /// Since when there is something that no checkpoint covers.
    unsealed_since: Option<Duration>,
    /// Rows that were told to be unreadable, at most [`TOLD`](Self::TOLD) of them.
    unreadable: BTreeSet<i64>,
    /// Until when there is nothing to forget.
    pub(super) prune_after: Option<Duration>,
}

impl Memory {
    /// More of them say nothing new.
    const TOLD: usize = 1_000;

    /// Once: what cannot be read stays, and is seen at every look.
    fn tell_unreadable(&mut self, rows: &[i64]) {
        let room = Self::TOLD.saturating_sub(self.unreadable.len());
        let new: Vec<_> = rows.iter().copied().filter(|id| !self.unreadable.contains(id)).take(room).collect();
        let Some(first) = new.first() else { return };
        metrics::counter!("mif_audit_failures_total", "what" => "unreadable").increment(new.len() as u64);
        tracing::error!(
            event_id = first,
            rows = new.len(),
            "the audit trail has rows that cannot be read and are not chained: this program did not write them"
        );
        self.unreadable.extend(new);
    }
}

impl AuditLinker {
    /// How often [`Self::run_once`] is to be called: half of the second within which events are linked.
    pub const PERIOD: Duration = Duration::from_millis(500);
    /// A linker that died holds up the others so long.
    const LEASE: TimeDelta = TimeDelta::seconds(3);
    /// Events a round: a transaction of some milliseconds.
    pub const BATCH: usize = 500;
    /// A checkpoint after so many events,
    const SEALED_EVENTS: i64 = 100;
    /// and so long after an event at the latest.
    const SEALED_WITHIN: Duration = Duration::from_secs(10);

    /// Puts the parts together.
    pub fn new(
        chain: Arc<dyn AuditChain>,
        signer: Arc<dyn MarkSigner>,
        log: Arc<dyn CheckpointLog>,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
        retention: TimeDelta,
    ) -> Self {
        let mut random = [0; 16];
        entropy.fill(&mut random);
        let holder = random.iter().fold(String::new(), |mut name, byte| {
            // Writing to a `String` cannot fail.
            let _ = write!(name, "{byte:02x}");
            name
        });
        Self { chain, signer, clock, retention, log, holder, memory: Mutex::default() }
    }

    /// Links what is new, once; makes a checkpoint when one is due, and forgets a little of what is old. Returns how many
    /// events were linked or forgotten: less than [`Self::BATCH`] means that it is time to rest. Whoever does not would look
    /// over the same two minutes of events for every few that are new.
    pub async fn run_once(&self) -> Stored<usize> {
        let mut memory = self.memory.lock().await;
        self.round(&mut memory, false).await
    }

    /// Links what is left, makes a checkpoint of it, and gives the lease back, so that no other linker need wait for its
    /// end.
    pub async fn close(&self) -> Stored<()> {
        let mut memory = self.memory.lock().await;
        while self.round(&mut memory, true).await? > 0 {}
        if memory.held_until.take().is_some() { self.chain.release_lease(&self.holder).await } else { Ok(()) }
    }

    async fn round(&self, memory: &mut Memory, closing: bool) -> Stored<usize> {
        let uptime = self.clock.uptime();
        let end = self.chain.end().await?;
        memory.window.saw_end(end.event_id, uptime);
        let limit = u32::try_from(Self::BATCH).unwrap_or(u32::MAX);
        let waiting = self.chain.unlinked(memory.window.after(uptime), limit).await?;
        memory.tell_unreadable(&waiting.unreadable);
        let oldest = waiting.events.first().and_then(|event| (self.clock.now() - event.at).to_std().ok());
        metrics::gauge!("mif_audit_unlinked_seconds").set(oldest.unwrap_or_default().as_secs_f64());
        let (last, full) = (waiting.last(), waiting.rows() == Self::BATCH);
        let events = waiting.events;
        if !events.is_empty() && !self.holds_lease(memory).await? {
            memory.window.gave_way();
            return Ok(0);
        }
        let linked = if events.is_empty() { Some(Vec::new()) } else { self.link(end, &events).await? };
        let Some(linked) = linked else {
            memory.window.gave_way();
            return Ok(0);
        };
        memory.window.looked(last, full, uptime);
        let places = if linked.is_empty() { vec![(end.seq, end.hash)] } else { linked };
        self.seal(memory, &places, uptime, closing).await?;
        if full {
            // However few of them could be read: there is more behind them.
            return Ok(Self::BATCH);
        }
        if events.is_empty() && !closing { self.forget_old(memory, uptime).await } else { Ok(events.len()) }
    }

    /// Whether the lease is ours, taking or prolonging it when that is due.
    pub(super) async fn holds_lease(&self, memory: &mut Memory) -> Stored<bool> {
        let now = self.clock.now();
        if memory.held_until.is_some_and(|until| now + Self::LEASE / 2 < until && until <= now + Self::LEASE) {
            return Ok(true);
        }
        let until = now + Self::LEASE;
        let held = self.chain.hold_lease(&self.holder, now, until).await?;
        memory.held_until = held.then_some(until);
        Ok(held)
    }

    /// The places that events got; `None` when another linker was faster.
    async fn link(&self, end: ChainEnd, events: &[RecordedEvent]) -> Stored<Option<Vec<(i64, ChainHash)>>> {
        let links = links(end, events);
        match self.chain.append(&links).await {
            Ok(()) => Ok(Some(links.iter().map(|link| (link.seq, link.hash)).collect())),
            Err(RepositoryError::Conflict(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Signs the places among these, the last ones of the chain, at which a checkpoint is due.
    async fn seal(
        &self,
        memory: &mut Memory,
        places: &[(i64, ChainHash)],
        uptime: Duration,
        closing: bool,
    ) -> Stored<()> {
        let sealed = match memory.sealed {
            Some(sealed) => sealed,
            None => self.newest_sealed(memory).await?,
        };
        let Some(last) = places.last().filter(|(seq, _)| *seq > sealed) else {
            memory.unsealed_since = None;
            return Ok(());
        };
        let since = *memory.unsealed_since.get_or_insert(uptime);
        let late = closing || uptime.saturating_sub(since) >= Self::SEALED_WITHIN;
        if !late && last.0 - sealed < Self::SEALED_EVENTS {
            return Ok(());
        }
        if !self.holds_lease(memory).await? {
            // Whoever holds it seals. Looked at again when that should have happened.
            memory.unsealed_since = Some(uptime);
            memory.sealed = None;
            return Ok(());
        }
        let mut sealed = self.newest_sealed(memory).await?;
        let mut due = Vec::new();
        for place in places {
            if place.0 - sealed >= Self::SEALED_EVENTS || (late && place.0 == last.0 && place.0 > sealed) {
                sealed = place.0;
                due.push(*place);
            }
        }
        self.sign(memory, &due, uptime).await
    }

    async fn newest_sealed(&self, memory: &mut Memory) -> Stored<i64> {
        let sealed = self.chain.checkpoint().await?.map_or(0, |checkpoint| checkpoint.mark.seq);
        memory.sealed = Some(sealed);
        Ok(sealed)
    }

    /// Signs places and puts the checkpoints away: outside the database first.
    async fn sign(&self, memory: &mut Memory, places: &[(i64, ChainHash)], uptime: Duration) -> Stored<()> {
        let pruned = self.chain.anchor().await?.map_or(0, |anchor| anchor.mark.seq);
        let at = self.clock.now();
        let mark = |(seq, hash)| Mark { kind: MarkKind::Checkpoint, seq, hash, at, events: seq - pruned };
        let checkpoints: Vec<_> = places.iter().map(|place| self.signer.sign(mark(*place))).collect();
        let Some(newest) = checkpoints.last() else { return Ok(()) };
        if let Err(error) = self.log.append(&checkpoints).await {
            metrics::counter!("mif_audit_failures_total", "what" => "checkpoint").increment(1);
            tracing::error!(%error, "the audit trail is chained, but its checkpoints are not kept");
            memory.unsealed_since = Some(uptime);
            return Ok(());
        }
        self.chain.keep_checkpoint(newest).await?;
        memory.sealed = Some(newest.mark.seq);
        memory.unsealed_since = None;
        Ok(())
    }
}
