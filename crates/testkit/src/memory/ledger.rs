//! The audit trail, the outbox and answered requests.

use async_trait::async_trait;
use mif_domain::audit::{AuditEvent, AuditTrail};
use mif_domain::idempotency::{Claim, IdempotencyLedger, IdempotentRequest, StoredAnswer};
use mif_domain::outbox::{Outbox, OutboxId, OutboxMessage};
use mif_domain::repository::Stored;
use mif_domain::{Constraint, Instant, RepositoryError};

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;

use super::state::{Entry, OutboxEntry};
use super::{Unit, purge};

pub(super) struct Trail<'a>(pub(super) &'a mut Unit);
pub(super) struct Messages<'a>(pub(super) &'a mut Unit);
pub(super) struct Ledger<'a>(pub(super) &'a mut Unit);

#[async_trait]
impl AuditTrail for Trail<'_> {
    async fn append(&mut self, event: AuditEvent) -> Stored<()> {
        let known = event.origin.actor.is_none_or(|actor| self.0.state.users.contains_key(&actor));
        self.0.keep(known, Constraint::Other)?;
        self.0.state.audit.push(event);
        Ok(())
    }

    async fn append_unless_since(&mut self, event: AuditEvent, since: Instant) -> Stored<bool> {
        let same = |other: &AuditEvent| {
            other.kind == event.kind
                && other.origin.actor == event.origin.actor
                && other.resource == event.resource
                && other.at >= since
        };
        if self.0.state.audit.iter().any(same) {
            return Ok(false);
        }
        self.append(event).await?;
        Ok(true)
    }
}

#[async_trait]
impl Outbox for Messages<'_> {
    async fn enqueue(&mut self, message: OutboxMessage, at: Instant) -> Stored<()> {
        let id = OutboxId(self.0.state.next_id());
        let entry = OutboxEntry {
            id,
            message,
            enqueued_at: at,
            due_at: at,
            leased_until: None,
            attempts: 0,
            last_error: None,
            given_up: false,
            trace_parent: trace_parent(),
        };
        self.0.state.outbox.insert(id, entry);
        Ok(())
    }
}

/// The span that somebody is in, as W3C Trace Context spells it.
fn trace_parent() -> Option<String> {
    let context = Context::current();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags()))
}

#[async_trait]
impl IdempotencyLedger for Ledger<'_> {
    async fn claim(&mut self, request: &IdempotentRequest, at: Instant) -> Stored<Claim> {
        // A twin that has not committed still has the one turn there is: we have waited for it already.
        let key = (request.user_id, request.key.as_str().to_owned());
        let known = self.0.state.users.contains_key(&request.user_id);
        self.0.keep(known, Constraint::Other)?;
        match self.0.state.answers.get(&key).filter(|entry| entry.claimed_at > at - StoredAnswer::KEPT) {
            None => {
                let entry = Entry { fingerprint: request.fingerprint, claimed_at: at, answer: None };
                self.0.state.answers.insert(key, entry);
                Ok(Claim::Fresh)
            }
            Some(entry) if entry.fingerprint != request.fingerprint => Ok(Claim::Mismatch),
            Some(Entry { answer: Some(answer), .. }) => Ok(Claim::Answered(answer.clone())),
            Some(_) => {
                self.0.refuse(RepositoryError::Corrupt("an idempotency key was claimed without an answer".to_owned()))
            }
        }
    }

    async fn complete(&mut self, request: &IdempotentRequest, answer: &StoredAnswer) -> Stored<()> {
        let key = (request.user_id, request.key.as_str().to_owned());
        match self.0.state.answers.get_mut(&key) {
            Some(entry) if entry.answer.is_none() => {
                entry.answer = Some(answer.clone());
                Ok(())
            }
            _ => self.0.refuse(RepositoryError::Stale),
        }
    }

    async fn purge(&mut self, at: Instant) -> Stored<u64> {
        Ok(purge(&mut self.0.state.answers, |_, entry| entry.claimed_at <= at - StoredAnswer::KEPT))
    }
}
