//! Second factors.

use async_trait::async_trait;
use mif_domain::mfa::{Challenge, ChallengeHash, Enrolment, MfaLimits, MfaRepository, RecoveryCodeHash};
use mif_domain::repository::Stored;
use mif_domain::secrets::SealedSecret;
use mif_domain::users::UserId;
use mif_domain::{Constraint, Instant};

use super::state::StoredEnrolment;
use super::{Unit, purge};

pub(super) struct SecondFactors<'a>(pub(super) &'a mut Unit);

impl SecondFactors<'_> {
    fn know(&mut self, user: UserId) -> Stored<()> {
        let known = self.0.state.users.contains_key(&user);
        self.0.keep(known, Constraint::Other)
    }
}

#[async_trait]
impl MfaRepository for SecondFactors<'_> {
    async fn enrol(&mut self, user: UserId, secret: &SealedSecret) -> Stored<bool> {
        self.know(user)?;
        if self.0.state.mfa.get(&user).is_some_and(|enrolment| enrolment.is_confirmed) {
            return Ok(false);
        }
        let pending = StoredEnrolment { secret: secret.clone(), is_confirmed: false, last_step: None };
        self.0.state.mfa.insert(user, pending);
        Ok(true)
    }

    async fn find(&mut self, user: UserId) -> Stored<Option<Enrolment>> {
        let found = self.0.state.mfa.get(&user);
        Ok(found.map(|found| Enrolment { secret: found.secret.clone(), is_confirmed: found.is_confirmed }))
    }

    async fn confirm(&mut self, user: UserId, secret: &SealedSecret, step: i64) -> Stored<bool> {
        let waiting = self.0.state.mfa.get_mut(&user);
        let waiting = waiting.filter(|waiting| !waiting.is_confirmed && waiting.secret.bytes == secret.bytes);
        Ok(waiting.map(|waiting| (waiting.is_confirmed, waiting.last_step) = (true, Some(step))).is_some())
    }

    async fn use_step(&mut self, user: UserId, step: i64) -> Stored<bool> {
        let factor = self.0.state.mfa.get_mut(&user);
        let factor = factor.filter(|factor| factor.is_confirmed && factor.last_step.is_none_or(|last| last < step));
        Ok(factor.map(|factor| factor.last_step = Some(step)).is_some())
    }

    async fn replace_recovery_codes(&mut self, user: UserId, codes: &[RecoveryCodeHash]) -> Stored<()> {
        self.know(user)?;
        self.0.state.recovery_codes.retain(|(owner, _)| *owner != user);
        self.0.state.recovery_codes.extend(codes.iter().map(|code| (user, *code)));
        Ok(())
    }

    async fn consume_recovery_code(&mut self, user: UserId, code: &RecoveryCodeHash) -> Stored<bool> {
        Ok(self.0.state.recovery_codes.remove(&(user, *code)))
    }

    async fn remove(&mut self, user: UserId) -> Stored<bool> {
        self.0.state.challenges.retain(|_, (challenge, _)| challenge.user_id != user);
        self.0.state.recovery_codes.retain(|(owner, _)| *owner != user);
        Ok(self.0.state.mfa.remove(&user).is_some())
    }

    async fn challenge(&mut self, challenge: &Challenge) -> Stored<()> {
        self.know(challenge.user_id)?;
        self.0.state.challenges.insert(challenge.token_hash, (challenge.clone(), MfaLimits::TRIES));
        Ok(())
    }

    async fn try_challenge(&mut self, token: &ChallengeHash, at: Instant) -> Stored<Option<Challenge>> {
        let waiting = self.0.state.challenges.get_mut(token);
        let waiting = waiting.filter(|(challenge, tries)| *tries > 0 && challenge.expires_at > at);
        Ok(waiting.map(|(challenge, tries)| {
            *tries -= 1;
            challenge.clone()
        }))
    }

    async fn close_challenge(&mut self, token: &ChallengeHash) -> Stored<bool> {
        Ok(self.0.state.challenges.remove(token).is_some())
    }

    async fn next_not_sealed_with(
        &mut self,
        key_id: &str,
        after: Option<UserId>,
    ) -> Stored<Option<(UserId, SealedSecret)>> {
        let wanted = |(user, factor): &(&UserId, &StoredEnrolment)| {
            after.is_none_or(|after| **user > after) && factor.secret.key_id != key_id
        };
        Ok(self.0.state.mfa.iter().find(wanted).map(|(user, factor)| (*user, factor.secret.clone())))
    }

    async fn reseal(&mut self, user: UserId, from: &SealedSecret, to: &SealedSecret) -> Stored<bool> {
        let factor = self.0.state.mfa.get_mut(&user).filter(|factor| factor.secret == *from);
        Ok(factor.map(|factor| factor.secret = to.clone()).is_some())
    }

    async fn purge(&mut self, at: Instant) -> Stored<u64> {
        Ok(purge(&mut self.0.state.challenges, |_, (challenge, _)| challenge.expires_at <= at))
    }
}
