//! The audit trail: who did what, when, from where, with which outcome. Written in the same transaction as the effect,
//! never updated. A linker puts events into a [`chain`](AuditChain) right afterwards.

mod chain;
mod encoding;
mod mark;

use async_trait::async_trait;

use crate::clock::Instant;
use crate::repository::Stored;
use crate::users::UserId;
use crate::words::words;

pub use chain::{
    AuditChain, ChainEnd, ChainHash, ChainRow, ChainSnapshot, Link, MarkSigner, RecordedEvent, RowEvent, Unlinked,
    Waiting,
};
pub use encoding::encode;
pub use mark::{CheckpointLog, CheckpointLogError, Mark, MarkKind, SignedMark};

words! {
    /// What happened. The stored spelling is the one of the wire.
    AuditKind {
        /// A sign-in that worked.
        LoginSuccess = "auth.login.success",
        /// One that did not.
        LoginFailed = "auth.login.failed",
        /// Too many did not: an account is locked for an address, or closed for all.
        LoginLocked = "auth.login.locked",
        /// A refresh token was exchanged.
        TokenRefreshed = "auth.token.refreshed",
        /// A refresh token that was used up came back: the session was ended.
        TokenReuseDetected = "auth.token.reuse_detected",
        /// A session was ended by its owner.
        Logout = "auth.logout",
        /// A user changed their own password.
        PasswordChanged = "auth.password.changed",
        /// Somebody else set it.
        PasswordReset = "auth.password.reset",
        /// A second factor was set up, used up or turned off.
        MfaChanged = "auth.mfa.changed",
        /// An account was made.
        UserCreated = "user.created",
        /// An account was changed.
        UserUpdated = "user.updated",
        /// An account was closed.
        UserDeactivated = "user.deactivated",
        /// An account was opened again.
        UserActivated = "user.activated",
        /// A role was given or taken.
        RoleChanged = "role.changed",
        /// Somebody who is signed in asked for what they may not do.
        AccessDenied = "access.denied",
        /// A machine was entered.
        EquipmentCreated = "equipment.created",
        /// A machine was changed.
        EquipmentUpdated = "equipment.updated",
        /// A machine was deleted.
        EquipmentDeleted = "equipment.deleted",
        /// A customer was entered.
        CustomerCreated = "customer.created",
        /// A customer was changed.
        CustomerUpdated = "customer.updated",
        /// A customer was deleted.
        CustomerDeleted = "customer.deleted",
        /// A technician was entered.
        TechnicianCreated = "technician.created",
        /// A technician was changed.
        TechnicianUpdated = "technician.updated",
        /// A technician takes no work any more.
        TechnicianArchived = "technician.archived",
        /// A skill was entered.
        SkillCreated = "skill.created",
        /// An intervention was entered.
        InterventionCreated = "intervention.created",
        /// An intervention was changed.
        InterventionUpdated = "intervention.updated",
        /// An intervention took a step of its life cycle.
        InterventionTransition = "intervention.transition",
        /// Something was said about an intervention.
        InterventionCommented = "intervention.commented",
        /// Machines were entered from a file.
        EquipmentImported = "equipment.imported",
        /// A document was stored.
        DocumentUploaded = "document.uploaded",
        /// A document was handed out: once for each user and document in 5 minutes.
        DocumentDownloaded = "document.downloaded",
        /// A document was deleted.
        DocumentDeleted = "document.deleted",
        /// A content was refused, or found infected later.
        DocumentRejected = "document.rejected",
        /// Keys were changed.
        KeyRotated = "key.rotated",
        /// Old events were forgotten; the rest still proves itself.
        AuditPruned = "audit.pruned",
        /// A server started.
        ConfigStarted = "config.started",
    }
}

words! {
    /// How it ended.
    AuditOutcome {
        /// It was done.
        Success = "success",
        /// It was tried.
        Failure = "failure",
    }
}

/// Who is behind an event, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditOrigin {
    /// The user; `None` for the system, and for sign-ins under a name that nobody has.
    pub actor: Option<UserId>,
    /// The canonical address of the request.
    pub ip: Option<String>,
    /// Ties the event to the log lines of its request.
    pub request_id: Option<String>,
}

/// One event. No secret and no request body ever stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// When.
    pub at: Instant,
    /// What.
    pub kind: AuditKind,
    /// Who.
    pub origin: AuditOrigin,
    /// On what, as `kind/id`, for instance `equipment/12`.
    pub resource: Option<String>,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// What else is worth knowing, by name.
    pub details: Vec<(&'static str, String)>,
}

impl AuditEvent {
    /// An effect that took place.
    pub fn success(kind: AuditKind, origin: AuditOrigin, at: Instant) -> Self {
        Self { at, kind, origin, resource: None, outcome: AuditOutcome::Success, details: Vec::new() }
    }

    /// An attempt that did not succeed.
    pub fn failure(kind: AuditKind, origin: AuditOrigin, at: Instant) -> Self {
        Self { outcome: AuditOutcome::Failure, ..Self::success(kind, origin, at) }
    }

    /// Says on what.
    #[must_use]
    pub fn on(mut self, kind: &str, id: i64) -> Self {
        self.resource = Some(format!("{kind}/{id}"));
        self
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, value.into()));
        self
    }
}

/// The audit trail inside a unit of work.
#[async_trait]
pub trait AuditTrail: Send {
    /// Appends an event. It MUST become visible together with the unit's other effects, or not at all.
    async fn append(&mut self, event: AuditEvent) -> Stored<()>;

    /// The same, unless an event of this kind, by this actor, on this resource was appended at `since` or later.
    /// Returns whether it was.
    async fn append_unless_since(&mut self, event: AuditEvent, since: Instant) -> Stored<bool>;
}
