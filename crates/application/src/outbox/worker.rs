//! The worker: leases messages, carries them out, tries again later what failed.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use mif_domain::documents::FileStoreError;
use mif_domain::mail::{Letter, LetterContent, MailError, Mailer};
use mif_domain::outbox::{Lane, LeasedMessage, OutboxMessage, OutboxQueue, backoff};
use mif_domain::queries::UserScope;
use mif_domain::repository::Stored;
use mif_domain::users::UserId;
use mif_domain::{Instant, RepositoryError};
use thiserror::Error;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::Span;
use tracing::field::Empty;

use super::LetterLinks;
use super::letters::message_id;
use crate::Core;

/// Carries out messages. Any number of workers may run, in any number of processes.
#[derive(Debug, Clone)]
pub struct OutboxWorker {
    /// What every use case works with.
    pub core: Core,
    /// Where messages come from.
    pub queue: Arc<dyn OutboxQueue>,
    /// Letters.
    pub mailer: Arc<dyn Mailer>,
    /// Where letters lead.
    pub links: LetterLinks,
}

/// How an attempt went that did not fail.
#[derive(Debug)]
pub(super) enum Outcome {
    /// There is nothing left to do.
    Done,
    /// It was too early.
    NotBefore(Instant),
}

/// Why an attempt failed.
#[derive(Debug, Error)]
pub(super) enum HandlerError {
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error(transparent)]
    Files(#[from] FileStoreError),
    #[error("it did not end within {} s", OutboxWorker::LIMIT.as_secs())]
    TooSlow,
}

impl OutboxWorker {
    /// How long a worker may take for a batch before others may try its messages.
    const LEASE: TimeDelta = TimeDelta::seconds(60);
    /// One attempt takes no longer, whatever an adapter does. The messages of a batch are tried at once, so that the batch
    /// ends within its lease, with time to spare for the queue.
    pub const LIMIT: Duration = Duration::from_secs(45);

    /// When to look again at a letter whose mail server is left alone.
    const HELD_FOR: TimeDelta = TimeDelta::seconds(20);

    /// Messages a batch: as many connections as a small mail server bears from one client.
    const fn batch(lane: Lane) -> u32 {
        match lane {
            Lane::Letters => 5,
            Lane::Files => 20,
        }
    }

    /// Carries out what is due now in a lane. Returns how many messages were tried: none means that it is time to rest.
    pub async fn run_once(&self, lane: Lane) -> Stored<usize> {
        let messages = self.queue.lease(lane, self.core.clock.now(), Self::LEASE, Self::batch(lane)).await?;
        let tried = messages.len();
        let mut attempts = JoinSet::new();
        for leased in messages {
            let worker = self.clone();
            attempts.spawn(async move { worker.attempt(&leased).await });
        }
        let mut outcome = Ok(tried);
        while let Some(attempted) = attempts.join_next().await {
            match attempted {
                Ok(Ok(())) => {}
                Ok(Err(error)) => outcome = Err(error),
                // Its lease runs out, and somebody tries again.
                Err(error) => tracing::error!(%error, "an outbox message broke off"),
            }
        }
        outcome
    }

    /// A trace of its own, because the request that caused it was answered long ago, with a link to that one's.
    #[tracing::instrument(
        target = "mif_trace",
        name = "outbox message",
        skip_all,
        fields(
            otel.kind = "consumer",
            otel.status_code = Empty,
            id = leased.id.0,
            kind = leased.message.kind(),
            // Spans know numbers as `i64` and would write any other kind down as text.
            attempt = i64::from(leased.attempt),
            outcome = Empty,
            link.traceparent = leased.trace_parent.as_deref(),
        )
    )]
    async fn attempt(&self, leased: &LeasedMessage) -> Stored<()> {
        let outcome = timeout(Self::LIMIT, self.carry_out(leased)).await.unwrap_or(Err(HandlerError::TooSlow));
        let result = match &outcome {
            Ok(Outcome::Done) => "done",
            Ok(Outcome::NotBefore(_)) => "too_early",
            Err(HandlerError::Mail(MailError::LeftAlone)) => "left_alone",
            Err(_) => "failed",
        };
        metrics::counter!("mif_outbox_handled_total", "result" => result).increment(1);
        let span = Span::current();
        span.record("outcome", result);
        if result == "failed" {
            span.record("otel.status_code", "ERROR");
        }
        match outcome {
            Ok(Outcome::Done) => self.queue.complete(leased.id).await,
            Ok(Outcome::NotBefore(at)) => {
                self.queue.postpone(leased.id, "another letter has just left", Some(at)).await
            }
            // However long the mail server is away, a letter loses only the attempts that were made with it.
            Err(HandlerError::Mail(MailError::LeftAlone)) => {
                self.queue.put_back(leased.id, self.core.clock.now() + Self::HELD_FOR).await
            }
            Err(error) => self.put_off(leased, &error).await,
        }
    }

    async fn carry_out(&self, leased: &LeasedMessage) -> Result<Outcome, HandlerError> {
        match &leased.message {
            OutboxMessage::WarnOfTokenReuse { user_id, .. } => {
                self.write_to(*user_id, leased, |username| LetterContent::TokenReuse { username }).await
            }
            OutboxMessage::WarnOfClosedAccount { user_id } => {
                self.write_to(*user_id, leased, |username| LetterContent::AccountClosed { username }).await
            }
            OutboxMessage::RemoveFile { file_id } => {
                self.core.files.remove(*file_id).await?;
                Ok(Outcome::Done)
            }
            OutboxMessage::SendPasswordReset { address } => self.send_password_reset(leased, address).await,
            OutboxMessage::SendInvitation { user_id } => self.send_invitation(leased, *user_id).await,
            OutboxMessage::SendEmailConfirmation { user_id, address } => {
                self.send_email_confirmation(leased, *user_id, address).await
            }
            OutboxMessage::TellOfChangedEmail { user_id, old_address, new_masked } => {
                self.tell_of_changed_email(leased, *user_id, old_address, new_masked).await
            }
        }
    }

    /// Sends a letter to the address that the account has by now.
    async fn write_to(
        &self,
        user_id: UserId,
        leased: &LeasedMessage,
        content: impl FnOnce(String) -> LetterContent + Send,
    ) -> Result<Outcome, HandlerError> {
        let Some(user) = self.core.queries.find_user(user_id, UserScope::All).await? else { return Ok(Outcome::Done) };
        let letter = Letter {
            to: user.email,
            language: user.language,
            message_id: message_id(leased),
            content: content(user.username.as_str().to_owned()),
        };
        self.mailer.send(&letter).await?;
        Ok(Outcome::Done)
    }

    async fn put_off(&self, leased: &LeasedMessage, error: &HandlerError) -> Stored<()> {
        let retry_at = backoff(leased.attempt).map(|wait| self.core.clock.now() + wait);
        // Of the request that caused it, so that its lines and this one are found together.
        let (id, attempt, trace_id) = (leased.id.0, leased.attempt, leased.trace_id());
        if let Some(at) = retry_at {
            tracing::warn!(id, attempt, trace_id, %at, %error, "outbox message put off");
        } else {
            tracing::error!(id, attempt, trace_id, %error, "outbox message given up");
        }
        self.queue.postpone(leased.id, &error.to_string(), retry_at).await
    }
}
