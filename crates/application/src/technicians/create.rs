//! Completing a technician who is missing: accounts that are older than technicians have none.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::queries::TechnicianView;
use mif_domain::repository::{Constraint, RepositoryError};
use mif_domain::technicians::TechnicianSheet;
use mif_domain::users::{Role, UserId};
use thiserror::Error;

use crate::Core;
use crate::access::{Action, Actor, Refusal, policy};
use crate::idempotency::{self, Done, IdempotencyError, Once};

/// Enters the technician of an account.
#[derive(Debug)]
pub struct CreateTechnician {
    /// Whose.
    pub user_id: UserId,
    /// Everything about them.
    pub sheet: TechnicianSheet,
}

/// Why they were not entered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CreateTechnicianError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no account of a technician with this identifier.
    #[error("there is no such technician's account")]
    NotATechnician,
    /// The account has one, perhaps archived.
    #[error("the account has a technician")]
    Exists,
    /// The `Idempotency-Key` cannot be used.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
}

impl From<RepositoryError> for CreateTechnicianError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Conflict(Constraint::TechnicianExists) => Self::Exists,
            other => Self::Refused(other.into()),
        }
    }
}

impl CreateTechnician {
    /// Enters the technician, once.
    #[tracing::instrument(target = "mif_trace", name = "CreateTechnician", skip_all)]
    pub async fn run(
        self,
        core: &Core,
        actor: &Actor,
        once: Option<Once<'_, TechnicianView>>,
    ) -> Result<Done<TechnicianView>, CreateTechnicianError> {
        policy::permit(actor, Action::ManageTechnicians)?;
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        if let Some(answer) = idempotency::claim(&mut *work, once.as_ref(), now).await? {
            return Ok(Done::Before(answer));
        }
        let user = work.users().find_for_update(self.user_id).await?;
        let user = user.filter(|user| user.role == Role::Technician).ok_or(CreateTechnicianError::NotATechnician)?;
        let technician = work.technicians().insert(user.id, self.sheet, now).await?;
        let event = AuditEvent::success(AuditKind::TechnicianCreated, actor.origin(), now);
        work.audit().append(event.on("technician", technician.id.0)).await?;
        let made = TechnicianView { technician, user: user.into(), skills: Vec::new() };
        idempotency::complete(&mut *work, once.as_ref(), &made).await?;
        work.commit().await?;
        core.sessions.forget_user(made.technician.user_id);
        Ok(Done::Now(made))
    }
}
