//! The second half of a sign-in.

use mif_domain::mfa::Challenge;
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::sessions::{ClientInfo, TokenError};
use thiserror::Error;

use super::code::PresentedCode;
use super::{ChallengeToken, OCCASION, accept};
use crate::Core;
use crate::access::RequestInfo;
use crate::auth::TokenPair;
use crate::auth::guess::Guess;
use crate::auth::open_session::{OpenSession, OpenSessionError};
use crate::auth::refusal::Arrival;

/// Opens the session of somebody whose password was right a moment ago.
#[derive(Debug)]
pub struct VerifySecondFactor {
    /// The token of the challenge, as it was presented.
    pub challenge: String,
    /// A code of the second factor, or one of the recovery codes.
    pub code: String,
    /// What the session list will show.
    pub client: ClientInfo,
    /// For the audit trail.
    pub request: RequestInfo,
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VerifySecondFactorError {
    /// The code is wrong or used up, or too many wrong ones were tried: nothing tells which.
    #[error("the code is wrong")]
    WrongCode,
    /// The challenge is unknown, too old, tried too often or met already, or the account changed: sign in again.
    #[error("the challenge has ended")]
    ChallengeEnded,
    /// No key can sign a token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<OpenSessionError> for VerifySecondFactorError {
    fn from(error: OpenSessionError) -> Self {
        match error {
            OpenSessionError::Token(error) => Self::Token(error),
            OpenSessionError::Repository(error) => Self::Repository(error),
        }
    }
}

impl VerifySecondFactor {
    /// Opens a session, or takes its time to refuse: neither text nor time tells a wrong code from one that was not looked
    /// at.
    #[tracing::instrument(target = "mif_trace", name = "VerifySecondFactor", skip_all)]
    pub async fn run(self, core: &Core) -> Result<TokenPair, VerifySecondFactorError> {
        let arrival = Arrival::now(core);
        let outcome = self.attempt(core).await;
        if matches!(outcome, Err(VerifySecondFactorError::WrongCode)) {
            arrival.hold_refusal(core).await;
        }
        let result = match &outcome {
            Ok(_) => "success",
            Err(VerifySecondFactorError::WrongCode | VerifySecondFactorError::ChallengeEnded) => "refused",
            Err(VerifySecondFactorError::Token(_) | VerifySecondFactorError::Repository(_)) => "error",
        };
        metrics::counter!("auth_logins_total", "result" => result).increment(1);
        outcome
    }

    /// Takes a try, counts a failure, and only then looks at the code.
    async fn attempt(self, core: &Core) -> Result<TokenPair, VerifySecondFactorError> {
        let token = ChallengeToken::parse(&self.challenge).ok_or(VerifySecondFactorError::ChallengeEnded)?;
        let challenge = take_a_try(core, &token).await?.ok_or(VerifySecondFactorError::ChallengeEnded)?;
        let user_id = challenge.user_id;
        let guess = Guess { user: Some(user_id), request: &self.request, occasion: OCCASION };
        if !guess.reserve(core).await? {
            return Err(VerifySecondFactorError::WrongCode);
        }
        let presented = PresentedCode::parse(&self.code);

        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let user = work.users().find_for_update(user_id).await?;
        let user = user
            .filter(|user| user.is_active && user.mfa_active && user.password_changed_at == challenge.password_set_at);
        let user = user.ok_or(VerifySecondFactorError::ChallengeEnded)?;
        if !accept(core, &mut *work, user_id, presented.as_ref(), now).await? {
            drop(work);
            guess.record_failure(core).await?;
            return Err(VerifySecondFactorError::WrongCode);
        }
        if !work.mfa().close_challenge(&challenge.token_hash).await? {
            return Err(VerifySecondFactorError::ChallengeEnded);
        }
        let opening = OpenSession { user: &user, client: &self.client, guess: &guess };
        let pair = opening.run(core, &mut *work, now).await?;
        work.commit().await?;
        Ok(pair)
    }
}

async fn take_a_try(core: &Core, token: &ChallengeToken) -> Stored<Option<Challenge>> {
    let mut work = core.work.begin().await?;
    let challenge = work.mfa().try_challenge(&token.hash(), core.clock.now()).await?;
    work.commit().await?;
    Ok(challenge)
}
