//! What the store holds.

use std::collections::{BTreeMap, BTreeSet};

use mif_domain::Instant;
use mif_domain::audit::AuditEvent;
use mif_domain::customers::{Customer, CustomerId};
use mif_domain::documents::{Document, DocumentId};
use mif_domain::equipment::{Equipment, EquipmentId};
use mif_domain::guesses::AddressKey;
use mif_domain::idempotency::{Fingerprint, StoredAnswer};
use mif_domain::interventions::{Intervention, InterventionId, NewHistoryEntry};
use mif_domain::letter_tokens::{LetterTokenHash, PasswordReset};
use mif_domain::mfa::{Challenge, ChallengeHash, RecoveryCodeHash};
use mif_domain::notifications::{Notification, NotificationId};
use mif_domain::outbox::{OutboxId, OutboxMessage};
use mif_domain::secrets::SealedSecret;
use mif_domain::sessions::{NewSession, RevokeReason, SessionId, TokenHash};
use mif_domain::technicians::{Level, Skill, SkillId, Technician, TechnicianId};
use mif_domain::users::{EmailAddress, PasswordHash, User, UserId};

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) users: BTreeMap<UserId, User>,
    pub(super) customers: BTreeMap<CustomerId, Customer>,
    pub(super) equipment: BTreeMap<EquipmentId, Equipment>,
    pub(super) technicians: BTreeMap<TechnicianId, Technician>,
    pub(super) skills: BTreeMap<SkillId, Skill>,
    pub(super) held: BTreeMap<(TechnicianId, SkillId), Level>,
    pub(super) interventions: BTreeMap<InterventionId, Intervention>,
    /// Late work that was told about.
    pub(super) told_late: BTreeSet<InterventionId>,
    pub(super) references: BTreeMap<u16, u32>,
    pub(super) history: BTreeMap<i64, NewHistoryEntry>,
    pub(super) notifications: BTreeMap<NotificationId, Notification>,
    pub(super) documents: BTreeMap<DocumentId, Document>,
    pub(super) sessions: BTreeMap<SessionId, StoredSession>,
    pub(super) spent: BTreeMap<TokenHash, SessionId>,
    pub(super) resets: BTreeMap<UserId, PasswordReset>,
    pub(super) wanted_emails: BTreeMap<UserId, WantedEmail>,
    pub(super) mfa: BTreeMap<UserId, StoredEnrolment>,
    pub(super) recovery_codes: BTreeSet<(UserId, RecoveryCodeHash)>,
    /// With the tries that are left.
    pub(super) challenges: BTreeMap<ChallengeHash, (Challenge, u32)>,
    pub(super) audit: Vec<AuditEvent>,
    pub(super) outbox: BTreeMap<OutboxId, OutboxEntry>,
    pub(super) answers: BTreeMap<(UserId, String), Entry>,
    pub(super) pairs: BTreeMap<(UserId, AddressKey), PairGuesses>,
    pub(super) accounts: BTreeMap<UserId, AccountGuesses>,
    /// Failures of an address on accounts that nobody has, and since when.
    pub(super) unknown: BTreeMap<AddressKey, (i64, Instant)>,
    /// The newest first.
    pub(super) former_passwords: BTreeMap<UserId, Vec<PasswordHash>>,
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

    /// The name of a user as it is shown: full name, else username.
    pub(super) fn name_of(&self, user: UserId) -> Option<String> {
        let user = self.users.get(&user)?;
        Some(user.full_name.as_ref().map_or_else(|| user.username.to_string(), ToString::to_string))
    }

    /// The sheet of a user who takes work.
    pub(super) fn technician_of(&self, user: UserId) -> Option<TechnicianId> {
        let working = |technician: &&Technician| technician.user_id == user && technician.archived_at.is_none();
        self.technicians.values().find(working).map(|technician| technician.id)
    }

    /// What a technician still has to do.
    pub(super) fn open_work(&self, technician: TechnicianId) -> impl Iterator<Item = &Intervention> {
        self.interventions
            .values()
            .filter(move |work| work.technician_id == Some(technician) && work.status.is_open_work())
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

/// An address that somebody asked for.
#[derive(Debug, Clone)]
pub(super) struct WantedEmail {
    pub(super) email: EmailAddress,
    pub(super) token_hash: Option<LetterTokenHash>,
    pub(super) sent_at: Option<Instant>,
    pub(super) expires_at: Instant,
}

/// A second factor, or one that waits to be confirmed.
#[derive(Debug, Clone)]
pub(super) struct StoredEnrolment {
    pub(super) secret: SealedSecret,
    pub(super) is_confirmed: bool,
    pub(super) last_step: Option<i64>,
}

/// A message as it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its identifier.
    pub id: OutboxId,
    /// What to do.
    pub message: OutboxMessage,
    /// When it was added.
    pub enqueued_at: Instant,
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
    /// The trace that it was added in.
    pub trace_parent: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) fingerprint: Fingerprint,
    pub(super) claimed_at: Instant,
    pub(super) answer: Option<StoredAnswer>,
}

/// Failures of an account from one address.
#[derive(Debug, Clone)]
pub(super) struct PairGuesses {
    /// Since the last lock.
    pub(super) failures: i64,
    pub(super) locks: usize,
    pub(super) locked_until: Option<Instant>,
    pub(super) counted_at: Instant,
}

/// Failures of an account in a row, over all addresses.
#[derive(Debug, Clone, Default)]
pub(super) struct AccountGuesses {
    pub(super) failures: i64,
    pub(super) is_told: bool,
}
