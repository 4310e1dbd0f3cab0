//! The outbox inside a unit of work, and how a message is spelled in it.

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::documents::FileId;
use mif_domain::outbox::{Outbox, OutboxMessage};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::sessions::SessionId;
use mif_domain::users::UserId;
use serde_json::{Value, json};

use crate::unit_of_work::Transaction;

pub(crate) struct Messages<'a>(pub(crate) &'a mut Transaction);

#[async_trait]
impl Outbox for Messages<'_> {
    async fn enqueue(&mut self, message: OutboxMessage, at: Instant) -> Stored<()> {
        let (kind, payload) = spell(&message);
        let sql = "INSERT INTO outbox (kind, payload, created_at, due_at, attempts) VALUES ($1, $2, $3, $3, 0)";
        self.0.execute(sql, vec![kind.into(), payload.to_string().into(), at.into()]).await.map(|_| ())
    }
}

fn spell(message: &OutboxMessage) -> (&'static str, Value) {
    match message {
        OutboxMessage::WarnOfTokenReuse { user_id, session_id } => {
            ("warn_of_token_reuse", json!({ "user_id": user_id.0, "session_id": session_id.0 }))
        }
        OutboxMessage::RemoveFile { file_id } => ("remove_file", json!({ "file_id": file_id.to_string() })),
        OutboxMessage::WarnOfClosedAccount { user_id } => ("warn_of_closed_account", json!({ "user_id": user_id.0 })),
    }
}

/// Reads a stored message back.
pub(crate) fn read(id: i64, kind: &str, payload: &str) -> Stored<OutboxMessage> {
    let corrupt = |why: &str| RepositoryError::corrupt("outbox", "payload", id, why);
    let payload: Value = serde_json::from_str(payload).map_err(|_| corrupt("is not JSON"))?;
    let number = |name: &str| payload.get(name).and_then(Value::as_i64).ok_or_else(|| corrupt("lacks a number"));
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
        _ => Err(RepositoryError::corrupt("outbox", "kind", id, "is unknown")),
    }
}
