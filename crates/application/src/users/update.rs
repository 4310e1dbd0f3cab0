//! Changing somebody's account.

use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::customers::CustomerId;
use mif_domain::queries::UserView;
use mif_domain::repository::{Constraint, RepositoryError, Stored};
use mif_domain::sessions::RevokeReason;
use mif_domain::unit_of_work::{NamedLock, UnitOfWork};
use mif_domain::users::{EmailAddress, FullName, Language, Role, User, UserId, Username};
use thiserror::Error;

use super::email::tell_old_address;
use super::read::manage;
use crate::access::{Action, Actor, ExpectedVersion, Refusal, still_permitted};
use crate::technicians::account::{DischargeError, discharge, enlist, hold};
use crate::{Change, Core};

/// What may be changed about an account.
#[derive(Debug, Clone, Default)]
pub struct UserChanges {
    /// See [`User::username`].
    pub username: Change<Username>,
    /// See [`User::email`].
    pub email: Change<EmailAddress>,
    /// See [`User::full_name`].
    pub full_name: Change<Option<FullName>>,
    /// See [`User::role`].
    pub role: Change<Role>,
    /// See [`User::customer_id`].
    pub customer_id: Change<Option<CustomerId>>,
    /// See [`User::language`].
    pub language: Change<Language>,
    /// See [`User::is_active`].
    pub is_active: Change<bool>,
}

/// Changes an account.
#[derive(Debug)]
pub struct UpdateUser {
    /// Which.
    pub id: UserId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
    /// What.
    pub changes: UserChanges,
}

/// Why it was not changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UpdateUserError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nobody could administrate any more.
    #[error("the last active administrator must stay one")]
    LastAdmin,
    /// They cannot lose the role while they have something to do.
    #[error("the technician has open work")]
    OpenWork,
    /// Somebody has this username.
    #[error("the username is taken")]
    UsernameTaken,
    /// Somebody has this e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// There is no such customer.
    #[error("there is no such customer")]
    UnknownCustomer,
}

impl From<RepositoryError> for UpdateUserError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Conflict(Constraint::UsernameTaken) => Self::UsernameTaken,
            RepositoryError::Conflict(Constraint::EmailTaken) => Self::EmailTaken,
            RepositoryError::Conflict(Constraint::UnknownCustomer) => Self::UnknownCustomer,
            other => Self::Refused(other.into()),
        }
    }
}

impl From<DischargeError> for UpdateUserError {
    fn from(error: DischargeError) -> Self {
        match error {
            DischargeError::OpenWork => Self::OpenWork,
            DischargeError::Repository(error) => error.into(),
        }
    }
}

impl UpdateUser {
    /// Changes what was named. Without any difference nothing is written and the version stays. The technician follows
    /// the role: made or taken back with it, archived without it.
    #[tracing::instrument(target = "mif_trace", name = "UpdateUser", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<UserView, UpdateUserError> {
        manage(core, actor, self.id).await?;
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        // The lock of administrators before any row, always in this order, by everybody who may take one away; then the
        // technician, before any account.
        work.lock(NamedLock::Admins).await?;
        if self.changes.role != Change::Keep {
            hold(&mut *work, self.id).await?;
        }
        still_permitted(&mut *work, actor, Action::ManageUsers, now).await?;
        let before = work.users().find_for_update(self.id).await?.ok_or(Refusal::NotFound)?;
        self.expected_version.check(before.version)?;
        let (after, changed) = self.changes.apply(before.clone());
        if changed.is_empty() {
            return Ok(before.into());
        }
        if before.is_active_admin() && !after.is_active_admin() && work.users().count_active_admins().await? <= 1 {
            return Err(UpdateUserError::LastAdmin);
        }
        // Sessions first: a refresh holds its session while its audit event needs the user, whose name may change here.
        if before.is_active && !after.is_active {
            work.sessions().revoke_all(self.id, None, RevokeReason::Deactivated, now).await?;
        }
        let stored = work.users().update(&after, now).await?;
        if before.email != stored.email {
            tell_old_address(&mut *work, &stored, before.email.clone(), now).await?;
        }
        record(&mut *work, &before, &stored, &changed, &actor.origin(), now).await?;
        match (before.role, stored.role) {
            (Role::Technician, Role::Technician) => {}
            (Role::Technician, _) => discharge(&mut *work, stored.id, actor.origin(), now).await?,
            (_, Role::Technician) => enlist(&mut *work, stored.id, actor.origin(), now).await.map(drop)?,
            _ => {}
        }
        work.commit().await?;
        core.sessions.forget_user(stored.id);
        Ok(stored.into())
    }
}

impl UserChanges {
    /// The account with the changes, and the names of the fields that differ.
    fn apply(self, mut user: User) -> (User, Vec<&'static str>) {
        let applied = [
            ("username", self.username.apply(&mut user.username)),
            ("email", self.email.apply(&mut user.email)),
            ("full_name", self.full_name.apply(&mut user.full_name)),
            ("role", self.role.apply(&mut user.role)),
            ("customer_id", self.customer_id.apply(&mut user.customer_id)),
            ("language", self.language.apply(&mut user.language)),
            ("is_active", self.is_active.apply(&mut user.is_active)),
        ];
        (user, applied.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect())
    }
}

async fn record(
    work: &mut dyn UnitOfWork,
    before: &User,
    after: &User,
    changed: &[&'static str],
    origin: &AuditOrigin,
    at: Instant,
) -> Stored<()> {
    let event = |kind| AuditEvent::success(kind, origin.clone(), at).on("user", after.id.0);
    if before.role != after.role {
        let roles = event(AuditKind::RoleChanged).with("from", before.role.as_str()).with("to", after.role.as_str());
        work.audit().append(roles).await?;
    }
    if before.is_active != after.is_active {
        let kind = if after.is_active { AuditKind::UserActivated } else { AuditKind::UserDeactivated };
        work.audit().append(event(kind)).await?;
    }
    let rest: Vec<_> = changed.iter().copied().filter(|name| !matches!(*name, "role" | "is_active")).collect();
    if !rest.is_empty() {
        work.audit().append(event(AuditKind::UserUpdated).with("fields", rest.join(","))).await?;
    }
    Ok(())
}
