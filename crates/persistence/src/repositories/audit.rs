//! The audit trail.

use async_trait::async_trait;
use mif_domain::audit::{AuditEvent, AuditTrail};
use mif_domain::repository::Stored;

use crate::unit_of_work::Transaction;

pub(crate) struct Trail<'a>(pub(crate) &'a mut Transaction);

#[async_trait]
impl AuditTrail for Trail<'_> {
    async fn append(&mut self, event: AuditEvent) -> Stored<()> {
        let details: serde_json::Map<String, serde_json::Value> =
            event.details.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let sql = "INSERT INTO audit_events (at, kind, actor_id, ip, request_id, resource, outcome, details) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = vec![
            event.at.into(),
            event.kind.as_str().into(),
            event.origin.actor.map(|actor| actor.0).into(),
            event.origin.ip.into(),
            event.origin.request_id.into(),
            event.resource.into(),
            event.outcome.as_str().into(),
            serde_json::Value::Object(details).to_string().into(),
        ];
        self.0.execute(sql, values).await.map(|_| ())
    }
}
