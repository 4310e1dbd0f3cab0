//! The catalogue of skills.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{SkillFilter, SkillSort};
use mif_domain::repository::{Constraint, RepositoryError};
use mif_domain::technicians::{Skill, SkillSheet};
use thiserror::Error;

use crate::Core;
use crate::access::{Action, Actor, Refusal, policy};
use crate::idempotency::{self, Done, IdempotencyError, Once};

/// Enters a skill.
#[derive(Debug)]
pub struct CreateSkill {
    /// Everything about it.
    pub sheet: SkillSheet,
}

/// Why it was not entered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CreateSkillError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is one of this name, whatever its case.
    #[error("the name is taken")]
    NameTaken,
    /// The `Idempotency-Key` cannot be used.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
}

impl From<RepositoryError> for CreateSkillError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Conflict(Constraint::SkillNameTaken) => Self::NameTaken,
            other => Self::Refused(other.into()),
        }
    }
}

impl CreateSkill {
    /// Enters the skill, once.
    #[tracing::instrument(target = "mif_trace", name = "CreateSkill", skip_all)]
    pub async fn run(
        self,
        core: &Core,
        actor: &Actor,
        once: Option<Once<'_, Skill>>,
    ) -> Result<Done<Skill>, CreateSkillError> {
        policy::permit(actor, Action::ManageTechnicians)?;
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        if let Some(answer) = idempotency::claim(&mut *work, once.as_ref(), now).await? {
            return Ok(Done::Before(answer));
        }
        let skill = work.skills().insert(self.sheet, now).await?;
        let event = AuditEvent::success(AuditKind::SkillCreated, actor.origin(), now);
        work.audit().append(event.on("skill", skill.id.0)).await?;
        idempotency::complete(&mut *work, once.as_ref(), &skill).await?;
        work.commit().await?;
        Ok(Done::Now(skill))
    }
}

/// Lists skills.
#[derive(Debug)]
pub struct ListSkills {
    /// Which.
    pub filter: SkillFilter,
    /// Which page of them.
    pub page: PageRequest<SkillSort>,
}

impl ListSkills {
    /// One page.
    #[tracing::instrument(target = "mif_trace", name = "ListSkills", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Page<Skill>, Refusal> {
        policy::permit(actor, Action::ViewTechnicians)?;
        Ok(core.queries.list_skills(&self.filter, &self.page).await?)
    }
}
