//! Proving that one still is who signed in, by the current password.

use mif_domain::users::{PlainPassword, User};

use super::ChangePasswordError;
use super::guess::{Guess, GuessError, Verdict};
use crate::Core;
use crate::access::Actor;

impl From<GuessError> for ChangePasswordError {
    fn from(error: GuessError) -> Self {
        match error {
            GuessError::Busy(busy) => Self::Busy(busy),
            GuessError::Repository(error) => Self::Repository(error),
        }
    }
}

/// Whether the actor knows the password of their account. A wrong one counts like a failed sign-in, so that whoever stole
/// a session cannot find the password out with it.
pub(crate) async fn prove_password(
    core: &Core,
    actor: &Actor,
    account: &User,
    typed: &PlainPassword,
) -> Result<(), ChangePasswordError> {
    let guess = Guess { user: Some(account.id), request: actor.request(), occasion: "current_password" };
    if guess.check(core, Some(typed), Some(&account.password_hash)).await? == Verdict::Refused {
        return Err(ChangePasswordError::WrongPassword);
    }
    if account.mfa_active {
        // The password alone must not clear what wrong codes have counted.
        return Ok(guess.give_back(core).await?);
    }
    // At once: what follows may still fail, and the password was right all the same.
    let mut work = core.work.begin().await?;
    guess.forget(&mut *work).await?;
    Ok(work.commit().await?)
}
