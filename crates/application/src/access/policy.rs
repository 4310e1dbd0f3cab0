//! Who may do what: DOMAIN 7 as a table. The only place that knows it.

use mif_domain::equipment::Equipment;
use mif_domain::interventions::{Caller, Intervention, Status};
use mif_domain::queries::{CustomerScope, DocumentScope, EquipmentScope, InterventionScope, UserScope};
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
    /// List and read customers.
    ViewCustomers,
    /// Create, change and delete customers.
    ManageCustomers,
    /// List and read technicians, their load, and skills.
    ViewTechnicians,
    /// Create, change and archive technicians, and enter skills.
    ManageTechnicians,
    /// List and read interventions.
    ViewInterventions,
    /// Report an intervention.
    CreateInterventions,
    /// Assign, plan and edit interventions in full.
    DispatchInterventions,
    /// List and read machines.
    ViewEquipment,
    /// Create, change and delete machines.
    ManageEquipment,
    /// List, read and store documents.
    ViewDocuments,
    /// Delete documents.
    DeleteDocuments,
    /// Read the audit trail and its checkpoints.
    ViewAudit,
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
        (Action::ViewCustomers, [All, All, All, OwnCustomer]),
        (Action::ManageCustomers, [All, All, Nothing, Nothing]),
        (Action::ViewTechnicians, [All, All, All, Nothing]),
        (Action::ManageTechnicians, [All, All, Nothing, Nothing]),
        (Action::ViewInterventions, [All, All, Own, OwnCustomer]),
        (Action::CreateInterventions, [All, All, Own, OwnCustomer]),
        (Action::DispatchInterventions, [All, All, Nothing, Nothing]),
        (Action::ViewEquipment, [All, All, All, OwnCustomer]),
        (Action::ManageEquipment, [All, All, Nothing, Nothing]),
        (Action::ViewDocuments, [All, All, Own, OwnCustomer]),
        (Action::DeleteDocuments, [All, All, Own, Nothing]),
        (Action::ViewAudit, [All, Nothing, Nothing, Nothing]),
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

/// Which customers the actor may see.
pub fn customer_scope(actor: &Actor) -> CustomerScope {
    match (reach(actor.role(), Action::ViewCustomers), actor.customer_id()) {
        (Reach::All, _) => CustomerScope::All,
        (Reach::OwnCustomer, Some(customer)) => CustomerScope::Only(customer),
        _ => CustomerScope::Nothing,
    }
}

/// Which interventions the actor may see: a technician's own and what is open for anybody to take; a customer's by the
/// customer that was copied from the machine.
pub fn intervention_scope(actor: &Actor) -> InterventionScope {
    match (reach(actor.role(), Action::ViewInterventions), actor.technician_id(), actor.customer_id()) {
        (Reach::All, _, _) => InterventionScope::All,
        (Reach::Own, Some(technician), _) => InterventionScope::OfTechnician(technician),
        (Reach::Own, None, _) => InterventionScope::Unassigned,
        (Reach::OwnCustomer, _, Some(customer)) => InterventionScope::OfCustomer(customer),
        _ => InterventionScope::Nothing,
    }
}

/// What the actor is to an intervention; `None` when they may not see it. The same decision as [`intervention_scope`], for
/// a row that is at hand inside a unit of work.
pub fn caller(actor: &Actor, intervention: &Intervention) -> Option<Caller> {
    let own = intervention.technician_id.is_some() && intervention.technician_id == actor.technician_id();
    let free = intervention.technician_id.is_none() && intervention.status == Status::Open;
    match actor.role() {
        Role::Admin | Role::Manager => Some(Caller::Dispatcher),
        Role::Technician if own => Some(Caller::Assignee),
        Role::Technician if free => Some(Caller::OtherTechnician),
        Role::Customer if actor.customer_id().is_some() && actor.customer_id() == intervention.customer_id => {
            Some(Caller::Customer)
        }
        Role::Technician | Role::Customer => None,
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

/// Whether the actor may see a machine. The same decision as [`equipment_scope`], for a row that is at hand inside a unit of
/// work.
pub fn sees_equipment(actor: &Actor, equipment: &Equipment) -> bool {
    match equipment_scope(actor) {
        EquipmentScope::All => true,
        EquipmentScope::OfCustomer(customer) => equipment.sheet.customer_id == Some(customer),
        EquipmentScope::Nothing => false,
    }
}

/// Which documents the actor may see: those of the interventions and machines that they see. Customers see what belongs to
/// their interventions and is not internal; what we keep about machines is for us.
pub fn document_scope(actor: &Actor) -> DocumentScope {
    match reach(actor.role(), Action::ViewDocuments) {
        Reach::All | Reach::Own => DocumentScope {
            interventions: intervention_scope(actor),
            equipment: equipment_scope(actor),
            internal: true,
        },
        Reach::OwnCustomer => DocumentScope {
            interventions: intervention_scope(actor),
            equipment: EquipmentScope::Nothing,
            internal: false,
        },
        Reach::Nothing => DocumentScope {
            interventions: InterventionScope::Nothing,
            equipment: EquipmentScope::Nothing,
            internal: false,
        },
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
        let actions = [
            Action::ViewUsers,
            Action::ManageUsers,
            Action::ViewCustomers,
            Action::ManageCustomers,
            Action::ViewTechnicians,
            Action::ManageTechnicians,
            Action::ViewInterventions,
            Action::CreateInterventions,
            Action::DispatchInterventions,
            Action::ViewEquipment,
            Action::ManageEquipment,
            Action::ViewDocuments,
            Action::DeleteDocuments,
            Action::ViewAudit,
        ];
        for action in actions {
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
