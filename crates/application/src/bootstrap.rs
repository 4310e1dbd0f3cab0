//! What is done before anybody can sign in, or from the command line of the machine itself: whoever can run commands
//! there is trusted.

use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::paging::{Direction, PageRequest, Position};
use mif_domain::queries::{UserFilter, UserScope, UserSort, UserView};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::users::{
    EmailAddress, HasherBusy, Language, NewUser, PlainPassword, Role, SignInName, UserId, Username,
};
use thiserror::Error;

use crate::Core;
use crate::access::Refusal;
use crate::users::{CreateUserError, ResetMfaError, SetPasswordError, replace_password, reset_mfa, unlock};

/// Makes the first administrator when there is no account at all.
#[derive(Debug)]
pub struct EnsureFirstAdmin {
    /// Their e-mail address.
    pub email: EmailAddress,
    /// Their password.
    pub password: PlainPassword,
}

/// Why nobody could be made.
#[derive(Debug, Error)]
pub enum EnsureFirstAdminError {
    /// Too many passwords are being hashed.
    #[error(transparent)]
    Busy(#[from] HasherBusy),
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl EnsureFirstAdmin {
    /// Returns whether this call made the account: of several replicas that start at once, one does.
    #[tracing::instrument(target = "mif_trace", name = "EnsureFirstAdmin", skip_all)]
    pub async fn run(self, core: &Core) -> Result<bool, EnsureFirstAdminError> {
        if any_account(core).await? {
            return Ok(false);
        }
        let new = NewUser {
            username: Username::suggested_from(&self.email, 1),
            email: self.email,
            full_name: None,
            role: Role::Admin,
            customer_id: None,
            language: Language::French,
            password_hash: core.hasher.hash(&self.password).await?,
            must_change_password: false,
        };
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let Some(user) = work.users().insert_first(new, now).await? else { return Ok(false) };
        let event = AuditEvent::success(AuditKind::UserCreated, AuditOrigin::default(), now).on("user", user.0);
        work.audit().append(event.with("role", Role::Admin.as_str())).await?;
        work.commit().await?;
        Ok(true)
    }
}

/// Whether there is any account at all.
pub async fn any_account(core: &Core) -> Stored<bool> {
    let page = PageRequest {
        sort: UserSort::Id,
        direction: Direction::Ascending,
        limit: 1,
        position: Position::First,
        with_total: false,
    };
    let users = core.queries.list_users(UserScope::All, &UserFilter::default(), &page).await?;
    Ok(!users.items.is_empty())
}

/// Makes an administrator from the command line.
#[derive(Debug)]
pub struct CreateAdmin {
    /// Their username.
    pub username: Username,
    /// Their e-mail address.
    pub email: EmailAddress,
    /// Their password.
    pub password: PlainPassword,
}

impl CreateAdmin {
    /// The password obeys the policy like any other.
    #[tracing::instrument(target = "mif_trace", name = "CreateAdmin", skip_all)]
    pub async fn run(self, core: &Core) -> Result<UserView, CreateUserError> {
        let broken = core.password_policy.broken_rules(&self.password, &self.username, &self.email);
        if !broken.is_empty() {
            return Err(CreateUserError::Weak(broken));
        }
        let new = NewUser {
            username: self.username,
            email: self.email,
            full_name: None,
            role: Role::Admin,
            customer_id: None,
            language: Language::French,
            password_hash: core.hasher.hash(&self.password).await?,
            must_change_password: false,
        };
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let user = work.users().insert(new, now).await?;
        let event = AuditEvent::success(AuditKind::UserCreated, AuditOrigin::default(), now).on("user", user.id.0);
        work.audit().append(event.with("role", Role::Admin.as_str())).await?;
        work.commit().await?;
        Ok(user.into())
    }
}

/// Why nothing was done to an account from the command line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NamedAccountError {
    /// Nobody has this username or e-mail address.
    #[error("no such user")]
    Unknown,
    /// The password was not set.
    #[error(transparent)]
    Password(#[from] SetPasswordError),
    /// The second factor stays on.
    #[error(transparent)]
    Mfa(#[from] ResetMfaError),
    /// The account is gone by now, or the database failed.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

async fn account_named(core: &Core, name: &str) -> Result<UserId, NamedAccountError> {
    let name = SignInName::parse(name).ok_or(NamedAccountError::Unknown)?;
    let account = core.session_states.find_credentials(&name).await.map_err(Refusal::from)?;
    account.map(|account| account.user_id).ok_or(NamedAccountError::Unknown)
}

/// Gives somebody a temporary password from the command line.
#[derive(Debug)]
pub struct ResetPassword {
    /// A username or an e-mail address.
    pub name: String,
    /// The temporary password.
    pub password: PlainPassword,
}

impl ResetPassword {
    /// Ends every session of theirs.
    #[tracing::instrument(target = "mif_trace", name = "ResetPassword", skip_all)]
    pub async fn run(self, core: &Core) -> Result<UserId, NamedAccountError> {
        let id = account_named(core, &self.name).await?;
        replace_password(core, id, &self.password, None).await?;
        Ok(id)
    }
}

/// Opens an account again from the command line that too many guesses closed.
#[derive(Debug)]
pub struct UnlockAccount {
    /// A username or an e-mail address.
    pub name: String,
}

impl UnlockAccount {
    /// Forgets every failed sign-in of theirs.
    #[tracing::instrument(target = "mif_trace", name = "UnlockAccount", skip_all)]
    pub async fn run(self, core: &Core) -> Result<UserView, NamedAccountError> {
        let id = account_named(core, &self.name).await?;
        Ok(unlock(core, id, AuditOrigin::default()).await?)
    }
}

/// Turns the second factor of an account off from the command line: for the only administrator, whose telephone is lost.
#[derive(Debug)]
pub struct ResetSecondFactor {
    /// A username or an e-mail address.
    pub name: String,
}

impl ResetSecondFactor {
    /// Ends every session of theirs.
    #[tracing::instrument(target = "mif_trace", name = "ResetSecondFactor", skip_all)]
    pub async fn run(self, core: &Core) -> Result<(), NamedAccountError> {
        let id = account_named(core, &self.name).await?;
        Ok(reset_mfa(core, id, None).await?)
    }
}

/// Notes in the audit trail that a server started.
#[derive(Debug)]
pub struct RecordStart {
    /// The version of the program.
    pub version: &'static str,
    /// The profile it runs with.
    pub profile: String,
}

impl RecordStart {
    /// One event a start.
    #[tracing::instrument(target = "mif_trace", name = "RecordStart", skip_all)]
    pub async fn run(self, core: &Core) -> Stored<()> {
        let mut work = core.work.begin().await?;
        let event = AuditEvent::success(AuditKind::ConfigStarted, AuditOrigin::default(), core.clock.now())
            .with("version", self.version)
            .with("profile", self.profile);
        work.audit().append(event).await?;
        work.commit().await
    }
}
