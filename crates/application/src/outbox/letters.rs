//! Letters that hold tokens. A token is made when its letter is sent, and stored as a hash before it leaves: what waits
//! in the outbox opens nothing, and an attempt that failed half-way is voided by the next.

use chrono::TimeDelta;
use mif_domain::Instant;
use mif_domain::letter_tokens::{ConfirmationIssued, LetterLimits, PasswordReset};
use mif_domain::mail::{Letter, LetterContent};
use mif_domain::outbox::LeasedMessage;
use mif_domain::queries::UserScope;
use mif_domain::users::{EmailAddress, SignInName, User, UserId};

use super::OutboxWorker;
use super::worker::{HandlerError, Outcome};
use crate::letter_token::LetterToken;

impl OutboxWorker {
    /// To whoever has the address, unless another letter of this kind left since this one was asked for, or a moment ago:
    /// however often somebody asks, their victim gets a letter a minute at most, and one when the mail server is back.
    pub(super) async fn send_password_reset(
        &self,
        leased: &LeasedMessage,
        address: &EmailAddress,
    ) -> Result<Outcome, HandlerError> {
        let name = SignInName::Email(address.clone());
        let Some(found) = self.core.session_states.find_credentials(&name).await? else { return Ok(Outcome::Done) };
        let pause = (self.core.clock.now() - LetterLimits::PAUSE).min(leased.enqueued_at);
        let wanted = |user: &User| user.email.normalized() == address.normalized();
        let issued = self.issue(leased, found.user_id, LetterLimits::RESET, Some(pause), wanted).await?;
        let Some((user, token)) = issued else { return Ok(Outcome::Done) };
        let content = LetterContent::PasswordReset {
            username: user.username.as_str().to_owned(),
            way_in: self.links.reset(&token),
            minutes_valid: minutes(LetterLimits::RESET),
        };
        self.send(leased, &user, user.email.clone(), content).await
    }

    /// Unless they are in already.
    pub(super) async fn send_invitation(
        &self,
        leased: &LeasedMessage,
        user_id: UserId,
    ) -> Result<Outcome, HandlerError> {
        let wanted = |user: &User| user.last_login_at.is_none();
        let issued = self.issue(leased, user_id, LetterLimits::INVITATION, None, wanted).await?;
        let Some((user, token)) = issued else { return Ok(Outcome::Done) };
        let content = LetterContent::Invitation {
            username: user.username.as_str().to_owned(),
            way_in: self.links.reset(&token),
            minutes_valid: minutes(LetterLimits::INVITATION),
        };
        self.send(leased, &user, user.email.clone(), content).await
    }

    pub(super) async fn send_email_confirmation(
        &self,
        leased: &LeasedMessage,
        user_id: UserId,
        address: &EmailAddress,
    ) -> Result<Outcome, HandlerError> {
        let token = LetterToken::generate(&*self.core.entropy);
        let mut work = self.core.work.begin().await?;
        let now = self.core.clock.now();
        let user = work.users().find_for_update(user_id).await?;
        let Some(user) = user.filter(|user| user.is_active) else { return Ok(Outcome::Done) };
        let issued =
            work.letter_tokens().issue_confirmation(user_id, address, &token.hash(), now, LetterLimits::PAUSE).await?;
        match issued {
            ConfirmationIssued::Yes => {}
            ConfirmationIssued::NotBefore(at) => return Ok(Outcome::NotBefore(at)),
            ConfirmationIssued::NotWanted => return Ok(Outcome::Done),
        }
        work.commit().await?;
        let content = LetterContent::EmailConfirmation {
            username: user.username.as_str().to_owned(),
            way_in: self.links.confirm(&token),
        };
        self.send(leased, &user, address.clone(), content).await
    }

    pub(super) async fn tell_of_changed_email(
        &self,
        leased: &LeasedMessage,
        user_id: UserId,
        old_address: &EmailAddress,
        new_masked: &str,
    ) -> Result<Outcome, HandlerError> {
        let Some(user) = self.core.queries.find_user(user_id, UserScope::All).await? else { return Ok(Outcome::Done) };
        let letter = Letter {
            to: old_address.clone(),
            language: user.language,
            message_id: message_id(leased),
            content: LetterContent::EmailChanged {
                username: user.username.as_str().to_owned(),
                new_email_masked: new_masked.to_owned(),
            },
        };
        self.mailer.send(&letter).await?;
        Ok(Outcome::Done)
    }

    /// A token that counts from now on, and whom it is for. None when they shall not get any.
    async fn issue(
        &self,
        leased: &LeasedMessage,
        user_id: UserId,
        valid: TimeDelta,
        unless_since: Option<Instant>,
        wanted: impl FnOnce(&User) -> bool + Send,
    ) -> Result<Option<(User, LetterToken)>, HandlerError> {
        let token = LetterToken::generate(&*self.core.entropy);
        let mut work = self.core.work.begin().await?;
        let now = self.core.clock.now();
        let user = work.users().find_for_update(user_id).await?;
        let Some(user) = user.filter(|user| user.is_active && wanted(user)) else { return Ok(None) };
        let (token_hash, expires_at) = (token.hash(), now + valid);
        let reset = PasswordReset { user_id, token_hash, letter: leased.id, sent_at: now, expires_at };
        if !work.letter_tokens().issue_reset(&reset, unless_since).await? {
            return Ok(None);
        }
        work.commit().await?;
        Ok(Some((user, token)))
    }

    async fn send(
        &self,
        leased: &LeasedMessage,
        user: &User,
        to: EmailAddress,
        content: LetterContent,
    ) -> Result<Outcome, HandlerError> {
        // Every attempt says something else, because it holds another token: a receiver that drops doubles would keep the
        // one that does not work any more.
        let message_id = format!("{}-{}", message_id(leased), leased.attempt);
        self.mailer.send(&Letter { to, language: user.language, message_id, content }).await?;
        Ok(Outcome::Done)
    }
}

/// The same for every attempt.
pub(super) fn message_id(leased: &LeasedMessage) -> String {
    format!("outbox-{}", leased.id.0)
}

fn minutes(valid: TimeDelta) -> u32 {
    u32::try_from(valid.num_minutes()).unwrap_or_default()
}
