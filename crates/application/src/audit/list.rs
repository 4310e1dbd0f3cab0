//! Reading the audit trail.

use mif_domain::audit::SignedMark;
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{AuditEntry, AuditFilter, AuditSort};

use crate::Core;
use crate::access::{Action, Actor, Refusal, policy};

/// Lists events.
#[derive(Debug)]
pub struct ListAudit {
    /// Which.
    pub filter: AuditFilter,
    /// Which page of them.
    pub page: PageRequest<AuditSort>,
}

impl ListAudit {
    /// One page.
    #[tracing::instrument(target = "mif_trace", name = "ListAudit", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Page<AuditEntry>, Refusal> {
        policy::permit(actor, Action::ViewAudit)?;
        Ok(core.queries.list_audit(&self.filter, &self.page).await?)
    }
}

/// Reads the newest checkpoint.
#[derive(Debug, Clone, Copy)]
pub struct ReadCheckpoint;

impl ReadCheckpoint {
    /// Whichever replica made it.
    #[tracing::instrument(target = "mif_trace", name = "ReadCheckpoint", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<SignedMark, Refusal> {
        policy::permit(actor, Action::ViewAudit)?;
        core.queries.newest_checkpoint().await?.ok_or(Refusal::NotFound)
    }
}
