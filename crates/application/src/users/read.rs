//! Reading accounts.

use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{UserFilter, UserScope, UserSort, UserView};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::users::{EmailAddress, User, UserId};

use crate::Core;
use crate::access::{Action, Actor, Refusal, policy};

/// Reads one account.
#[derive(Debug, Clone, Copy)]
pub struct GetUser {
    /// Which.
    pub id: UserId,
}

impl GetUser {
    /// Others' accounts are invisible to everybody but administrators.
    #[tracing::instrument(target = "mif_trace", name = "GetUser", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<UserView, Refusal> {
        core.queries.find_user(self.id, policy::user_scope(actor)).await?.ok_or(Refusal::NotFound)
    }
}

/// Lists accounts.
#[derive(Debug)]
pub struct ListUsers {
    /// Which.
    pub filter: UserFilter,
    /// Which page of them.
    pub page: PageRequest<UserSort>,
}

impl ListUsers {
    /// One page.
    #[tracing::instrument(target = "mif_trace", name = "ListUsers", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Page<UserView>, Refusal> {
        policy::permit(actor, Action::ViewUsers)?;
        Ok(core.queries.list_users(policy::user_scope(actor), &self.filter, &self.page).await?)
    }
}

/// An account as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAccount {
    /// As everybody sees it.
    pub user: UserView,
    /// The e-mail address that it will have once it is confirmed.
    pub wanted_email: Option<EmailAddress>,
}

impl OwnAccount {
    pub(super) async fn of(user: UserView, core: &Core) -> Stored<Self> {
        let wanted_email = core.queries.find_wanted_email(user.id, core.clock.now()).await?;
        Ok(Self { user, wanted_email })
    }
}

/// Reads the actor's own account.
#[derive(Debug, Clone, Copy)]
pub struct WhoAmI;

impl WhoAmI {
    /// Everybody may.
    #[tracing::instrument(target = "mif_trace", name = "WhoAmI", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<OwnAccount, Refusal> {
        let own = UserScope::Only(actor.user_id());
        let user = core.queries.find_user(actor.user_id(), own).await?.ok_or(Refusal::NotFound)?;
        Ok(OwnAccount::of(user, core).await?)
    }
}

/// The actor's account with its password hash, for use cases that check the password before they open their own unit.
pub(crate) async fn own_account(core: &Core, actor: &Actor) -> Stored<User> {
    let mut work = core.work.begin().await?;
    let user = work.users().find_for_update(actor.user_id()).await?;
    user.ok_or_else(|| RepositoryError::corrupt("sessions", "user_id", actor.session_id().0, "points at nobody"))
}

/// How use cases that change an account begin: what the actor may not see does not exist; what they may see but not
/// change is denied.
pub(super) async fn manage(core: &Core, actor: &Actor, id: UserId) -> Result<(), Refusal> {
    let Err(denied) = policy::permit(actor, Action::ManageUsers) else { return Ok(()) };
    match core.queries.find_user(id, policy::user_scope(actor)).await? {
        Some(_) => Err(denied),
        None => Err(Refusal::NotFound),
    }
}
