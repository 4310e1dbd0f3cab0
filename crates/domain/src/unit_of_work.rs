//! How everything is written: one open transaction that lends repositories.

use async_trait::async_trait;

use crate::audit::AuditTrail;
use crate::customers::CustomerRepository;
use crate::documents::DocumentRepository;
use crate::equipment::EquipmentRepository;
use crate::guesses::GuessGuard;
use crate::idempotency::IdempotencyLedger;
use crate::interventions::InterventionRepository;
use crate::letter_tokens::LetterTokenRepository;
use crate::mfa::MfaRepository;
use crate::notifications::NotificationRepository;
use crate::outbox::Outbox;
use crate::repository::Stored;
use crate::sessions::SessionRepository;
use crate::technicians::{SkillRepository, TechnicianRepository};
use crate::users::UserRepository;

/// An invariant over several rows: whoever may break it takes this lock first, and others wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedLock {
    /// There is always an administrator who can sign in.
    Admins,
    /// The tree of machines has no cycle.
    EquipmentTree,
}

impl NamedLock {
    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admins => "admins",
            Self::EquipmentTree => "equipment_tree",
        }
    }
}

/// Opens units of work.
#[async_trait]
pub trait UnitOfWorkFactory: Send + Sync + std::fmt::Debug {
    /// Begins a transaction that may write. Only use cases call this, one at a time.
    async fn begin(&self) -> Stored<Box<dyn UnitOfWork>>;
}

/// One open transaction. Dead after any `Err`: a commit MUST then fail. Dropping it rolls back.
///
/// No network, disk or CPU-heavy effect happens while one is open: hash, scan and store first, then open it and check
/// again what may have changed meanwhile.
#[async_trait]
pub trait UnitOfWork: Send {
    /// Users.
    fn users(&mut self) -> Box<dyn UserRepository + '_>;
    /// Sessions.
    fn sessions(&mut self) -> Box<dyn SessionRepository + '_>;
    /// Customers.
    fn customers(&mut self) -> Box<dyn CustomerRepository + '_>;
    /// Technicians.
    fn technicians(&mut self) -> Box<dyn TechnicianRepository + '_>;
    /// Skills.
    fn skills(&mut self) -> Box<dyn SkillRepository + '_>;
    /// Interventions.
    fn interventions(&mut self) -> Box<dyn InterventionRepository + '_>;
    /// Notifications.
    fn notifications(&mut self) -> Box<dyn NotificationRepository + '_>;
    /// Equipment.
    fn equipment(&mut self) -> Box<dyn EquipmentRepository + '_>;
    /// Documents.
    fn documents(&mut self) -> Box<dyn DocumentRepository + '_>;
    /// The audit trail.
    fn audit(&mut self) -> Box<dyn AuditTrail + '_>;
    /// Tokens that reach people by letter.
    fn letter_tokens(&mut self) -> Box<dyn LetterTokenRepository + '_>;
    /// Second factors.
    fn mfa(&mut self) -> Box<dyn MfaRepository + '_>;
    /// Effects to carry out after the commit.
    fn outbox(&mut self) -> Box<dyn Outbox + '_>;
    /// Answered requests.
    fn idempotency(&mut self) -> Box<dyn IdempotencyLedger + '_>;
    /// What keeps people from guessing passwords.
    fn guesses(&mut self) -> Box<dyn GuessGuard + '_>;
    /// Takes a lock until the unit ends.
    async fn lock(&mut self, lock: NamedLock) -> Stored<()>;
    /// Makes everything visible and durable at once.
    async fn commit(self: Box<Self>) -> Stored<()>;
}
