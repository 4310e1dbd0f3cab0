//! How much work a technician has in a period.

use chrono::TimeDelta;
use mif_domain::Instant;
use mif_domain::queries::{TechnicianLoad, TimeSpan};
use mif_domain::repository::RepositoryError;
use mif_domain::technicians::TechnicianId;
use thiserror::Error;

use crate::Core;
use crate::access::{Action, Actor, Refusal, policy};

/// Reads the load of a technician.
#[derive(Debug, Clone, Copy)]
pub struct GetTechnicianLoad {
    /// Whose.
    pub id: TechnicianId,
    /// When. Without a beginning now, without an end [`GetTechnicianLoad::DEFAULT_SPAN`] later.
    pub period: TimeSpan,
}

/// The load, and the period it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodLoad {
    /// Whose.
    pub technician_id: TechnicianId,
    /// The beginning.
    pub from: Instant,
    /// The end, which does not belong to it.
    pub until: Instant,
    /// How much.
    pub load: TechnicianLoad,
}

/// Why it cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GetTechnicianLoadError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The period ends before it begins.
    #[error("the period is empty")]
    EmptyPeriod,
}

impl From<RepositoryError> for GetTechnicianLoadError {
    fn from(error: RepositoryError) -> Self {
        Self::Refused(error.into())
    }
}

impl GetTechnicianLoad {
    /// The period when no end is given.
    pub const DEFAULT_SPAN: TimeDelta = TimeDelta::days(7);

    /// What is open without a date, and what is late, counts whatever the period.
    #[tracing::instrument(target = "mif_trace", name = "GetTechnicianLoad", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<PeriodLoad, GetTechnicianLoadError> {
        policy::permit(actor, Action::ViewTechnicians)?;
        let now = core.clock.now();
        let from = self.period.from.unwrap_or(now);
        let until = self.period.until.or_else(|| from.checked_add_signed(Self::DEFAULT_SPAN));
        let until = until.filter(|until| *until > from).ok_or(GetTechnicianLoadError::EmptyPeriod)?;
        core.queries.find_technician(self.id).await?.ok_or(Refusal::NotFound)?;
        let load = core.queries.technician_load(self.id, from, until, now).await?;
        Ok(PeriodLoad { technician_id: self.id, from, until, load })
    }
}
