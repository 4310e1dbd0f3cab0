//! Letters to people. What a letter says in which language is the business of the adapter's templates.

use async_trait::async_trait;
use thiserror::Error;

use crate::users::{EmailAddress, Language};

/// What a letter is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetterContent {
    /// A session was ended because a used-up token came back: somebody else may have had a copy.
    TokenReuse {
        /// The account.
        username: String,
    },
    /// Too many failed sign-ins closed the account, until its owner resets the password or an administrator opens it.
    AccountClosed {
        /// The account.
        username: String,
    },
}

/// A letter ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Who gets it.
    pub to: EmailAddress,
    /// In which language.
    pub language: Language,
    /// The same for every attempt to send this letter, so that a receiver can drop doubles.
    pub message_id: String,
    /// What it says.
    pub content: LetterContent,
}

/// The letter did not leave. Trying again may help.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the letter could not be sent: {0}")]
pub struct MailError(pub String);

/// Sends letters.
#[async_trait]
pub trait Mailer: Send + Sync + std::fmt::Debug {
    /// Hands the letter over. `Ok` MUST mean that somebody else is responsible for it now.
    async fn send(&self, letter: &Letter) -> Result<(), MailError>;
}
