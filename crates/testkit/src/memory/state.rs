//! What the store holds.

use std::collections::BTreeMap;

use mif_domain::Instant;
use mif_domain::audit::AuditEvent;
use mif_domain::customers::{Customer, CustomerId};
use mif_domain::equipment::{Equipment, EquipmentId};
use mif_domain::idempotency::{Fingerprint, StoredAnswer};
use mif_domain::outbox::{OutboxId, OutboxMessage};
use mif_domain::sessions::{NewSession, RevokeReason, SessionId, TokenHash};
use mif_domain::users::{User, UserId};

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) users: BTreeMap<UserId, User>,
    pub(super) customers: BTreeMap<CustomerId, Customer>,
    pub(super) equipment: BTreeMap<EquipmentId, Equipment>,
    pub(super) sessions: BTreeMap<SessionId, StoredSession>,
    pub(super) spent: BTreeMap<TokenHash, SessionId>,
    pub(super) audit: Vec<AuditEvent>,
    pub(super) outbox: BTreeMap<OutboxId, OutboxEntry>,
    pub(super) answers: BTreeMap<(UserId, String), Entry>,
    last_id: i64,
}

impl State {
    /// An identifier that nothing else has.
    pub(super) fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// Whether a user exists and is active.
    pub(super) fn is_active(&self, user: UserId) -> bool {
        self.users.get(&user).is_some_and(|user| user.is_active)
    }
}

#[derive(Debug, Clone)]
pub(super) struct StoredSession {
    pub(super) opened: NewSession,
    pub(super) last_used_at: Instant,
    pub(super) current_hash: TokenHash,
    pub(super) previous_hash: Option<TokenHash>,
    pub(super) generation: i64,
    pub(super) acked_generation: i64,
    pub(super) rotated_at: Option<Instant>,
    pub(super) sealed_successor: Option<Vec<u8>>,
    pub(super) revoked: Option<(Instant, RevokeReason)>,
}

impl StoredSession {
    /// Neither ended nor expired. Whether its user is active is another question.
    pub(super) fn is_open(&self, at: Instant) -> bool {
        self.revoked.is_none() && self.opened.expires_at > at
    }

    pub(super) fn end(&mut self, reason: RevokeReason, at: Instant) {
        self.revoked = Some((at, reason));
        self.sealed_successor = None;
    }
}

/// A message as it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its identifier.
    pub id: OutboxId,
    /// What to do.
    pub message: OutboxMessage,
    /// When it may be tried.
    pub due_at: Instant,
    /// Until when a worker holds it.
    pub leased_until: Option<Instant>,
    /// Attempts so far.
    pub attempts: u32,
    /// Why the last one failed.
    pub last_error: Option<String>,
    /// Whether nobody will try again.
    pub given_up: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) fingerprint: Fingerprint,
    pub(super) claimed_at: Instant,
    pub(super) answer: Option<StoredAnswer>,
}
