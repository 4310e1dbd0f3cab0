//! The second factor: set up, asked for at sign-in, replaced and turned off.

mod code;
mod confirm;
mod enrol;
mod recovery;
mod reseal;
mod rules;
mod totp;
mod turn_off;
mod verify;

pub use code::ChallengeToken;
pub use confirm::{ConfirmMfa, ConfirmMfaError};
pub use enrol::{EnrolMfa, EnrolMfaError, Enrolling};
pub use recovery::{RecoveryCodes, ReplaceRecoveryCodes, ReplaceRecoveryCodesError};
pub use reseal::{ResealSecrets, Resealed};
pub use rules::MfaRules;
pub use turn_off::{TurnOffMfa, TurnOffMfaError};
pub use verify::{VerifySecondFactor, VerifySecondFactorError};

use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::secrets::{SealedSecret, SecretError};
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::UserId;
use mif_domain::{Instant, mfa::Enrolment};
use zeroize::Zeroizing;

use crate::Core;
use code::PresentedCode;

/// What secrets are sealed for. Never changes.
const PURPOSE: &str = "totp";
/// How wrong codes are named in the audit trail.
const OCCASION: &str = "second_factor";

fn open(core: &Core, user: UserId, sealed: &SealedSecret) -> Stored<Zeroizing<Vec<u8>>> {
    core.secrets.open(PURPOSE, user.0, sealed).map_err(|error| does_not_open(&error))
}

fn does_not_open(error: &SecretError) -> RepositoryError {
    RepositoryError::Corrupt(format!("the secret of a second factor: {error}"))
}

/// Whether a code opens the account; it is used up by that. `None` stands for what cannot be a code.
async fn accept(
    core: &Core,
    work: &mut dyn UnitOfWork,
    user: UserId,
    presented: Option<&PresentedCode>,
    at: Instant,
) -> Stored<bool> {
    match presented {
        None => Ok(false),
        Some(PresentedCode::Recovery(hash)) => work.mfa().consume_recovery_code(user, hash).await,
        Some(PresentedCode::Totp(digits)) => {
            let factor = work.mfa().find(user).await?;
            let Some(Enrolment { secret, is_confirmed: true }) = factor else { return Ok(false) };
            match totp::matching_step(&open(core, user, &secret)?, digits, at) {
                Some(step) => work.mfa().use_step(user, step).await,
                None => Ok(false),
            }
        }
    }
}
