//! Changing a technician.

use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::queries::TechnicianView;
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::technicians::{Availability, Level, TechnicianId, TechnicianSheet};
use mif_domain::text::Line;
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::{Role, UserId};
use thiserror::Error;

use super::account::{DischargeError, require_no_open_work};
use super::read::{manage, shown};
use crate::access::{Actor, ExpectedVersion, Refusal};
use crate::{Change, Core};

/// What may be changed about a technician: everything that people write, and whether they take work at all.
#[derive(Debug, Clone, Default)]
pub struct TechnicianChanges {
    /// See [`TechnicianSheet::team`].
    pub team: Change<Option<Line<100>>>,
    /// See [`TechnicianSheet::availability`].
    pub availability: Change<Availability>,
    /// See [`TechnicianSheet::level`].
    pub level: Change<Level>,
    /// See [`TechnicianSheet::zone`].
    pub zone: Change<Option<Line<100>>>,
    /// See [`TechnicianSheet::on_call`].
    pub on_call: Change<bool>,
    /// See [`TechnicianSheet::phone`].
    pub phone: Change<Option<Line<30>>>,
    /// Whether they take no work any more.
    pub archived: Change<bool>,
}

/// Changes a technician.
#[derive(Debug)]
pub struct UpdateTechnician {
    /// Which.
    pub id: TechnicianId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
    /// What.
    pub changes: TechnicianChanges,
}

/// Why they were not changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UpdateTechnicianError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// They cannot be archived while they have something to do.
    #[error("the technician has open work")]
    OpenWork,
    /// They cannot come back: their account has another role.
    #[error("the account is not a technician's")]
    NotATechnician,
}

impl From<RepositoryError> for UpdateTechnicianError {
    fn from(error: RepositoryError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<DischargeError> for UpdateTechnicianError {
    fn from(error: DischargeError) -> Self {
        match error {
            DischargeError::OpenWork => Self::OpenWork,
            DischargeError::Repository(error) => error.into(),
        }
    }
}

impl UpdateTechnician {
    /// Changes what was named. Without any difference nothing is written and the version stays.
    #[tracing::instrument(target = "mif_trace", name = "UpdateTechnician", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<TechnicianView, UpdateTechnicianError> {
        manage(core, actor, self.id).await?;
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let found = work.technicians().find_for_update(self.id).await?;
        let mut technician = found.ok_or(Refusal::NotFound)?;
        self.expected_version.check(technician.version)?;
        let mut archived = technician.archived_at.is_some();
        let flipped = self.changes.archived.apply(&mut archived).then_some(archived);
        match flipped {
            Some(true) => require_no_open_work(&mut *work, self.id).await?,
            Some(false) => require_role(&mut *work, technician.user_id).await?,
            None => {}
        }
        if flipped.is_some() {
            technician.archived_at = archived.then_some(now);
        }
        let changed = self.changes.apply(&mut technician.sheet);
        if changed.is_empty() && flipped.is_none() {
            drop(work);
        } else {
            technician = work.technicians().update(&technician, now).await?;
            record(&mut *work, self.id, changed, flipped, &actor.origin(), now).await?;
            work.commit().await?;
            // Whether they take work is part of what their sessions know.
            core.sessions.forget_user(technician.user_id);
        }
        Ok(shown(core, technician).await?)
    }
}

async fn require_role(work: &mut dyn UnitOfWork, user: UserId) -> Result<(), UpdateTechnicianError> {
    let account = work.users().find_for_update(user).await?;
    let fits = account.is_some_and(|user| user.role == Role::Technician);
    fits.then_some(()).ok_or(UpdateTechnicianError::NotATechnician)
}

impl TechnicianChanges {
    /// Writes the changes into the sheet. Returns the names of the fields that differ.
    fn apply(self, sheet: &mut TechnicianSheet) -> Vec<&'static str> {
        let applied = [
            ("team", self.team.apply(&mut sheet.team)),
            ("availability", self.availability.apply(&mut sheet.availability)),
            ("level", self.level.apply(&mut sheet.level)),
            ("zone", self.zone.apply(&mut sheet.zone)),
            ("on_call", self.on_call.apply(&mut sheet.on_call)),
            ("phone", self.phone.apply(&mut sheet.phone)),
        ];
        applied.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
    }
}

async fn record(
    work: &mut dyn UnitOfWork,
    id: TechnicianId,
    mut changed: Vec<&'static str>,
    archived: Option<bool>,
    origin: &AuditOrigin,
    at: Instant,
) -> Stored<()> {
    let event = |kind| AuditEvent::success(kind, origin.clone(), at).on("technician", id.0);
    match archived {
        Some(true) => work.audit().append(event(AuditKind::TechnicianArchived)).await?,
        Some(false) => changed.push("archived"),
        None => {}
    }
    if !changed.is_empty() {
        work.audit().append(event(AuditKind::TechnicianUpdated).with("fields", changed.join(","))).await?;
    }
    Ok(())
}
