//! Second factors.

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::mfa::{Challenge, ChallengeHash, Enrolment, MfaLimits, MfaRepository, RecoveryCodeHash};
use mif_domain::repository::Stored;
use mif_domain::secrets::SealedSecret;
use mif_domain::users::UserId;
use sea_orm::QueryResult;

use crate::unit_of_work::Transaction;

pub(crate) struct SecondFactors<'a>(pub(crate) &'a mut Transaction);

impl SecondFactors<'_> {
    fn secret(&mut self, row: &QueryResult) -> Stored<SealedSecret> {
        Ok(SealedSecret { key_id: self.0.column(row, "key_id")?, bytes: self.0.column(row, "sealed_secret")? })
    }
}

#[async_trait]
impl MfaRepository for SecondFactors<'_> {
    async fn enrol(&mut self, user: UserId, secret: &SealedSecret) -> Stored<bool> {
        let sql = "INSERT INTO mfa_enrolments (user_id, key_id, sealed_secret, is_confirmed) VALUES ($1, $2, $3, FALSE) \
                   ON CONFLICT (user_id) DO UPDATE SET key_id = excluded.key_id, \
                     sealed_secret = excluded.sealed_secret \
                   WHERE NOT mfa_enrolments.is_confirmed";
        let values = vec![user.0.into(), secret.key_id.as_str().into(), secret.bytes.clone().into()];
        Ok(self.0.execute(sql, values).await? == 1)
    }

    async fn find(&mut self, user: UserId) -> Stored<Option<Enrolment>> {
        let sql = "SELECT key_id, sealed_secret, is_confirmed FROM mfa_enrolments WHERE user_id = $1";
        let Some(row) = self.0.find(sql, vec![user.0.into()]).await? else { return Ok(None) };
        let (secret, is_confirmed) = (self.secret(&row)?, self.0.column(&row, "is_confirmed")?);
        Ok(Some(Enrolment { secret, is_confirmed }))
    }

    async fn confirm(&mut self, user: UserId, secret: &SealedSecret, step: i64) -> Stored<bool> {
        let sql = "UPDATE mfa_enrolments SET is_confirmed = TRUE, last_step = $3 \
                   WHERE user_id = $1 AND sealed_secret = $2 AND NOT is_confirmed";
        Ok(self.0.execute(sql, vec![user.0.into(), secret.bytes.clone().into(), step.into()]).await? == 1)
    }

    async fn use_step(&mut self, user: UserId, step: i64) -> Stored<bool> {
        let sql = "UPDATE mfa_enrolments SET last_step = $2 \
                   WHERE user_id = $1 AND is_confirmed AND (last_step IS NULL OR last_step < $2)";
        Ok(self.0.execute(sql, vec![user.0.into(), step.into()]).await? == 1)
    }

    async fn replace_recovery_codes(&mut self, user: UserId, codes: &[RecoveryCodeHash]) -> Stored<()> {
        self.0.execute("DELETE FROM mfa_recovery_codes WHERE user_id = $1", vec![user.0.into()]).await?;
        for code in codes {
            let sql = "INSERT INTO mfa_recovery_codes (user_id, code_hash) VALUES ($1, $2)";
            self.0.execute(sql, vec![user.0.into(), code.0.to_vec().into()]).await?;
        }
        Ok(())
    }

    async fn consume_recovery_code(&mut self, user: UserId, code: &RecoveryCodeHash) -> Stored<bool> {
        let sql = "DELETE FROM mfa_recovery_codes WHERE user_id = $1 AND code_hash = $2";
        Ok(self.0.execute(sql, vec![user.0.into(), code.0.to_vec().into()]).await? == 1)
    }

    async fn remove(&mut self, user: UserId) -> Stored<bool> {
        self.0.execute("DELETE FROM mfa_challenges WHERE user_id = $1", vec![user.0.into()]).await?;
        self.0.execute("DELETE FROM mfa_recovery_codes WHERE user_id = $1", vec![user.0.into()]).await?;
        Ok(self.0.execute("DELETE FROM mfa_enrolments WHERE user_id = $1", vec![user.0.into()]).await? == 1)
    }

    async fn challenge(&mut self, challenge: &Challenge) -> Stored<()> {
        let sql = "INSERT INTO mfa_challenges (token_hash, user_id, password_set_at, expires_at, tries_left) \
                   VALUES ($1, $2, $3, $4, $5)";
        let values = vec![
            challenge.token_hash.0.to_vec().into(),
            challenge.user_id.0.into(),
            challenge.password_set_at.into(),
            challenge.expires_at.into(),
            i64::from(MfaLimits::TRIES).into(),
        ];
        self.0.execute(sql, values).await.map(|_| ())
    }

    async fn try_challenge(&mut self, token: &ChallengeHash, at: Instant) -> Stored<Option<Challenge>> {
        let sql = "UPDATE mfa_challenges SET tries_left = tries_left - 1 \
                   WHERE token_hash = $1 AND expires_at > $2 AND tries_left > 0 \
                   RETURNING user_id, password_set_at, expires_at";
        let Some(row) = self.0.find(sql, vec![token.0.to_vec().into(), at.into()]).await? else { return Ok(None) };
        Ok(Some(Challenge {
            token_hash: *token,
            user_id: UserId(self.0.column(&row, "user_id")?),
            password_set_at: self.0.column(&row, "password_set_at")?,
            expires_at: self.0.column(&row, "expires_at")?,
        }))
    }

    async fn close_challenge(&mut self, token: &ChallengeHash) -> Stored<bool> {
        let sql = "DELETE FROM mfa_challenges WHERE token_hash = $1";
        Ok(self.0.execute(sql, vec![token.0.to_vec().into()]).await? == 1)
    }

    async fn next_not_sealed_with(
        &mut self,
        key_id: &str,
        after: Option<UserId>,
    ) -> Stored<Option<(UserId, SealedSecret)>> {
        let sql = "SELECT user_id, key_id, sealed_secret FROM mfa_enrolments \
                   WHERE key_id <> $1 AND user_id > $2 ORDER BY user_id LIMIT 1";
        let after = after.map_or(i64::MIN, |after| after.0);
        let Some(row) = self.0.find(sql, vec![key_id.into(), after.into()]).await? else { return Ok(None) };
        let user = UserId(self.0.column(&row, "user_id")?);
        Ok(Some((user, self.secret(&row)?)))
    }

    async fn reseal(&mut self, user: UserId, from: &SealedSecret, to: &SealedSecret) -> Stored<bool> {
        let sql = "UPDATE mfa_enrolments SET key_id = $2, sealed_secret = $3 \
                   WHERE user_id = $1 AND key_id = $4 AND sealed_secret = $5";
        let values = vec![
            user.0.into(),
            to.key_id.as_str().into(),
            to.bytes.clone().into(),
            from.key_id.as_str().into(),
            from.bytes.clone().into(),
        ];
        Ok(self.0.execute(sql, values).await? == 1)
    }

    async fn purge(&mut self, at: Instant) -> Stored<u64> {
        self.0.purge("mfa_challenges", "token_hash", "expires_at", at).await
    }
}
