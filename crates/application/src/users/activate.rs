//! Closing an account and opening it again. Accounts are never deleted: history points at them.

use mif_domain::queries::UserView;
use mif_domain::users::UserId;

use super::{UpdateUser, UpdateUserError, UserChanges};
use crate::access::{Actor, ExpectedVersion};
use crate::{Change, Core};

/// Closes an account; every session of it ends at once.
#[derive(Debug, Clone, Copy)]
pub struct DeactivateUser {
    /// Which.
    pub id: UserId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
}

impl DeactivateUser {
    /// Closing a closed account changes nothing and succeeds.
    #[tracing::instrument(target = "mif_trace", name = "DeactivateUser", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<UserView, UpdateUserError> {
        set_active(self.id, self.expected_version, false, core, actor).await
    }
}

/// Opens a closed account. Its old sessions stay ended.
#[derive(Debug, Clone, Copy)]
pub struct ActivateUser {
    /// Which.
    pub id: UserId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
}

impl ActivateUser {
    /// Opening an open account changes nothing and succeeds.
    #[tracing::instrument(target = "mif_trace", name = "ActivateUser", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<UserView, UpdateUserError> {
        set_active(self.id, self.expected_version, true, core, actor).await
    }
}

async fn set_active(
    id: UserId,
    expected_version: ExpectedVersion,
    active: bool,
    core: &Core,
    actor: &Actor,
) -> Result<UserView, UpdateUserError> {
    let changes = UserChanges { is_active: Change::Set(active), ..UserChanges::default() };
    UpdateUser { id, expected_version, changes }.run(core, actor).await
}
