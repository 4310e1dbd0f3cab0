//! Noting in the audit trail what was done to keys. Whoever can run commands on the machine itself is trusted to do it.

use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::repository::Stored;

use crate::Core;

/// Which keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Those that sign access tokens.
    Tokens,
    /// Those that document keys are wrapped with.
    Files,
}

/// What was done to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyChange {
    /// It was brought into use.
    Added,
    /// It was deleted.
    Removed,
}

/// Notes that a key was changed.
#[derive(Debug)]
pub struct RecordKeyChange {
    /// What the key is for.
    pub purpose: KeyPurpose,
    /// What was done.
    pub change: KeyChange,
    /// Its public name.
    pub key_id: String,
}

impl RecordKeyChange {
    /// One event a key. The folder of keys knows no transactions: the caller MUST run this right after the change.
    #[tracing::instrument(target = "mif_trace", name = "RecordKeyChange", skip_all)]
    pub async fn run(self, core: &Core) -> Stored<()> {
        let purpose = match self.purpose {
            KeyPurpose::Tokens => "jwt",
            KeyPurpose::Files => "files",
        };
        let change = match self.change {
            KeyChange::Added => "added",
            KeyChange::Removed => "removed",
        };
        let event = AuditEvent::success(AuditKind::KeyRotated, AuditOrigin::default(), core.clock.now())
            .with("keys", purpose)
            .with("change", change)
            .with("key_id", self.key_id);
        let mut work = core.work.begin().await?;
        work.audit().append(event).await?;
        work.commit().await
    }
}
