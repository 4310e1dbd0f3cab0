//! Saying something about an intervention.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::interventions::{InterventionId, NewHistoryEntry, Status};
use mif_domain::text::Paragraph;

use super::InterventionError;
use super::read::hold;
use crate::Core;
use crate::access::{Actor, ExpectedVersion};

/// Adds a comment to the history.
#[derive(Debug)]
pub struct AddComment {
    /// To which intervention.
    pub id: InterventionId,
    /// What.
    pub text: Paragraph<2000>,
    /// Whether it is for us alone; by default what staff write is. What a customer writes never is.
    pub internal: Option<bool>,
}

impl AddComment {
    /// Everybody who sees the intervention may. Can fail with `NotFound` and `Archived`.
    #[tracing::instrument(target = "mif_trace", name = "AddComment", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<NewHistoryEntry, InterventionError> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let (intervention, caller) = hold(&mut *work, actor, self.id, ExpectedVersion::Any).await?;
        if intervention.status == Status::Archived {
            return Err(InterventionError::Archived);
        }
        let entry = NewHistoryEntry {
            intervention_id: self.id,
            user_id: Some(actor.user_id()),
            from: None,
            status: intervention.status,
            remark: Some(self.text),
            is_internal: caller.writes_internally(self.internal),
            at: now,
        };
        work.interventions().append_history(entry.clone()).await?;
        let event = AuditEvent::success(AuditKind::InterventionCommented, actor.origin(), now);
        work.audit().append(event.on("intervention", self.id.0)).await?;
        work.commit().await?;
        Ok(entry)
    }
}
