//! Inviting the owner of an account once more.

use mif_domain::outbox::OutboxMessage;
use mif_domain::repository::RepositoryError;
use mif_domain::users::UserId;
use thiserror::Error;

use super::read::manage;
use crate::Core;
use crate::access::{Action, Actor, Refusal, still_permitted};

/// Sends a letter with which the owner of an account that nobody has used yet chooses its password.
#[derive(Debug, Clone, Copy)]
pub struct SendInvitation {
    /// Whom.
    pub id: UserId,
}

/// Why no letter leaves.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SendInvitationError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The account is closed, or its owner has signed in: a forgotten password is another matter.
    #[error("the account is in use or closed")]
    NotInvitable,
}

impl From<RepositoryError> for SendInvitationError {
    fn from(error: RepositoryError) -> Self {
        Self::Refused(error.into())
    }
}

impl SendInvitation {
    /// Leaves the letter to the outbox, for an administrator. The token of the one before stops working.
    #[tracing::instrument(target = "mif_trace", name = "SendInvitation", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<(), SendInvitationError> {
        manage(core, actor, self.id).await?;
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        still_permitted(&mut *work, actor, Action::ManageUsers, now).await?;
        let user = work.users().find_for_update(self.id).await?.ok_or(Refusal::NotFound)?;
        if !user.is_active || user.last_login_at.is_some() {
            return Err(SendInvitationError::NotInvitable);
        }
        work.outbox().enqueue(OutboxMessage::SendInvitation { user_id: user.id }, now).await?;
        Ok(work.commit().await?)
    }
}
