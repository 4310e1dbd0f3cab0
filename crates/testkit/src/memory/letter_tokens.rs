//! Tokens that reach people by letter.

use async_trait::async_trait;
use chrono::TimeDelta;
use mif_domain::letter_tokens::{ConfirmationIssued, LetterTokenHash, LetterTokenRepository, PasswordReset};
use mif_domain::repository::Stored;
use mif_domain::users::{EmailAddress, UserId};
use mif_domain::{Constraint, Instant};

use super::state::WantedEmail;
use super::{Unit, purge};

pub(super) struct LetterTokens<'a>(pub(super) &'a mut Unit);

impl LetterTokens<'_> {
    fn know(&mut self, user: UserId) -> Stored<()> {
        let known = self.0.state.users.contains_key(&user);
        self.0.keep(known, Constraint::Other)
    }
}

#[async_trait]
impl LetterTokenRepository for LetterTokens<'_> {
    async fn issue_reset(&mut self, reset: &PasswordReset, unless_since: Option<Instant>) -> Stored<bool> {
        self.know(reset.user_id)?;
        let before = self.0.state.resets.get(&reset.user_id);
        let in_the_way = before
            .is_some_and(|before| before.letter != reset.letter && unless_since.is_some_and(|at| before.sent_at > at));
        if !in_the_way {
            self.0.state.resets.insert(reset.user_id, reset.clone());
        }
        Ok(!in_the_way)
    }

    async fn find_reset(&mut self, token: &LetterTokenHash, at: Instant) -> Stored<Option<UserId>> {
        let good = |reset: &&PasswordReset| reset.token_hash == *token && reset.expires_at > at;
        Ok(self.0.state.resets.values().find(good).map(|reset| reset.user_id))
    }

    async fn consume_reset(&mut self, token: &LetterTokenHash, at: Instant) -> Stored<Option<UserId>> {
        let user = self.find_reset(token, at).await?;
        if let Some(user) = user {
            self.0.state.resets.remove(&user);
        }
        Ok(user)
    }

    async fn request_email(&mut self, user: UserId, email: &EmailAddress, expires_at: Instant) -> Stored<()> {
        self.know(user)?;
        let sent_at = self.0.state.wanted_emails.get(&user).and_then(|before| before.sent_at);
        let wanted = WantedEmail { email: email.clone(), token_hash: None, sent_at, expires_at };
        self.0.state.wanted_emails.insert(user, wanted);
        Ok(())
    }

    async fn issue_confirmation(
        &mut self,
        user: UserId,
        email: &EmailAddress,
        token: &LetterTokenHash,
        at: Instant,
        pause: TimeDelta,
    ) -> Stored<ConfirmationIssued> {
        let wanted = self.0.state.wanted_emails.get_mut(&user);
        let Some(wanted) = wanted.filter(|wanted| wanted.email == *email && wanted.expires_at > at) else {
            return Ok(ConfirmationIssued::NotWanted);
        };
        if let Some(next) = wanted.sent_at.map(|sent| sent + pause).filter(|next| *next > at) {
            return Ok(ConfirmationIssued::NotBefore(next));
        }
        (wanted.token_hash, wanted.sent_at) = (Some(*token), Some(at));
        Ok(ConfirmationIssued::Yes)
    }

    async fn find_confirmation(&mut self, token: &LetterTokenHash, at: Instant) -> Stored<Option<UserId>> {
        let good = |wanted: &WantedEmail| wanted.token_hash == Some(*token) && wanted.expires_at > at;
        Ok(self.0.state.wanted_emails.iter().find(|(_, wanted)| good(wanted)).map(|(user, _)| *user))
    }

    async fn consume_confirmation(
        &mut self,
        token: &LetterTokenHash,
        at: Instant,
    ) -> Stored<Option<(UserId, EmailAddress)>> {
        let Some(user) = self.find_confirmation(token, at).await? else { return Ok(None) };
        Ok(self.0.state.wanted_emails.remove(&user).map(|wanted| (user, wanted.email)))
    }

    async fn forget(&mut self, user: UserId) -> Stored<()> {
        self.0.state.resets.remove(&user);
        self.0.state.wanted_emails.remove(&user);
        Ok(())
    }

    async fn purge(&mut self, at: Instant) -> Stored<u64> {
        let state = &mut self.0.state;
        let resets = purge(&mut state.resets, |_, reset| reset.expires_at <= at);
        Ok(resets + purge(&mut state.wanted_emails, |_, wanted| wanted.expires_at <= at))
    }
}
