//! Reading interventions.

use mif_domain::Instant;
use mif_domain::interventions::{Caller, HistoryEntry, Intervention, InterventionId, Step};
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{InterventionFilter, InterventionSort, InterventionView};
use mif_domain::repository::Stored;
use mif_domain::unit_of_work::UnitOfWork;

use super::InterventionError;
use crate::Core;
use crate::access::{Actor, ExpectedVersion, Refusal, policy};

/// An intervention with what the actor may do to it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterventionWithSteps {
    /// The intervention.
    pub view: InterventionView,
    /// The steps.
    pub steps: Vec<Step>,
}

impl InterventionWithSteps {
    pub(super) fn of(view: InterventionView, actor: &Actor, now: Instant) -> Self {
        let caller = policy::caller(actor, &view.intervention);
        let steps = caller.map(|caller| view.intervention.allowed_steps(caller, now)).unwrap_or_default();
        Self { view, steps }
    }
}

/// Reads one intervention.
#[derive(Debug, Clone, Copy)]
pub struct GetIntervention {
    /// Which.
    pub id: InterventionId,
}

impl GetIntervention {
    /// One round trip.
    #[tracing::instrument(target = "mif_trace", name = "GetIntervention", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<InterventionWithSteps, InterventionError> {
        let scope = policy::intervention_scope(actor);
        let view = core.queries.find_intervention(self.id, scope).await?.ok_or(Refusal::NotFound)?;
        Ok(InterventionWithSteps::of(view, actor, core.clock.now()))
    }
}

/// Lists interventions.
#[derive(Debug)]
pub struct ListInterventions {
    /// Which.
    pub filter: InterventionFilter,
    /// Which page of them.
    pub page: PageRequest<InterventionSort>,
}

impl ListInterventions {
    /// One page of what the actor may see, in one statement.
    #[tracing::instrument(target = "mif_trace", name = "ListInterventions", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Stored<Page<InterventionView>> {
        core.queries.list_interventions(policy::intervention_scope(actor), &self.filter, &self.page).await
    }
}

/// Reads what happened to an intervention.
#[derive(Debug, Clone, Copy)]
pub struct GetHistory {
    /// Which.
    pub id: InterventionId,
}

impl GetHistory {
    /// Customers do not see what is internal.
    #[tracing::instrument(target = "mif_trace", name = "GetHistory", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Vec<HistoryEntry>, InterventionError> {
        let found = GetIntervention { id: self.id }.run(core, actor).await?;
        let internal = policy::caller(actor, &found.view.intervention).is_some_and(Caller::sees_internal);
        Ok(core.queries.intervention_history(self.id, internal).await?)
    }
}

/// How use cases that change an intervention begin: the row is held, and what the actor may not see does not exist.
pub(super) async fn hold(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    id: InterventionId,
    expected_version: ExpectedVersion,
) -> Result<(Intervention, Caller), InterventionError> {
    let found = work.interventions().find_for_update(id).await?.ok_or(Refusal::NotFound)?;
    let caller = policy::caller(actor, &found).ok_or(Refusal::NotFound)?;
    expected_version.check(found.version)?;
    Ok((found, caller))
}

/// How they end: the intervention as it was written, with the names that go with it. Never as it is by now: somebody else's
/// edit, and its version, would pass for this one's.
pub(super) async fn shown(
    core: &Core,
    actor: &Actor,
    written: Intervention,
    now: Instant,
) -> Result<InterventionWithSteps, InterventionError> {
    let scope = mif_domain::queries::InterventionScope::All;
    let names = core.queries.find_intervention(written.id, scope).await?.ok_or(Refusal::NotFound)?;
    // A name only as long as it is still that of the same technician.
    let same = names.intervention.technician_id == written.technician_id;
    let technician_name = names.technician_name.filter(|_| same);
    let view = InterventionView { intervention: written, equipment_name: names.equipment_name, technician_name };
    Ok(InterventionWithSteps::of(view, actor, now))
}
