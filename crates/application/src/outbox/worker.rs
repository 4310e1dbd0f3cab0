//! The worker: leases messages, carries them out, tries again later what failed.

use std::sync::Arc;

use chrono::TimeDelta;
use mif_domain::documents::{FileStore, FileStoreError};
use mif_domain::mail::{Letter, LetterContent, Mailer};
use mif_domain::outbox::{LeasedMessage, OutboxMessage, OutboxQueue, backoff};
use mif_domain::queries::{Queries, UserScope};
use mif_domain::repository::Stored;
use mif_domain::users::UserId;
use mif_domain::{Clock, RepositoryError};
use thiserror::Error;

/// Carries out messages. Any number of workers may run, in any number of processes.
#[derive(Debug, Clone)]
pub struct OutboxWorker {
    /// Where messages come from.
    pub queue: Arc<dyn OutboxQueue>,
    /// To look up whom a message concerns.
    pub queries: Arc<dyn Queries>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The contents of documents.
    pub files: Arc<dyn FileStore>,
    /// Letters.
    pub mailer: Arc<dyn Mailer>,
}

/// Why an attempt failed.
#[derive(Debug, Error)]
enum HandlerError {
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Mail(#[from] mif_domain::mail::MailError),
    #[error(transparent)]
    Files(#[from] FileStoreError),
}

impl OutboxWorker {
    /// How long a worker may take for a batch before others may try its messages.
    const LEASE: TimeDelta = TimeDelta::seconds(60);
    /// Messages a batch.
    const BATCH: u32 = 20;

    /// Carries out what is due now. Returns how many messages were tried: none means that it is time to rest.
    pub async fn run_once(&self) -> Stored<usize> {
        let messages = self.queue.lease(self.clock.now(), Self::LEASE, Self::BATCH).await?;
        let tried = messages.len();
        for leased in messages {
            match self.carry_out(&leased).await {
                Ok(()) => self.queue.complete(leased.id).await?,
                Err(error) => self.put_off(&leased, &error).await?,
            }
        }
        Ok(tried)
    }

    async fn carry_out(&self, leased: &LeasedMessage) -> Result<(), HandlerError> {
        match leased.message {
            OutboxMessage::WarnOfTokenReuse { user_id, .. } => {
                self.write_to(user_id, leased, |username| LetterContent::TokenReuse { username }).await
            }
            OutboxMessage::WarnOfClosedAccount { user_id } => {
                self.write_to(user_id, leased, |username| LetterContent::AccountClosed { username }).await
            }
            OutboxMessage::RemoveFile { file_id } => Ok(self.files.remove(file_id).await?),
        }
    }

    /// Sends a letter to the address that the account has by now.
    async fn write_to(
        &self,
        user_id: UserId,
        leased: &LeasedMessage,
        content: impl FnOnce(String) -> LetterContent + Send,
    ) -> Result<(), HandlerError> {
        let Some(user) = self.queries.find_user(user_id, UserScope::All).await? else { return Ok(()) };
        let letter = Letter {
            to: user.email,
            language: user.language,
            message_id: format!("outbox-{}", leased.id.0),
            content: content(user.username.as_str().to_owned()),
        };
        Ok(self.mailer.send(&letter).await?)
    }

    async fn put_off(&self, leased: &LeasedMessage, error: &HandlerError) -> Stored<()> {
        let retry_at = backoff(leased.attempt).map(|wait| self.clock.now() + wait);
        if let Some(at) = retry_at {
            tracing::warn!(id = leased.id.0, attempt = leased.attempt, %at, %error, "outbox message put off");
        } else {
            tracing::error!(id = leased.id.0, attempt = leased.attempt, %error, "outbox message given up");
        }
        self.queue.postpone(leased.id, &error.to_string(), retry_at).await
    }
}
