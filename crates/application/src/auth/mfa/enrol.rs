//! Beginning to set a second factor up.

use data_encoding::BASE32_NOPAD;
use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::repository::RepositoryError;
use mif_domain::users::PlainPassword;
use thiserror::Error;
use zeroize::Zeroizing;

use super::{PURPOSE, does_not_open, totp};
use crate::Core;
use crate::access::{Actor, is_unchanged};
use crate::auth::{ChangePasswordError, prove_password};
use crate::users::own_account;

/// Makes a secret for the actor's authenticator app. It counts once a code of it is shown.
#[derive(Debug)]
pub struct EnrolMfa {
    /// The password as it is.
    pub current: PlainPassword,
}

/// What the app needs. Shown now and never again.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolling {
    /// The secret in base32, to type.
    pub secret: Zeroizing<String>,
    /// The same as an `otpauth:` address, to show as a QR code.
    pub uri: Zeroizing<String>,
}

impl std::fmt::Debug for Enrolling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enrolling(***)")
    }
}

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnrolMfaError {
    /// The actor has a second factor: turn it off first.
    #[error("there is a second factor already")]
    AlreadyActive,
    /// The password was not shown.
    #[error(transparent)]
    Password(#[from] ChangePasswordError),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl EnrolMfa {
    /// Replaces a secret that waits to be confirmed.
    #[tracing::instrument(target = "mif_trace", name = "EnrolMfa", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Enrolling, EnrolMfaError> {
        let account = own_account(core, actor).await?;
        if account.mfa_active {
            return Err(EnrolMfaError::AlreadyActive);
        }
        prove_password(core, actor, &account, &self.current).await?;
        let mut secret = Zeroizing::new([0; totp::SECRET_BYTES]);
        core.entropy.fill(secret.as_mut_slice());
        let sealed =
            core.secrets.seal(PURPOSE, account.id.0, secret.as_slice()).map_err(|error| does_not_open(&error))?;

        let mut work = core.work.begin().await?;
        if !is_unchanged(&mut *work, actor, core.clock.now()).await? {
            return Err(ChangePasswordError::ChangedMeanwhile.into());
        }
        if !work.mfa().enrol(account.id, &sealed).await? {
            return Err(EnrolMfaError::AlreadyActive);
        }
        let event = AuditEvent::success(AuditKind::MfaChanged, actor.origin(), core.clock.now());
        work.audit().append(event.on("user", account.id.0).with("change", "begun")).await?;
        work.commit().await?;
        let secret = Zeroizing::new(BASE32_NOPAD.encode(secret.as_slice()));
        // A username has no character that would have to be escaped.
        let uri = format!("otpauth://totp/MIF:{}?secret={}&issuer=MIF", account.username, *secret);
        Ok(Enrolling { secret, uri: Zeroizing::new(uri) })
    }
}
