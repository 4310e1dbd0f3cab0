//! Saying what a technician can do.

use std::collections::HashSet;

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::queries::TechnicianView;
use mif_domain::repository::{Constraint, RepositoryError};
use mif_domain::technicians::{Level, SkillId, TechnicianId};
use thiserror::Error;

use super::read::{manage, shown};
use crate::Core;
use crate::access::{Actor, ExpectedVersion, Refusal};

/// Replaces the skills of a technician.
#[derive(Debug)]
pub struct SetSkills {
    /// Whose.
    pub id: TechnicianId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
    /// All of them from now on.
    pub skills: Vec<(SkillId, Level)>,
}

/// Why they were not replaced.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SetSkillsError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// More than [`SetSkills::MAX`].
    #[error("too many skills")]
    TooMany,
    /// The one at this index was named before.
    #[error("the skill at {0} is given twice")]
    Duplicate(usize),
    /// One of them does not exist.
    #[error("there is no such skill")]
    UnknownSkill,
}

impl From<RepositoryError> for SetSkillsError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Conflict(Constraint::UnknownSkill) => Self::UnknownSkill,
            other => Self::Refused(other.into()),
        }
    }
}

impl SetSkills {
    /// The most skills that one person has.
    pub const MAX: usize = 50;

    /// Replaces them and bumps the technician's version: skills are a part of what is read.
    #[tracing::instrument(target = "mif_trace", name = "SetSkills", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<TechnicianView, SetSkillsError> {
        manage(core, actor, self.id).await?;
        if self.skills.len() > Self::MAX {
            return Err(SetSkillsError::TooMany);
        }
        let mut named = HashSet::new();
        if let Some(index) = self.skills.iter().position(|(skill, _)| !named.insert(*skill)) {
            return Err(SetSkillsError::Duplicate(index));
        }
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let technician = work.technicians().find_for_update(self.id).await?.ok_or(Refusal::NotFound)?;
        self.expected_version.check(technician.version)?;
        work.technicians().set_skills(self.id, &self.skills).await?;
        let technician = work.technicians().update(&technician, now).await?;
        let event = AuditEvent::success(AuditKind::TechnicianUpdated, actor.origin(), now)
            .on("technician", self.id.0)
            .with("fields", "skills");
        work.audit().append(event).await?;
        work.commit().await?;
        Ok(shown(core, technician).await?)
    }
}
