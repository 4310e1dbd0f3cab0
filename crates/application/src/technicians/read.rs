//! Reading technicians.

use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{TechnicianFilter, TechnicianSort, TechnicianView};
use mif_domain::repository::RepositoryError;
use mif_domain::technicians::{Technician, TechnicianId};

use crate::Core;
use crate::access::{Action, Actor, Refusal, policy};

/// Reads one technician, archived or not.
#[derive(Debug, Clone, Copy)]
pub struct GetTechnician {
    /// Which.
    pub id: TechnicianId,
}

impl GetTechnician {
    /// Whoever may see one sees them all.
    #[tracing::instrument(target = "mif_trace", name = "GetTechnician", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<TechnicianView, Refusal> {
        policy::permit(actor, Action::ViewTechnicians)?;
        core.queries.find_technician(self.id).await?.ok_or(Refusal::NotFound)
    }
}

/// Lists technicians.
#[derive(Debug)]
pub struct ListTechnicians {
    /// Which.
    pub filter: TechnicianFilter,
    /// Which page of them.
    pub page: PageRequest<TechnicianSort>,
}

impl ListTechnicians {
    /// One page.
    #[tracing::instrument(target = "mif_trace", name = "ListTechnicians", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Page<TechnicianView>, Refusal> {
        policy::permit(actor, Action::ViewTechnicians)?;
        Ok(core.queries.list_technicians(&self.filter, &self.page).await?)
    }
}

/// How use cases that change a technician begin.
pub(super) async fn manage(core: &Core, actor: &Actor, id: TechnicianId) -> Result<(), Refusal> {
    let Err(denied) = policy::permit(actor, Action::ManageTechnicians) else { return Ok(()) };
    policy::permit(actor, Action::ViewTechnicians)?;
    match core.queries.find_technician(id).await? {
        Some(_) => Err(denied),
        None => Err(Refusal::NotFound),
    }
}

/// How they end: the technician as written, with account and skills. Never as they are by now: somebody else's edit, and its
/// version, would pass for this one's.
pub(super) async fn shown(core: &Core, written: Technician) -> Result<TechnicianView, RepositoryError> {
    let id = written.id;
    let view = core.queries.find_technician(id).await?;
    // Technicians are never deleted.
    let view =
        view.ok_or_else(|| RepositoryError::corrupt("technicians", "id", id.0, "is gone after it was written"))?;
    Ok(TechnicianView { technician: written, ..view })
}
