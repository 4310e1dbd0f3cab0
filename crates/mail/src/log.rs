//! Letters written to the log.

use async_trait::async_trait;
use mif_domain::mail::{Letter, LetterContent, MailError, Mailer, MailerHealth, WayIn};
use url::Url;

use crate::templates;

/// Whether a log may hold links that open an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// A developer clicks them.
    Shown,
    /// Whoever reads the log in production must not become somebody else.
    Masked,
}

/// Writes letters to the log instead of sending them.
#[derive(Debug, Clone, Copy)]
pub struct LogMailer {
    links: Links,
}

impl LogMailer {
    /// One that shows or masks the links that hold a token.
    pub const fn new(links: Links) -> Self {
        Self { links }
    }

    fn printable(self, content: &LetterContent) -> LetterContent {
        let mut printable = content.clone();
        if self.links == Links::Masked {
            match &mut printable {
                LetterContent::PasswordReset { way_in, .. }
                | LetterContent::EmailConfirmation { way_in, .. }
                | LetterContent::Invitation { way_in, .. } => *way_in = masked(way_in),
                LetterContent::TokenReuse { .. }
                | LetterContent::EmailChanged { .. }
                | LetterContent::AccountClosed { .. }
                | LetterContent::InterventionNotice { .. } => {}
            }
        }
        printable
    }
}

/// Only where the link leads: the token may stand in any of the other parts.
fn masked(way_in: &WayIn) -> WayIn {
    let url = match way_in {
        WayIn::Link(link) => Url::parse(link).ok(),
        WayIn::Token(_) => None,
    };
    match url {
        Some(url) => WayIn::Link(format!("{}://{}/***", url.scheme(), url.host_str().unwrap_or_default())),
        None => WayIn::Token("***".to_owned()),
    }
}

#[async_trait]
impl Mailer for LogMailer {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let written = templates::write(&self.printable(&letter.content), letter.language);
        tracing::info!(
            to = %letter.to,
            message_id = %letter.message_id,
            subject = %written.subject,
            text = %written.text,
            "a letter, written to the log because no mail server is configured"
        );
        Ok(())
    }

    fn health(&self) -> MailerHealth {
        MailerHealth::Log
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_link_says_only_where_it_leads() {
        for link in
            ["https://a:b@gmao.ma:8443/x/SECRET", "https://gmao.ma?t=SECRET", "https://gmao.ma#SECRET", "SECRET"]
        {
            let (WayIn::Link(shown) | WayIn::Token(shown)) = masked(&WayIn::Link(link.to_owned()));
            assert!(!shown.contains("SECRET") && !shown.contains("a:b"), "{shown}");
        }
        let link = WayIn::Link("https://gmao.ma/mot-de-passe?jeton=SECRET".to_owned());
        assert!(masked(&link) == WayIn::Link("https://gmao.ma/***".to_owned()));
        assert!(masked(&WayIn::Token("SECRET".to_owned())) == WayIn::Token("***".to_owned()));
    }
}
