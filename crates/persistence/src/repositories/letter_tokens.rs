//! Tokens that reach people by letter.

use async_trait::async_trait;
use chrono::TimeDelta;
use mif_domain::Instant;
use mif_domain::letter_tokens::{ConfirmationIssued, LetterTokenHash, LetterTokenRepository, PasswordReset};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::users::{EmailAddress, UserId};
use sea_orm::{QueryResult, Value};

use crate::unit_of_work::Transaction;

pub(crate) struct LetterTokens<'a>(pub(crate) &'a mut Transaction);

impl LetterTokens<'_> {
    /// The user of the row that holds a token.
    async fn holder(&mut self, sql: &str, token: &LetterTokenHash, at: Instant) -> Stored<Option<UserId>> {
        match self.0.find(sql, vec![hash(token), at.into()]).await? {
            Some(row) => self.user(&row).map(Some),
            None => Ok(None),
        }
    }

    fn user(&mut self, row: &QueryResult) -> Stored<UserId> {
        self.0.column(row, "user_id").map(UserId)
    }
}

fn hash(token: &LetterTokenHash) -> Value {
    token.0.to_vec().into()
}

#[async_trait]
impl LetterTokenRepository for LetterTokens<'_> {
    async fn issue_reset(&mut self, reset: &PasswordReset, unless_since: Option<Instant>) -> Stored<bool> {
        let mut sql = "INSERT INTO password_resets (user_id, token_hash, letter_id, sent_at, expires_at) \
                       VALUES ($1, $2, $3, $4, $5) \
                       ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash, \
                         letter_id = excluded.letter_id, sent_at = excluded.sent_at, expires_at = excluded.expires_at"
            .to_owned();
        let mut values = vec![
            reset.user_id.0.into(),
            hash(&reset.token_hash),
            reset.letter.0.into(),
            reset.sent_at.into(),
            reset.expires_at.into(),
        ];
        if let Some(since) = unless_since {
            sql.push_str(" WHERE password_resets.letter_id = excluded.letter_id OR password_resets.sent_at <= $6");
            values.push(since.into());
        }
        Ok(self.0.execute(&sql, values).await? == 1)
    }

    async fn find_reset(&mut self, token: &LetterTokenHash, at: Instant) -> Stored<Option<UserId>> {
        let sql = "SELECT user_id FROM password_resets WHERE token_hash = $1 AND expires_at > $2";
        self.holder(sql, token, at).await
    }

    async fn consume_reset(&mut self, token: &LetterTokenHash, at: Instant) -> Stored<Option<UserId>> {
        let sql = "DELETE FROM password_resets WHERE token_hash = $1 AND expires_at > $2 RETURNING user_id";
        self.holder(sql, token, at).await
    }

    async fn request_email(&mut self, user: UserId, email: &EmailAddress, expires_at: Instant) -> Stored<()> {
        // When the last letter left is kept: another address is no reason to send sooner.
        let sql = "INSERT INTO email_changes (user_id, new_email, expires_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (user_id) DO UPDATE SET new_email = excluded.new_email, token_hash = NULL, \
                     expires_at = excluded.expires_at";
        self.0.execute(sql, vec![user.0.into(), email.as_str().into(), expires_at.into()]).await.map(|_| ())
    }

    async fn issue_confirmation(
        &mut self,
        user: UserId,
        email: &EmailAddress,
        token: &LetterTokenHash,
        at: Instant,
        pause: TimeDelta,
    ) -> Stored<ConfirmationIssued> {
        let sql = "UPDATE email_changes SET token_hash = $3, sent_at = $4 \
                   WHERE user_id = $1 AND new_email = $2 AND expires_at > $4 AND (sent_at IS NULL OR sent_at <= $5)";
        let values = vec![user.0.into(), email.as_str().into(), hash(token), at.into(), (at - pause).into()];
        if self.0.execute(sql, values).await? == 1 {
            return Ok(ConfirmationIssued::Yes);
        }
        let sql = "SELECT sent_at FROM email_changes WHERE user_id = $1 AND new_email = $2 AND expires_at > $3";
        let row = self.0.find(sql, vec![user.0.into(), email.as_str().into(), at.into()]).await?;
        let sent: Option<Instant> = match &row {
            Some(row) => self.0.column(row, "sent_at")?,
            None => None,
        };
        Ok(sent.map_or(ConfirmationIssued::NotWanted, |sent| ConfirmationIssued::NotBefore(sent + pause)))
    }

    async fn find_confirmation(&mut self, token: &LetterTokenHash, at: Instant) -> Stored<Option<UserId>> {
        let sql = "SELECT user_id FROM email_changes WHERE token_hash = $1 AND expires_at > $2";
        self.holder(sql, token, at).await
    }

    async fn consume_confirmation(
        &mut self,
        token: &LetterTokenHash,
        at: Instant,
    ) -> Stored<Option<(UserId, EmailAddress)>> {
        let sql = "DELETE FROM email_changes WHERE token_hash = $1 AND expires_at > $2 RETURNING user_id, new_email";
        let Some(row) = self.0.find(sql, vec![hash(token), at.into()]).await? else { return Ok(None) };
        let (user, email) = (self.user(&row)?, self.0.column::<String>(&row, "new_email")?);
        let parsed = EmailAddress::parse(&email)
            .map_err(|why| RepositoryError::corrupt("email_changes", "new_email", user.0, why));
        self.0.parsed(parsed).map(|email| Some((user, email)))
    }

    async fn forget(&mut self, user: UserId) -> Stored<()> {
        self.0.execute("DELETE FROM password_resets WHERE user_id = $1", vec![user.0.into()]).await?;
        self.0.execute("DELETE FROM email_changes WHERE user_id = $1", vec![user.0.into()]).await.map(|_| ())
    }

    async fn purge(&mut self, at: Instant) -> Stored<u64> {
        let resets = self.0.purge("password_resets", "user_id", "expires_at", at).await?;
        Ok(resets + self.0.purge("email_changes", "user_id", "expires_at", at).await?)
    }
}
