//! Recovery codes: for when the telephone is lost.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::mfa::{MfaLimits, RecoveryCodeHash};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::UserId;
use thiserror::Error;

use super::code::{PresentedCode, RecoveryCode};
use super::{OCCASION, accept};
use crate::Core;
use crate::access::Actor;
use crate::auth::guess::Guess;

/// Codes that open the account once each. Shown now and never again.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCodes(pub Vec<String>);

impl std::fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecoveryCodes({} of them)", self.0.len())
    }
}

impl RecoveryCodes {
    /// Makes new ones; the old ones open nothing any more.
    pub(super) async fn replace(core: &Core, work: &mut dyn UnitOfWork, user: UserId) -> Stored<Self> {
        let codes: Vec<_> = (0..MfaLimits::RECOVERY_CODES).map(|_| RecoveryCode::generate(core)).collect();
        let hashes: Vec<RecoveryCodeHash> = codes.iter().map(RecoveryCode::hash).collect();
        work.mfa().replace_recovery_codes(user, &hashes).await?;
        Ok(Self(codes.iter().map(RecoveryCode::shown).collect()))
    }
}

/// Replaces the actor's recovery codes.
#[derive(Debug)]
pub struct ReplaceRecoveryCodes {
    /// A code of the second factor, or one of the recovery codes.
    pub code: String,
}

/// Why they were not replaced.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReplaceRecoveryCodesError {
    /// The actor has no second factor.
    #[error("there is no second factor")]
    NotActive,
    /// The code is wrong or used up, or too many wrong ones were tried: nothing tells which.
    #[error("the code is wrong")]
    WrongCode,
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl ReplaceRecoveryCodes {
    /// A wrong code counts like a failed sign-in.
    #[tracing::instrument(target = "mif_trace", name = "ReplaceRecoveryCodes", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<RecoveryCodes, ReplaceRecoveryCodesError> {
        if !crate::users::own_account(core, actor).await?.mfa_active {
            return Err(ReplaceRecoveryCodesError::NotActive);
        }
        let guess = Guess { user: Some(actor.user_id()), request: actor.request(), occasion: OCCASION };
        if !guess.reserve(core).await? {
            return Err(ReplaceRecoveryCodesError::WrongCode);
        }
        let presented = PresentedCode::parse(&self.code);
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let user = work.users().find_for_update(actor.user_id()).await?;
        let live = work.sessions().is_live(actor.session_id(), now).await?;
        let is_active = user.is_some_and(|user| live && user.is_active && user.mfa_active);
        if !is_active || !accept(core, &mut *work, actor.user_id(), presented.as_ref(), now).await? {
            drop(work);
            guess.record_failure(core).await?;
            return Err(ReplaceRecoveryCodesError::WrongCode);
        }
        guess.forget(&mut *work).await?;
        let codes = RecoveryCodes::replace(core, &mut *work, actor.user_id()).await?;
        let event = AuditEvent::success(AuditKind::MfaChanged, actor.origin(), now).on("user", actor.user_id().0);
        work.audit().append(event.with("change", "codes_replaced")).await?;
        work.commit().await?;
        Ok(codes)
    }
}
