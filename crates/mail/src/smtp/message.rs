//! A letter as it goes over the wire.

use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use mif_domain::Instant;
use mif_domain::mail::{Letter, MailError};

use super::settings::reachable;
use crate::templates;

/// Tells out-of-office replies to stay away (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Puts the letter into its envelope. Every attempt gives the same `Message-ID`.
pub(super) fn compose(letter: &Letter, from: &Mailbox, now: Instant) -> Result<Message, MailError> {
    let written = templates::write(&letter.content, letter.language);
    let (local, domain) = letter.to.as_str().rsplit_once('@').unwrap_or_default();
    let to = reachable(local, domain).ok_or_else(|| MailError::Failed("no mail can reach the address".to_owned()))?;
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(written.subject)
        .date(now.into())
        .message_id(Some(format!("<{}@{}>", identifier(&letter.message_id), from.email.domain())))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(written.text, written.html))
        .map_err(|error| MailError::Failed(format!("the letter cannot be written: {error}")))
}

/// Only what RFC 5322 lets stand left of the `@` without quotes.
fn identifier(raw: &str) -> String {
    raw.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).collect()
}
