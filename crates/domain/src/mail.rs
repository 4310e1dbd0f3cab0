//! Letters to people. What a letter says in which language is the business of the adapter's templates.

use std::fmt;

use async_trait::async_trait;
use thiserror::Error;

use crate::users::{EmailAddress, Language};

/// How the reader of a letter hands in the token that it holds. Never printed: whoever has it may do what it allows.
#[derive(Clone, PartialEq, Eq)]
pub enum WayIn {
    /// By following this link.
    Link(String),
    /// By copying the token itself, when nobody said where people reach the application.
    Token(String),
}

impl fmt::Debug for WayIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WayIn(***)")
    }
}

/// What a letter is about. Printing one names the occasion only: links hold tokens.
#[derive(Clone, PartialEq, Eq)]
pub enum LetterContent {
    /// A session was ended because a used-up token came back: somebody else may have had a copy.
    TokenReuse {
        /// The account.
        username: String,
    },
    /// Somebody, perhaps the reader, asked for a new password.
    PasswordReset {
        /// The account.
        username: String,
        /// How to set the new one: whoever has it has the account.
        way_in: WayIn,
        /// How many minutes it works from now on.
        minutes_valid: u32,
    },
    /// The address must be confirmed before it counts. Goes to the new address.
    EmailConfirmation {
        /// The account.
        username: String,
        /// How to confirm it.
        way_in: WayIn,
    },
    /// The account has another address now. Goes to the old one, whose owner may know nothing of it.
    EmailChanged {
        /// The account.
        username: String,
        /// The new address as far as the old one's reader may see it: see [`masked`].
        new_email_masked: String,
    },
    /// Too many failed sign-ins closed the account, until its owner resets the password or an administrator opens it.
    AccountClosed {
        /// The account.
        username: String,
    },
    /// An account was made for the reader, who sets its first password.
    Invitation {
        /// The account.
        username: String,
        /// How to set the password.
        way_in: WayIn,
        /// How many minutes it works from now on.
        minutes_valid: u32,
    },
    /// Something happened to an intervention that the reader has to do with. Already in the reader's language.
    InterventionNotice {
        /// In one line.
        title: String,
        /// In as many lines as it takes.
        content: String,
        /// Where to see it in the application. Holds no secret.
        link: Option<String>,
    },
}

impl LetterContent {
    /// The occasion in one word, for logs.
    pub const fn occasion(&self) -> &'static str {
        match self {
            Self::TokenReuse { .. } => "token_reuse",
            Self::PasswordReset { .. } => "password_reset",
            Self::EmailConfirmation { .. } => "email_confirmation",
            Self::EmailChanged { .. } => "email_changed",
            Self::AccountClosed { .. } => "account_closed",
            Self::Invitation { .. } => "invitation",
            Self::InterventionNotice { .. } => "intervention_notice",
        }
    }
}

impl fmt::Debug for LetterContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LetterContent({})", self.occasion())
    }
}

/// An address as its former owner may see it: enough to recognise one's own, not enough to learn somebody else's.
pub fn masked(address: &EmailAddress) -> String {
    let (local, domain) = address.as_str().rsplit_once('@').unwrap_or_default();
    local.chars().take(1).chain("***@".chars()).chain(domain.chars()).collect()
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
pub enum MailError {
    /// It was tried, and this is why it failed. Does not tell who was to read it.
    #[error("the letter could not be sent: {0}")]
    Failed(String),
    /// Nothing was tried: the mail server failed several times in a row.
    #[error("the mail server failed several times in a row and is left alone for a while")]
    LeftAlone,
}

/// How the way out for letters is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailerHealth {
    /// As far as the last letters tell, somebody takes them.
    Up,
    /// Several letters in a row found nobody.
    Down,
    /// There is no mail server: letters are written to the log.
    Log,
}

/// Sends letters.
#[async_trait]
pub trait Mailer: Send + Sync + std::fmt::Debug {
    /// Hands the letter over. `Ok` MUST mean that somebody else is responsible for it now.
    async fn send(&self, letter: &Letter) -> Result<(), MailError>;

    /// How it is, from what is known already: MUST ask nobody.
    fn health(&self) -> MailerHealth;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_letter_gives_no_token_away() {
        let way_in = WayIn::Link("https://gmao.exemple.ma/mot-de-passe#jeton-secret".to_owned());
        assert_eq!(format!("{way_in:?}"), "WayIn(***)");
        let content = LetterContent::PasswordReset { username: "karim".to_owned(), way_in, minutes_valid: 30 };
        assert_eq!(format!("{content:?}"), "LetterContent(password_reset)");
    }

    #[test]
    fn a_masked_address_keeps_its_first_letter_and_its_domain() {
        let address = EmailAddress::parse("karim.alaoui@exemple.ma").unwrap();
        assert_eq!(masked(&address), "k***@exemple.ma");
    }
}
