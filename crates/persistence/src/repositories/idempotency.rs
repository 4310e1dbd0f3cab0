//! Answered requests.

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::idempotency::{Claim, IdempotencyLedger, IdempotentRequest, StoredAnswer};
use mif_domain::repository::{RepositoryError, Stored};
use sea_orm::{ConnectionTrait as _, EntityTrait as _, Statement};

use crate::entity::idempotency_keys as table;
use crate::errors::is_lock_timeout;
use crate::unit_of_work::Transaction;

pub(crate) struct Ledger<'a>(pub(crate) &'a mut Transaction);

#[async_trait]
impl IdempotencyLedger for Ledger<'_> {
    async fn claim(&mut self, request: &IdempotentRequest, at: Instant) -> Stored<Claim> {
        // The insert waits for a twin that has not committed yet; an entry that has had its day is taken over.
        let sql = "INSERT INTO idempotency_keys (user_id, key, fingerprint, claimed_at) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, \
                     claimed_at = excluded.claimed_at, status = NULL, location = NULL, etag = NULL, body = NULL \
                   WHERE idempotency_keys.claimed_at <= $5 \
                   RETURNING user_id";
        let values = vec![
            request.user_id.0.into(),
            request.key.as_str().into(),
            request.fingerprint.0.to_vec().into(),
            at.into(),
            (at - StoredAnswer::KEPT).into(),
        ];
        let statement = Statement::from_sql_and_values(self.0.backend(), sql, values);
        let inserted = match self.0.connection().query_one_raw(statement).await {
            Err(error) if is_lock_timeout(&error) => {
                self.0.kill();
                return Ok(Claim::InProgress);
            }
            result => self.0.checked(result)?,
        };
        if inserted.is_some() {
            return Ok(Claim::Fresh);
        }
        let key = (request.user_id.0, request.key.as_str().to_owned());
        let result = table::Entity::find_by_id(key).one(self.0.connection()).await;
        match self.0.checked(result)? {
            Some(row) if row.fingerprint != request.fingerprint.0 => Ok(Claim::Mismatch),
            Some(table::Model { status: Some(status), location, etag, body, .. }) => {
                Ok(Claim::Answered(StoredAnswer {
                    status: u16::try_from(status).unwrap_or(500),
                    location,
                    etag,
                    body: body.unwrap_or_default(),
                }))
            }
            _ => self.0.refuse(RepositoryError::Corrupt("an idempotency key was claimed without an answer".to_owned())),
        }
    }

    async fn complete(&mut self, request: &IdempotentRequest, answer: &StoredAnswer) -> Stored<()> {
        let sql = "UPDATE idempotency_keys SET status = $3, location = $4, etag = $5, body = $6 \
                   WHERE user_id = $1 AND key = $2 AND status IS NULL";
        let values = vec![
            request.user_id.0.into(),
            request.key.as_str().into(),
            i64::from(answer.status).into(),
            answer.location.clone().into(),
            answer.etag.clone().into(),
            answer.body.clone().into(),
        ];
        match self.0.execute(sql, values).await? {
            1 => Ok(()),
            _ => self.0.refuse(RepositoryError::Stale),
        }
    }

    async fn purge(&mut self, at: Instant) -> Stored<u64> {
        self.0.purge("idempotency_keys", "user_id, key", "claimed_at", at - StoredAnswer::KEPT).await
    }
}
