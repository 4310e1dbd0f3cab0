//! The write side in memory: what the databases do, said once more in plain Rust.

mod customers;
mod documents;
mod equipment;
mod guesses;
mod interventions;
mod ledger;
mod letter_tokens;
mod mfa;
mod notifications;
mod queries;
mod sessions;
mod state;
mod technicians;
mod users;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use mif_domain::audit::{AuditEvent, AuditTrail};
use mif_domain::customers::CustomerRepository;
use mif_domain::documents::{Document, DocumentRepository};
use mif_domain::equipment::EquipmentRepository;
use mif_domain::guesses::GuessGuard;
use mif_domain::idempotency::IdempotencyLedger;
use mif_domain::interventions::{InterventionId, InterventionRepository, NewHistoryEntry};
use mif_domain::letter_tokens::LetterTokenRepository;
use mif_domain::mfa::MfaRepository;
use mif_domain::notifications::{Notification, NotificationRepository};
use mif_domain::outbox::{GivenUp, Lane, LeasedMessage, Outbox, OutboxId, OutboxQueue};
use mif_domain::repository::{PURGED, Stored};
use mif_domain::sessions::SessionRepository;
use mif_domain::technicians::{SkillRepository, TechnicianRepository};
use mif_domain::unit_of_work::{NamedLock, UnitOfWork, UnitOfWorkFactory};
use mif_domain::users::UserRepository;
use mif_domain::{Constraint, Instant, RepositoryError};
use tokio::sync::OwnedMutexGuard;

pub use queries::NoQueries;
pub use state::OutboxEntry;
use state::State;

/// Takes the rows out that have had their day, as many as a call may.
fn purge<K: Clone + Ord, V>(rows: &mut BTreeMap<K, V>, mut is_over: impl FnMut(&K, &V) -> bool) -> u64 {
    let over = rows.iter().filter(|(key, row)| is_over(key, row)).map(|(key, _)| key.clone());
    let over: Vec<K> = over.take(usize::try_from(PURGED).unwrap_or(usize::MAX)).collect();
    for key in &over {
        rows.remove(key);
    }
    over.len() as u64
}

/// A database in memory with one writer, like SQLite: a unit of work owns a copy of everything until it ends, and a commit
/// puts the copy back. Clones share their contents.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    turn: Arc<tokio::sync::Mutex<()>>,
    committed: Arc<Mutex<State>>,
}

impl MemoryStore {
    /// Waiting for another unit to end, at most.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// The audit trail, oldest first.
    pub fn audit_events(&self) -> Vec<AuditEvent> {
        self.read(|state| state.audit.clone())
    }

    /// The outbox, oldest first, messages that were given up included.
    pub fn outbox(&self) -> Vec<OutboxEntry> {
        self.read(|state| state.outbox.values().cloned().collect())
    }

    /// Every notification, oldest first.
    pub fn notifications(&self) -> Vec<Notification> {
        self.read(|state| state.notifications.values().cloned().collect())
    }

    /// Every document, oldest first.
    pub fn documents(&self) -> Vec<Document> {
        self.read(|state| state.documents.values().cloned().collect())
    }

    /// The history of an intervention, oldest first, as it was appended.
    pub fn history(&self, intervention: InterventionId) -> Vec<NewHistoryEntry> {
        let of_it = |entry: &&NewHistoryEntry| entry.intervention_id == intervention;
        self.read(|state| state.history.values().filter(of_it).cloned().collect())
    }

    /// How many sessions are stored, ended ones included.
    pub fn session_count(&self) -> usize {
        self.read(|state| state.sessions.len())
    }

    /// How many sealed successors are stored.
    pub fn sealed_successors(&self) -> usize {
        self.read(|state| state.sessions.values().filter(|session| session.sealed_successor.is_some()).count())
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.committed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.committed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn take_turn(&self) -> Stored<OwnedMutexGuard<()>> {
        let turn = tokio::time::timeout(Self::PATIENCE, Arc::clone(&self.turn).lock_owned()).await;
        turn.map_err(|_| RepositoryError::Unavailable("another unit of work does not end".to_owned()))
    }
}

#[async_trait]
impl UnitOfWorkFactory for MemoryStore {
    async fn begin(&self) -> Stored<Box<dyn UnitOfWork>> {
        let turn = self.take_turn().await?;
        let state = self.read(State::clone);
        Ok(Box::new(Unit { state, store: self.clone(), dead: false, _turn: turn }))
    }
}

#[async_trait]
impl OutboxQueue for MemoryStore {
    async fn lease(&self, lane: Lane, at: Instant, lease: TimeDelta, limit: u32) -> Stored<Vec<LeasedMessage>> {
        let _turn = self.take_turn().await?;
        Ok(self.write(|state| {
            let free = |entry: &&mut OutboxEntry| {
                let ready = !entry.given_up && entry.due_at <= at;
                entry.message.lane() == lane && ready && entry.leased_until.is_none_or(|until| until <= at)
            };
            let mut due: Vec<_> = state.outbox.values_mut().filter(free).collect();
            due.sort_by_key(|entry| (entry.due_at, entry.id));
            due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            due.sort_by_key(|entry| entry.id);
            due.into_iter()
                .map(|entry| {
                    entry.leased_until = Some(at + lease);
                    entry.attempts += 1;
                    LeasedMessage {
                        id: entry.id,
                        message: entry.message.clone(),
                        attempt: entry.attempts,
                        enqueued_at: entry.enqueued_at,
                        trace_parent: entry.trace_parent.clone(),
                    }
                })
                .collect()
        }))
    }

    async fn complete(&self, id: OutboxId) -> Stored<()> {
        let _turn = self.take_turn().await?;
        self.write(|state| state.outbox.remove(&id));
        Ok(())
    }

    async fn put_back(&self, id: OutboxId, at: Instant) -> Stored<()> {
        let _turn = self.take_turn().await?;
        self.write(|state| {
            let Some(entry) = state.outbox.get_mut(&id) else { return };
            entry.leased_until = None;
            entry.attempts = entry.attempts.saturating_sub(1);
            entry.due_at = at;
        });
        Ok(())
    }

    async fn postpone(&self, id: OutboxId, error: &str, retry_at: Option<Instant>) -> Stored<()> {
        let _turn = self.take_turn().await?;
        self.write(|state| {
            let Some(entry) = state.outbox.get_mut(&id) else { return };
            entry.leased_until = None;
            entry.last_error = Some(error.to_owned());
            match retry_at {
                Some(at) => entry.due_at = at,
                None => entry.given_up = true,
            }
        });
        Ok(())
    }

    async fn list_given_up(&self, limit: u32) -> Stored<Vec<GivenUp>> {
        let given_up = |entry: &OutboxEntry| GivenUp {
            id: entry.id,
            kind: entry.message.kind().to_owned(),
            attempts: entry.attempts,
            enqueued_at: entry.enqueued_at,
            reason: entry.last_error.clone().unwrap_or_default(),
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(self.read(|state| state.outbox.values().filter(|entry| entry.given_up).map(given_up).take(limit).collect()))
    }

    async fn retry_given_up(&self, only: Option<OutboxId>, at: Instant) -> Stored<u64> {
        let _turn = self.take_turn().await?;
        Ok(self.write(|state| {
            let mut retried = 0;
            let chosen = |entry: &&mut OutboxEntry| entry.given_up && only.is_none_or(|id| id == entry.id);
            for entry in state.outbox.values_mut().filter(chosen) {
                (entry.given_up, entry.attempts, entry.due_at) = (false, 0, at);
                retried += 1;
            }
            retried
        }))
    }

    async fn forget_given_up(&self, only: Option<OutboxId>) -> Stored<u64> {
        let _turn = self.take_turn().await?;
        Ok(self.write(|state| {
            let before = state.outbox.len();
            state.outbox.retain(|id, entry| !(entry.given_up && only.is_none_or(|only| only == *id)));
            (before - state.outbox.len()) as u64
        }))
    }
}

/// One open unit: a copy of the state, and the right to put it back.
struct Unit {
    state: State,
    store: MemoryStore,
    dead: bool,
    _turn: OwnedMutexGuard<()>,
}

impl Unit {
    /// Kills the unit with an error.
    fn refuse<T>(&mut self, error: RepositoryError) -> Stored<T> {
        self.dead = true;
        Err(error)
    }

    /// Kills the unit unless an invariant holds.
    fn keep(&mut self, holds: bool, constraint: Constraint) -> Stored<()> {
        if holds { Ok(()) } else { self.refuse(RepositoryError::Conflict(constraint)) }
    }
}

#[async_trait]
impl UnitOfWork for Unit {
    fn users(&mut self) -> Box<dyn UserRepository + '_> {
        Box::new(users::Users(self))
    }
    fn sessions(&mut self) -> Box<dyn SessionRepository + '_> {
        Box::new(sessions::Sessions(self))
    }
    fn customers(&mut self) -> Box<dyn CustomerRepository + '_> {
        Box::new(customers::Customers(self))
    }
    fn technicians(&mut self) -> Box<dyn TechnicianRepository + '_> {
        Box::new(technicians::Technicians(self))
    }
    fn skills(&mut self) -> Box<dyn SkillRepository + '_> {
        Box::new(technicians::Skills(self))
    }
    fn interventions(&mut self) -> Box<dyn InterventionRepository + '_> {
        Box::new(interventions::Interventions(self))
    }
    fn notifications(&mut self) -> Box<dyn NotificationRepository + '_> {
        Box::new(notifications::Notifications(self))
    }
    fn equipment(&mut self) -> Box<dyn EquipmentRepository + '_> {
        Box::new(equipment::Machines(self))
    }
    fn documents(&mut self) -> Box<dyn DocumentRepository + '_> {
        Box::new(documents::Documents(self))
    }
    fn audit(&mut self) -> Box<dyn AuditTrail + '_> {
        Box::new(ledger::Trail(self))
    }
    fn letter_tokens(&mut self) -> Box<dyn LetterTokenRepository + '_> {
        Box::new(letter_tokens::LetterTokens(self))
    }
    fn mfa(&mut self) -> Box<dyn MfaRepository + '_> {
        Box::new(mfa::SecondFactors(self))
    }
    fn outbox(&mut self) -> Box<dyn Outbox + '_> {
        Box::new(ledger::Messages(self))
    }
    fn idempotency(&mut self) -> Box<dyn IdempotencyLedger + '_> {
        Box::new(ledger::Ledger(self))
    }
    fn guesses(&mut self) -> Box<dyn GuessGuard + '_> {
        Box::new(guesses::Guesses(self))
    }

    async fn lock(&mut self, _lock: NamedLock) -> Stored<()> {
        // There is one writer, and that is us.
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Stored<()> {
        if self.dead {
            return Err(RepositoryError::Corrupt("commit of a unit of work that had failed".to_owned()));
        }
        let Self { state, store, .. } = *self;
        store.write(|committed| *committed = state);
        Ok(())
    }
}
