//! Reading machines.

use mif_domain::equipment::{Equipment, EquipmentId};
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{EquipmentFilter, EquipmentSort};
use mif_domain::repository::Stored;

use crate::Core;
use crate::access::{Action, Actor, Refusal, policy};

/// Reads one machine.
#[derive(Debug, Clone, Copy)]
pub struct GetEquipment {
    /// Which.
    pub id: EquipmentId,
}

impl GetEquipment {
    /// One round trip.
    #[tracing::instrument(target = "mif_trace", name = "GetEquipment", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Equipment, Refusal> {
        let scope = policy::equipment_scope(actor);
        core.queries.find_equipment(self.id, scope).await?.ok_or(Refusal::NotFound)
    }
}

/// Lists machines.
#[derive(Debug)]
pub struct ListEquipment {
    /// Which.
    pub filter: EquipmentFilter,
    /// Which page of them.
    pub page: PageRequest<EquipmentSort>,
}

impl ListEquipment {
    /// One page of what the actor may see.
    #[tracing::instrument(target = "mif_trace", name = "ListEquipment", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Stored<Page<Equipment>> {
        core.queries.list_equipment(policy::equipment_scope(actor), &self.filter, &self.page).await
    }
}

/// How use cases that change a machine begin: what the actor may not see does not exist; what they may see but not change
/// is denied.
pub(super) async fn manage(core: &Core, actor: &Actor, id: EquipmentId) -> Result<(), Refusal> {
    let Err(denied) = policy::permit(actor, Action::ManageEquipment) else { return Ok(()) };
    match core.queries.find_equipment(id, policy::equipment_scope(actor)).await? {
        Some(_) => Err(denied),
        None => Err(Refusal::NotFound),
    }
}
