//! Messages to people outside the product.

use async_trait::async_trait;
use thiserror::Error;

use crate::users::EmailAddress;

/// A message ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Who gets it.
    pub to: EmailAddress,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same for every attempt to send this message, so that a receiver can drop doubles.
    pub message_id: String,
}

/// The message did not leave. Trying again may help.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the message could not be sent: {0}")]
pub struct MailError(pub String);

/// Sends messages.
#[async_trait]
pub trait Mailer: Send + Sync + std::fmt::Debug {
    /// Hands the message over. `Ok` MUST mean that somebody else is responsible for it now.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}
