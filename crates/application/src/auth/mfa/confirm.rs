//! Finishing to set a second factor up.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::repository::RepositoryError;
use thiserror::Error;

use super::code::PresentedCode;
use super::{RecoveryCodes, open, totp};
use crate::Core;
use crate::access::Actor;

/// Shows that the actor's app computes the right codes. From now on a sign-in needs one.
#[derive(Debug)]
pub struct ConfirmMfa {
    /// What the app shows.
    pub code: String,
}

/// Why it does not count.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfirmMfaError {
    /// Nothing waits to be confirmed.
    #[error("no second factor waits to be confirmed")]
    NotEnrolled,
    /// The actor has a second factor already.
    #[error("there is a second factor already")]
    AlreadyActive,
    /// The code is not one of the secret that waits.
    #[error("the code is wrong")]
    WrongCode,
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl ConfirmMfa {
    /// Hands out the recovery codes. Wrong codes are not counted: whoever may try has been shown the secret.
    #[tracing::instrument(target = "mif_trace", name = "ConfirmMfa", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<RecoveryCodes, ConfirmMfaError> {
        let Some(PresentedCode::Totp(digits)) = PresentedCode::parse(&self.code) else {
            return Err(ConfirmMfaError::WrongCode);
        };
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let user = work.users().find_for_update(actor.user_id()).await?;
        let live = work.sessions().is_live(actor.session_id(), now).await?;
        let mut user = user.filter(|user| live && user.is_active).ok_or(ConfirmMfaError::NotEnrolled)?;
        let waiting = work.mfa().find(user.id).await?.ok_or(ConfirmMfaError::NotEnrolled)?;
        if waiting.is_confirmed {
            return Err(ConfirmMfaError::AlreadyActive);
        }
        let secret = open(core, user.id, &waiting.secret)?;
        let step = totp::matching_step(&secret, &digits, now).ok_or(ConfirmMfaError::WrongCode)?;
        if !work.mfa().confirm(user.id, &waiting.secret, step).await? {
            return Err(ConfirmMfaError::WrongCode);
        }
        let codes = RecoveryCodes::replace(core, &mut *work, user.id).await?;
        user.mfa_active = true;
        work.users().update(&user, now).await?;
        let event = AuditEvent::success(AuditKind::MfaChanged, actor.origin(), now).on("user", user.id.0);
        work.audit().append(event.with("change", "activated")).await?;
        work.commit().await?;
        core.sessions.forget_user(user.id);
        Ok(codes)
    }
}
