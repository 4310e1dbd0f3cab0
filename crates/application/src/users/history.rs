//! New passwords: which may not come back (the last five), and what ends when one is set.

use mif_domain::Instant;
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::sessions::{RevokeReason, SessionId};
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::{HasherBusy, PasswordHash, PasswordRule, PlainPassword, User};
use thiserror::Error;

use crate::Core;

/// Why a password did not become a hash that may be stored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum FreshHashError {
    /// It is not good enough.
    #[error("the password breaks {0:?}")]
    Weak(Vec<PasswordRule>),
    /// Too many passwords are being hashed.
    #[error(transparent)]
    Busy(#[from] HasherBusy),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// Hashes a password that obeys the policy and is none of the last five of `account`, given with the address that it will
/// have. Whoever stores the hash MUST check inside the unit that the account still has the password it had here.
pub(crate) async fn fresh_hash(
    core: &Core,
    account: &User,
    password: &PlainPassword,
) -> Result<PasswordHash, FreshHashError> {
    let broken = core.password_policy.broken_rules(password, &account.username, &account.email);
    if !broken.is_empty() {
        return Err(FreshHashError::Weak(broken));
    }
    // Only then, because this costs a hash for each of them.
    let mut last = vec![account.password_hash.clone()];
    last.extend(former_passwords(core, account).await?);
    for hash in &last {
        if core.hasher.verify(password, Some(hash)).await? {
            return Err(FreshHashError::Weak(vec![PasswordRule::Reused]));
        }
    }
    Ok(core.hasher.hash(password).await?)
}

async fn former_passwords(core: &Core, account: &User) -> Stored<Vec<PasswordHash>> {
    let mut work = core.work.begin().await?;
    work.users().list_former_passwords(account.id).await
}

/// Puts a password in force: the old one is remembered, letters that would set another are worth nothing any more, and every
/// session ends but the one that is `kept`. Returns the account as it is stored now, and how many sessions ended.
pub(crate) async fn put_in_force(
    work: &mut dyn UnitOfWork,
    mut user: User,
    hash: PasswordHash,
    temporary: bool,
    kept: Option<SessionId>,
    at: Instant,
) -> Stored<(User, u64)> {
    work.users().remember_password(user.id, &user.password_hash, at).await?;
    user.set_password(hash, temporary, at);
    let user = work.users().update(&user, at).await?;
    work.letter_tokens().forget(user.id).await?;
    let ended = work.sessions().revoke_all(user.id, kept, RevokeReason::PasswordChanged, at).await?;
    Ok((user, ended))
}
