//! The audit trail, as far as it can be read without a database: there is no chain in memory.

use async_trait::async_trait;
use mif_domain::audit::{RecordedEvent, SignedMark};
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{AuditEntry, AuditFilter, AuditQueries, AuditSort};
use mif_domain::repository::Stored;

use super::{NoQueries, first_rows};

#[async_trait]
impl AuditQueries for NoQueries {
    async fn list_audit(&self, _filter: &AuditFilter, page: &PageRequest<AuditSort>) -> Stored<Page<AuditEntry>> {
        let entries = self.0.audit_events().into_iter().zip(1..).map(|(event, id)| {
            let details: Vec<_> = event.details.iter().map(|(name, value)| format!("{name:?}:{value:?}")).collect();
            let recorded = RecordedEvent {
                id,
                at: event.at,
                kind: event.kind.as_str().to_owned(),
                actor: event.origin.actor.map(|actor| actor.0),
                ip: event.origin.ip,
                request_id: event.origin.request_id,
                resource: event.resource,
                outcome: event.outcome.as_str().to_owned(),
                details: format!("{{{}}}", details.join(",")),
            };
            AuditEntry { event: recorded, actor_name: None, link: None }
        });
        Ok(first_rows(page, entries))
    }

    async fn newest_checkpoint(&self) -> Stored<Option<SignedMark>> {
        Ok(None)
    }
}
