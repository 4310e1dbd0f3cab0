//! Noting that keys were changed.

use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::repository::Stored;

use crate::Core;

/// Notes from the command line that a key was brought into use.
#[derive(Debug)]
pub struct RecordKeyRotation {
    /// What the key is for.
    pub keys: &'static str,
    /// Its name, where it has a file of its own. Never the key.
    pub key_id: Option<String>,
}

impl RecordKeyRotation {
    /// One event a rotation.
    pub async fn run(self, core: &Core) -> Stored<()> {
        let mut work = core.work.begin().await?;
        let mut event = AuditEvent::success(AuditKind::KeyRotated, AuditOrigin::default(), core.clock.now());
        event = event.with("keys", self.keys);
        if let Some(key_id) = self.key_id {
            event = event.with("key_id", key_id);
        }
        work.audit().append(event).await?;
        work.commit().await
    }
}
