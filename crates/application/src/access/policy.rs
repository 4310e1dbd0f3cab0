//! Who may do what, as a table. The only place that knows it.

use mif_domain::interventions::{Caller, Intervention};
use mif_domain::queries::{CustomerScope, DocumentScope, EquipmentScope, InterventionScope, UserScope};
use mif_domain::users::Role;

use super::{Actor, Refusal};

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
    /// See why a part of the server is unwell, and what waits or was given up.
    ViewOperations,
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

/// How far a role's right reaches: the table.
#[expect(clippy::match_same_arms, reason = "an action a row, as one reads a table")]
pub fn reach(role: Role, action: Action) -> Reach {
    use Reach::{All, Nothing, Own, OwnCustomer};
    // The columns: admin, responsable, technicien, client.
    let [admin, manager, technician, customer] = match action {
        Action::ViewUsers => [All, Own, Own, Own],
        Action::ManageUsers => [All, Nothing, Nothing, Nothing],
        Action::ViewCustomers => [All, All, All, OwnCustomer],
        Action::ManageCustomers => [All, All, Nothing, Nothing],
        Action::ViewTechnicians => [All, All, All, Nothing],
        Action::ManageTechnicians => [All, All, Nothing, Nothing],
        Action::ViewInterventions => [All, All, Own, OwnCustomer],
        Action::CreateInterventions => [All, All, Own, OwnCustomer],
        Action::DispatchInterventions => [All, All, Nothing, Nothing],
        Action::ViewEquipment => [All, All, All, OwnCustomer],
        Action::ManageEquipment => [All, All, Nothing, Nothing],
        Action::ViewDocuments => [All, All, Own, OwnCustomer],
        Action::DeleteDocuments => [All, All, Own, Nothing],
        Action::ViewAudit => [All, Nothing, Nothing, Nothing],
        Action::ViewOperations => [All, Nothing, Nothing, Nothing],
    };
    match role {
        Role::Admin => admin,
        Role::Manager => manager,
        Role::Technician => technician,
        Role::Customer => customer,
    }
}

/// For actions that one may do to everything or to nothing.
pub fn permit(actor: &Actor, action: Action) -> Result<(), Refusal> {
    match reach(actor.role(), action) {
        Reach::All => Ok(()),
        _ => Err(Refusal::Denied(action)),
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

/// What the actor is to an intervention; `None` when they may not see it.
pub fn caller(actor: &Actor, intervention: &Intervention) -> Option<Caller> {
    let scope = intervention_scope(actor);
    if !scope.admits(intervention) {
        return None;
    }
    let own = intervention.technician_id.is_some() && intervention.technician_id == actor.technician_id();
    Some(match scope {
        _ if permit(actor, Action::DispatchInterventions).is_ok() => Caller::Dispatcher,
        InterventionScope::OfCustomer(_) => Caller::Customer,
        _ if own => Caller::Assignee,
        _ => Caller::OtherTechnician,
    })
}

/// Which machines the actor may see.
pub fn equipment_scope(actor: &Actor) -> EquipmentScope {
    match (reach(actor.role(), Action::ViewEquipment), actor.customer_id()) {
        (Reach::All, _) => EquipmentScope::All,
        (Reach::OwnCustomer, Some(customer)) => EquipmentScope::OfCustomer(customer),
        _ => EquipmentScope::Nothing,
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
    fn only_an_admin_manages_accounts() {
        let allowed: Vec<_> =
            Role::ALL.iter().filter(|role| reach(**role, Action::ManageUsers) == Reach::All).collect();
        assert_eq!(allowed, [&Role::Admin]);
    }
}
