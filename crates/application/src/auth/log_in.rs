//! Signing in with a name and a password.

use mif_domain::mfa::{Challenge, MfaLimits};
use mif_domain::queries::Credentials;
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::sessions::{ClientInfo, TokenError};
use mif_domain::users::{HasherBusy, PlainPassword, SignInName};
use thiserror::Error;

use super::TokenPair;
use super::guess::{Guess, GuessError, Verdict};
use super::mfa::ChallengeToken;
use super::open_session::{OpenSession, OpenSessionError};
use super::refusal::Arrival;
use crate::Core;
use crate::access::RequestInfo;

/// Opens a session.
#[derive(Debug)]
pub struct LogIn {
    /// A username or an e-mail address, as typed.
    pub name: String,
    /// The password, as typed.
    pub password: String,
    /// What the session list will show.
    pub client: ClientInfo,
    /// For the audit trail.
    pub request: RequestInfo,
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LogInError {
    /// Unknown name, wrong password, closed account or too many guesses: nothing tells which.
    #[error("the name or the password is wrong")]
    Refused,
    /// The password is right; the session opens with a code, see [`VerifySecondFactor`](super::VerifySecondFactor).
    #[error("a second factor is needed")]
    SecondFactorNeeded(ChallengeToken),
    /// Too many people are signing in.
    #[error(transparent)]
    Busy(#[from] HasherBusy),
    /// No key can sign a token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<GuessError> for LogInError {
    fn from(error: GuessError) -> Self {
        match error {
            GuessError::Busy(busy) => Self::Busy(busy),
            GuessError::Repository(error) => Self::Repository(error),
        }
    }
}

impl From<OpenSessionError> for LogInError {
    fn from(error: OpenSessionError) -> Self {
        match error {
            OpenSessionError::Token(error) => Self::Token(error),
            OpenSessionError::Repository(error) => Self::Repository(error),
        }
    }
}

impl LogIn {
    /// How the audit trail names a sign-in.
    const OCCASION: &'static str = "sign_in";

    /// Opens a session, or takes its time to refuse.
    #[tracing::instrument(target = "mif_trace", name = "LogIn", skip_all)]
    pub async fn run(self, core: &Core) -> Result<TokenPair, LogInError> {
        let outcome = self.answered(core).await;
        let result = match &outcome {
            Ok(_) => "success",
            Err(LogInError::Refused) => "refused",
            Err(LogInError::SecondFactorNeeded(_)) => "second_factor",
            Err(LogInError::Busy(_) | LogInError::Token(_) | LogInError::Repository(_)) => "error",
        };
        metrics::counter!("auth_logins_total", "result" => result).increment(1);
        outcome
    }

    async fn answered(self, core: &Core) -> Result<TokenPair, LogInError> {
        let arrival = Arrival::now(core);
        if let Some(pair) = self.attempt(core).await? {
            return Ok(pair);
        }
        arrival.hold_refusal(core).await;
        Err(LogInError::Refused)
    }

    /// Guesses once. `None`: refused, and written down.
    async fn attempt(self, core: &Core) -> Result<Option<TokenPair>, LogInError> {
        let Self { name, password, client, request } = self;
        // What cannot be a password counts and costs like any other.
        let password = PlainPassword::parse(password).ok();
        let found = find(core, &name).await?;
        let guess =
            Guess { user: found.as_ref().map(|found| found.user_id), request: &request, occasion: Self::OCCASION };
        let hash = found.as_ref().map(|found| &found.password_hash);
        if guess.check(core, password.as_ref(), hash).await? == Verdict::Refused {
            return Ok(None);
        }
        let (Some(password), Some(mut found)) = (password, found) else { return Ok(None) };
        // Twice at most: another sign-in may renew an outdated hash while this one is verified against it.
        for _ in 0..2 {
            let opening = Opening { found: &found, password: &password, client: &client, guess: &guess };
            if let Some(pair) = opening.run(core).await? {
                return Ok(Some(pair));
            }
            match renewed(core, &name, &found, &password).await? {
                Some(again) => found = again,
                None => break,
            }
        }
        guess.record_failure(core).await?;
        Ok(None)
    }
}

async fn find(core: &Core, name: &str) -> Stored<Option<Credentials>> {
    match SignInName::parse(name) {
        Some(name) => core.session_states.find_credentials(&name).await,
        None => Ok(None),
    }
}

/// The credentials as they are now, when the outdated hash that was verified has been replaced by another of the same
/// password.
async fn renewed(
    core: &Core,
    name: &str,
    before: &Credentials,
    password: &PlainPassword,
) -> Result<Option<Credentials>, LogInError> {
    if !before.is_active || !core.hasher.is_outdated(&before.password_hash) {
        return Ok(None);
    }
    let now = find(core, name).await?;
    let Some(now) = now.filter(|now| now.user_id == before.user_id && now.password_hash != before.password_hash) else {
        return Ok(None);
    };
    Ok(core.hasher.verify(password, Some(&now.password_hash)).await?.then_some(now))
}

/// A session for somebody whose password was right.
struct Opening<'a> {
    found: &'a Credentials,
    password: &'a PlainPassword,
    client: &'a ClientInfo,
    guess: &'a Guess<'a>,
}

impl Opening<'_> {
    /// `None` when the account is closed, or changed while its password was being verified.
    async fn run(&self, core: &Core) -> Result<Option<TokenPair>, LogInError> {
        let (user_id, verified) = (self.found.user_id, &self.found.password_hash);
        if !self.found.is_active {
            return Ok(None);
        }
        // The password is at hand now and perhaps never again. It can wait for the next time if the hasher is busy.
        let outdated = core.hasher.is_outdated(verified);
        let renewed = if outdated { core.hasher.hash(self.password).await.ok() } else { None };

        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        // The hash took a while: rights are checked again inside the unit that opens the session.
        let user = work.users().find_for_update(user_id).await?;
        let Some(user) = user.filter(|user| user.is_active && user.password_hash == *verified) else {
            return Ok(None);
        };
        if let Some(renewed) = renewed {
            work.users().replace_password_hash(user_id, verified, &renewed).await?;
        }
        if user.mfa_active {
            // What was counted stays counted until the code is right.
            let token = ChallengeToken::generate(core);
            let challenge = Challenge {
                token_hash: token.hash(),
                user_id,
                password_set_at: user.password_changed_at,
                expires_at: now + MfaLimits::CHALLENGE,
            };
            work.mfa().challenge(&challenge).await?;
            work.commit().await?;
            return Err(LogInError::SecondFactorNeeded(token));
        }
        let opening = OpenSession { user: &user, client: self.client, guess: self.guess };
        let pair = opening.run(core, &mut *work, now).await?;
        work.commit().await?;
        Ok(Some(pair))
    }
}
