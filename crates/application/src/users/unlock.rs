//! Opening an account again that too many guesses closed.

use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::queries::UserView;
use mif_domain::users::UserId;

use super::read::manage;
use crate::Core;
use crate::access::{Actor, Refusal};

/// Forgets every failed sign-in of an account.
#[derive(Debug, Clone, Copy)]
pub struct UnlockUser {
    /// Which.
    pub id: UserId,
}

impl UnlockUser {
    /// From every address, for an administrator. Unlocking what is not locked succeeds. The account itself stays as it
    /// was: a deactivated one stays deactivated.
    #[tracing::instrument(target = "mif_trace", name = "UnlockUser", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<UserView, Refusal> {
        manage(core, actor, self.id).await?;
        unlock(core, self.id, actor.origin()).await
    }
}

/// What [`UnlockUser`] and the command line have in common.
pub(crate) async fn unlock(core: &Core, id: UserId, origin: AuditOrigin) -> Result<UserView, Refusal> {
    let mut work = core.work.begin().await?;
    let user = work.users().find_for_update(id).await?.ok_or(Refusal::NotFound)?;
    work.guesses().unlock(id).await?;
    let event = AuditEvent::success(AuditKind::UserUpdated, origin, core.clock.now());
    work.audit().append(event.on("user", id.0).with("fields", "unlocked")).await?;
    work.commit().await?;
    Ok(user.into())
}
