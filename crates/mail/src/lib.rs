//! Letters: what they say in which language, and how they leave.
//!
//! [`LogMailer`] is the embedded default: it writes letters to the log, so that the product can be tried without a mail
//! server. What to say when is decided by `application`; here stands only how it is said.

mod templates;

use async_trait::async_trait;
use mif_domain::mail::{Letter, MailError, Mailer};

/// Writes letters to the log instead of sending them.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogMailer;

#[async_trait]
impl Mailer for LogMailer {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let written = templates::write(&letter.content, letter.language);
        tracing::info!(
            to = %letter.to,
            message_id = %letter.message_id,
            subject = %written.subject,
            text = %written.text,
            "a letter, written to the log because no mail server is configured"
        );
        Ok(())
    }
}
