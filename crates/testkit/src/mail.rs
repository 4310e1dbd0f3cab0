//! A post office that keeps every letter.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use mif_domain::mail::{Letter, MailError, Mailer, MailerHealth};

/// Keeps what was sent. Can be told that the post is on strike.
#[derive(Debug, Default)]
pub struct RecordingMailer(Mutex<Post>);

#[derive(Debug, Default)]
struct Post {
    sent: Vec<Letter>,
    strike: Option<MailError>,
}

impl RecordingMailer {
    /// Every letter so far.
    pub fn sent(&self) -> Vec<Letter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).sent.clone()
    }

    /// From now on every letter fails for this reason.
    pub fn fail_with(&self, reason: &str) {
        self.strike(MailError::Failed(reason.to_owned()));
    }

    /// From now on nothing is tried.
    pub fn leave_alone(&self) {
        self.strike(MailError::LeftAlone);
    }

    fn strike(&self, error: MailError) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).strike = Some(error);
    }

    /// From now on letters leave again.
    pub fn recover(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).strike = None;
    }
}

#[async_trait]
impl Mailer for RecordingMailer {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let mut post = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &post.strike {
            return Err(error.clone());
        }
        post.sent.push(letter.clone());
        Ok(())
    }

    fn health(&self) -> MailerHealth {
        let struck = self.0.lock().unwrap_or_else(PoisonError::into_inner).strike.is_some();
        if struck { MailerHealth::Down } else { MailerHealth::Up }
    }
}
