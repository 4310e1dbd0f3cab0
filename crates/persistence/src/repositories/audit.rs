//! The audit trail.

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditTrail};
use mif_domain::repository::Stored;
use sea_orm::{DatabaseBackend, Value};

use crate::unit_of_work::Transaction;

pub(crate) struct Trail<'a>(pub(crate) &'a mut Transaction);

const COLUMNS: &str = "at, kind, actor_id, ip, request_id, resource, outcome, details";

fn values(event: AuditEvent) -> Vec<Value> {
    let details: serde_json::Map<String, serde_json::Value> =
        event.details.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    vec![
        event.at.into(),
        event.kind.as_str().into(),
        event.origin.actor.map(|actor| actor.0).into(),
        event.origin.ip.into(),
        event.origin.request_id.into(),
        event.resource.into(),
        event.outcome.as_str().into(),
        serde_json::Value::Object(details).to_string().into(),
    ]
}

#[async_trait]
impl AuditTrail for Trail<'_> {
    async fn append(&mut self, event: AuditEvent) -> Stored<()> {
        let sql = format!("INSERT INTO audit_events ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
        self.0.execute(&sql, values(event)).await.map(|_| ())
    }

    async fn append_unless_since(&mut self, event: AuditEvent, since: Instant) -> Stored<bool> {
        // Types are named because PostgreSQL does not infer those of a bare SELECT.
        let selected = match self.0.backend() {
            DatabaseBackend::Postgres => {
                "$1::timestamptz, $2::text, $3::bigint, $4::text, $5::text, $6::text, $7::text, $8::text"
            }
            _ => "$1, $2, $3, $4, $5, $6, $7, $8",
        };
        let sql = format!(
            "INSERT INTO audit_events ({COLUMNS}) SELECT {selected} WHERE NOT EXISTS ( \
               SELECT 1 FROM audit_events WHERE resource = $6 AND kind = $2 AND actor_id = $3 AND at >= $9)"
        );
        let mut values = values(event);
        values.push(since.into());
        Ok(self.0.execute(&sql, values).await? == 1)
    }
}
