//! The outbox inside a unit of work, and how a message is spelled in it.

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::documents::FileId;
use mif_domain::outbox::{Outbox, OutboxMessage};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::sessions::SessionId;
use mif_domain::users::{EmailAddress, UserId};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use serde_json::{Value, json};

use crate::unit_of_work::Transaction;

pub(crate) struct Messages<'a>(pub(crate) &'a mut Transaction);

#[async_trait]
impl Outbox for Messages<'_> {
    async fn enqueue(&mut self, message: OutboxMessage, at: Instant) -> Stored<()> {
        let payload = spell(&message).to_string();
        let sql = "INSERT INTO outbox (kind, payload, created_at, due_at, attempts, trace_parent) \
                   VALUES ($1, $2, $3, $3, 0, $4)";
        let values = vec![message.kind().into(), payload.into(), at.into(), trace_parent().into()];
        self.0.execute(sql, values).await.map(|_| ())
    }
}

/// The span that somebody is in, when spans go anywhere: as W3C Trace Context spells it in `traceparent`.
fn trace_parent() -> Option<String> {
    let context = Context::current();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags()))
}

fn spell(message: &OutboxMessage) -> Value {
    match message {
        OutboxMessage::WarnOfTokenReuse { user_id, session_id } => {
            json!({ "user_id": user_id.0, "session_id": session_id.0 })
        }
        OutboxMessage::RemoveFile { file_id } => json!({ "file_id": file_id.to_string() }),
        OutboxMessage::WarnOfClosedAccount { user_id } | OutboxMessage::SendInvitation { user_id } => {
            json!({ "user_id": user_id.0 })
        }
        OutboxMessage::SendPasswordReset { address } => json!({ "address": address.as_str() }),
        OutboxMessage::SendEmailConfirmation { user_id, address } => {
            json!({ "user_id": user_id.0, "address": address.as_str() })
        }
        OutboxMessage::TellOfChangedEmail { user_id, old_address, new_masked } => {
            json!({ "user_id": user_id.0, "old_address": old_address.as_str(), "new_masked": new_masked })
        }
    }
}

/// Reads a stored message back.
pub(crate) fn read(id: i64, kind: &str, payload: &str) -> Stored<OutboxMessage> {
    let corrupt = |why: &str| RepositoryError::corrupt("outbox", "payload", id, why);
    let payload: Value = serde_json::from_str(payload).map_err(|_| corrupt("is not JSON"))?;
    let number = |name: &str| payload.get(name).and_then(Value::as_i64).ok_or_else(|| corrupt("lacks a number"));
    let text = |name: &str| payload.get(name).and_then(Value::as_str).ok_or_else(|| corrupt("lacks a text"));
    let address = |name: &str| EmailAddress::parse(text(name)?).map_err(|_| corrupt("holds no address"));
    match kind {
        "warn_of_token_reuse" => Ok(OutboxMessage::WarnOfTokenReuse {
            user_id: UserId(number("user_id")?),
            session_id: SessionId(number("session_id")?),
        }),
        "remove_file" => {
            let file = payload.get("file_id").and_then(Value::as_str).and_then(FileId::from_hex);
            Ok(OutboxMessage::RemoveFile { file_id: file.ok_or_else(|| corrupt("lacks a file"))? })
        }
        "warn_of_closed_account" => Ok(OutboxMessage::WarnOfClosedAccount { user_id: UserId(number("user_id")?) }),
        "send_password_reset" => Ok(OutboxMessage::SendPasswordReset { address: address("address")? }),
        "send_invitation" => Ok(OutboxMessage::SendInvitation { user_id: UserId(number("user_id")?) }),
        "send_email_confirmation" => Ok(OutboxMessage::SendEmailConfirmation {
            user_id: UserId(number("user_id")?),
            address: address("address")?,
        }),
        "tell_of_changed_email" => Ok(OutboxMessage::TellOfChangedEmail {
            user_id: UserId(number("user_id")?),
            old_address: address("old_address")?,
            new_masked: text("new_masked")?.to_owned(),
        }),
        _ => Err(RepositoryError::corrupt("outbox", "kind", id, "is unknown")),
    }
}
