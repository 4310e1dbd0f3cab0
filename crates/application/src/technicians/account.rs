//! What an account's role does to its technician. Called inside the unit of work that changes the account.
//!
//! Rows are locked in one order, always: an intervention, its technician, its machine, accounts. Whoever works on an
//! intervention holds the technician and the machine while the history needs their account.

use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::technicians::{TechnicianId, TechnicianSheet};
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::UserId;
use thiserror::Error;

/// Before the account is locked: keeps others from giving its technician work, or taking some away.
pub(crate) async fn hold(work: &mut dyn UnitOfWork, user: UserId) -> Stored<()> {
    work.technicians().find_of_user_for_update(user).await.map(drop)
}

/// The account has the role now: makes its technician, or takes one that was archived back.
pub(crate) async fn enlist(
    work: &mut dyn UnitOfWork,
    user: UserId,
    origin: AuditOrigin,
    at: Instant,
) -> Stored<TechnicianId> {
    let event = |kind, id: TechnicianId| AuditEvent::success(kind, origin, at).on("technician", id.0);
    let Some(mut technician) = work.technicians().find_of_user_for_update(user).await? else {
        let made = work.technicians().insert(user, TechnicianSheet::default(), at).await?;
        work.audit().append(event(AuditKind::TechnicianCreated, made.id)).await?;
        return Ok(made.id);
    };
    if technician.archived_at.take().is_some() {
        work.technicians().update(&technician, at).await?;
        let event = event(AuditKind::TechnicianUpdated, technician.id).with("fields", "archived");
        work.audit().append(event).await?;
    }
    Ok(technician.id)
}

/// The account has the role no longer: archives its technician.
pub(crate) async fn discharge(
    work: &mut dyn UnitOfWork,
    user: UserId,
    origin: AuditOrigin,
    at: Instant,
) -> Result<(), DischargeError> {
    let Some(mut technician) = work.technicians().find_of_user_for_update(user).await? else { return Ok(()) };
    if technician.archived_at.is_some() {
        return Ok(());
    }
    require_no_open_work(work, technician.id).await?;
    technician.archived_at = Some(at);
    work.technicians().update(&technician, at).await?;
    let event = AuditEvent::success(AuditKind::TechnicianArchived, origin, at).on("technician", technician.id.0);
    work.audit().append(event).await?;
    Ok(())
}

/// Only meaningful while the technician is held: whoever gives them work holds them too.
pub(super) async fn require_no_open_work(work: &mut dyn UnitOfWork, id: TechnicianId) -> Result<(), DischargeError> {
    match work.technicians().count_open_work(id).await? {
        0 => Ok(()),
        _ => Err(DischargeError::OpenWork),
    }
}

/// Why a technician goes on taking work.
#[derive(Debug, Error)]
pub(crate) enum DischargeError {
    /// They have some to do.
    #[error("the technician has open work")]
    OpenWork,
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}
