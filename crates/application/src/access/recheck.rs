//! Rights, checked again: while a password was being hashed, the one who asked may have lost theirs.

use mif_domain::Instant;
use mif_domain::repository::Stored;
use mif_domain::unit_of_work::{NamedLock, UnitOfWork};

use super::policy::{Reach, reach};
use super::{Action, Actor, Refusal};

/// Looks whether the actor is still who they were, inside the unit that is about to write, and keeps it so until the unit
/// ends: active, in the same role, of the same customer, in a live session. What the role may do is for the caller to ask.
pub(crate) async fn is_unchanged(work: &mut dyn UnitOfWork, actor: &Actor, at: Instant) -> Stored<bool> {
    let user = work.users().find_for_update(actor.user_id()).await?;
    let same =
        user.is_some_and(|user| user.is_active && user.role == actor.role() && user.customer_id == actor.customer_id());
    Ok(same && work.sessions().is_live(actor.session_id(), at).await?)
}

/// Looks at the actor's account and session inside the unit that is about to write. Takes [`NamedLock::Admins`], which
/// whoever takes an administrator's rights away holds as well.
pub(crate) async fn still_permitted(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    action: Action,
    at: Instant,
) -> Result<(), Refusal> {
    work.lock(NamedLock::Admins).await?;
    let user = work.users().find_for_update(actor.user_id()).await?;
    let permitted = user.is_some_and(|user| user.is_active && reach(user.role, action) == Reach::All);
    if permitted && work.sessions().is_live(actor.session_id(), at).await? {
        Ok(())
    } else {
        Err(Refusal::Denied(action))
    }
}
