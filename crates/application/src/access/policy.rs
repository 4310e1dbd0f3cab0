//! Who may do what: DOMAIN 7 as a table. The only place that knows it.

use mif_domain::queries::{EquipmentScope, UserScope};
use mif_domain::users::Role;
use thiserror::Error;

use super::Actor;

/// Something that needs a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// List and read accounts.
    ViewUsers,
    /// Create, change, close and open accounts, and set their passwords.
    ManageUsers,
    /// List and read machines.
    ViewEquipment,
    /// Create, change and delete machines.
    ManageEquipment,
}

/// How far a right reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Everything.
    All,
    /// What the user's customer owns.
    OwnCustomer,
    /// Themselves.
    Own,
    /// Nothing.
    Nothing,
}

/// The table. Columns: admin, manager (responsable), technician (technicien), customer (client).
pub const TABLE: &[(Action, [Reach; 4])] = {
    use Reach::{All, Nothing, Own, OwnCustomer};
    &[
        (Action::ViewUsers, [All, Own, Own, Own]),
        (Action::ManageUsers, [All, Nothing, Nothing, Nothing]),
        (Action::ViewEquipment, [All, All, All, OwnCustomer]),
        (Action::ManageEquipment, [All, All, Nothing, Nothing]),
    ]
};

/// The actor may see the thing, or nothing of its kind, but not do this to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not allowed: {0:?}")]
pub struct Denied(pub Action);

/// How far a role's right reaches. An action without a row reaches nothing.
pub fn reach(role: Role, action: Action) -> Reach {
    let column = match role {
        Role::Admin => 0,
        Role::Manager => 1,
        Role::Technician => 2,
        Role::Customer => 3,
    };
    TABLE
        .iter()
        .find(|(row, _)| *row == action)
        .and_then(|(_, reaches)| reaches.get(column))
        .copied()
        .unwrap_or(Reach::Nothing)
}

/// For actions that one may do to everything or to nothing.
pub fn permit(actor: &Actor, action: Action) -> Result<(), Denied> {
    match reach(actor.role(), action) {
        Reach::All => Ok(()),
        _ => Err(Denied(action)),
    }
}

/// Which machines the actor may see.
pub fn equipment_scope(actor: &Actor) -> EquipmentScope {
    match (reach(actor.role(), Action::ViewEquipment), actor.customer_id()) {
        (Reach::All, _) => EquipmentScope::All,
        (Reach::OwnCustomer, Some(customer)) => EquipmentScope::OfCustomer(customer),
        _ => EquipmentScope::Nothing,
    }
}

/// Which accounts the actor may see.
pub fn user_scope(actor: &Actor) -> UserScope {
    match reach(actor.role(), Action::ViewUsers) {
        Reach::All => UserScope::All,
        _ => UserScope::Only(actor.user_id()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_exactly_one_row() {
        for action in [Action::ViewUsers, Action::ManageUsers, Action::ViewEquipment, Action::ManageEquipment] {
            assert_eq!(TABLE.iter().filter(|(row, _)| *row == action).count(), 1, "{action:?}");
        }
    }

    #[test]
    fn only_an_admin_manages_accounts() {
        let allowed: Vec<_> =
            Role::ALL.iter().filter(|role| reach(**role, Action::ManageUsers) == Reach::All).collect();
        assert_eq!(allowed, [&Role::Admin]);
    }
}
