//! Technicians and skills, read.

use async_trait::async_trait;

use super::UserView;
use crate::clock::Instant;
use crate::paging::{Page, PageRequest};
use crate::repository::Stored;
use crate::technicians::{Availability, HeldSkill, Level, Skill, SkillId, Technician, TechnicianId};
use crate::words::words;

words! {
    /// What a list of technicians can be sorted by.
    TechnicianSort {
        /// By identifier, that is by age.
        Id = "id",
        /// By the username of their account.
        Username = "username",
        /// By team.
        Team = "team",
        /// By zone.
        Zone = "zone",
        /// By availability.
        Availability = "availability",
    }
}

/// What a list of technicians can be narrowed by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TechnicianFilter {
    /// Only those whose username, name or e-mail address holds this, without case or accents.
    pub text: Option<String>,
    /// Only those of this team.
    pub team: Option<String>,
    /// Only those of this zone.
    pub zone: Option<String>,
    /// Only those in this state.
    pub availability: Option<Availability>,
    /// Only those of this level.
    pub level: Option<Level>,
    /// Only those who have this skill.
    pub skill_id: Option<SkillId>,
    /// Also those who take no work any more.
    pub with_archived: bool,
}

words! {
    /// What a list of skills can be sorted by.
    SkillSort {
        /// By identifier, that is by age.
        Id = "id",
        /// By name.
        Name = "name",
        /// By domain.
        Domain = "domain",
    }
}

/// What a list of skills can be narrowed by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SkillFilter {
    /// Only those of this domain.
    pub domain: Option<String>,
}

/// A technician with their account and skills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TechnicianView {
    /// What is stored.
    pub technician: Technician,
    /// Their account.
    pub user: UserView,
    /// What they can do, by name.
    pub skills: Vec<HeldSkill>,
}

/// How much work a technician has in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TechnicianLoad {
    /// Open interventions planned to start in the period.
    pub planned: u64,
    /// Their estimated or planned duration together, in minutes.
    pub planned_minutes: u64,
    /// Open interventions without a date.
    pub unplanned: u64,
    /// Open interventions that should be done already.
    pub late: u64,
}

/// Technicians and skills, read. Whoever may see one sees them all.
#[async_trait]
pub trait TechnicianQueries: Send + Sync {
    /// One technician, archived or not.
    async fn find_technician(&self, id: TechnicianId) -> Stored<Option<TechnicianView>>;
    /// A page of technicians: the rows in one statement, their skills in a second one.
    async fn list_technicians(
        &self,
        filter: &TechnicianFilter,
        page: &PageRequest<TechnicianSort>,
    ) -> Stored<Page<TechnicianView>>;
    /// The load of a technician from `from` until `until`.
    async fn technician_load(
        &self,
        id: TechnicianId,
        from: Instant,
        until: Instant,
        now: Instant,
    ) -> Stored<TechnicianLoad>;
    /// A page of skills.
    async fn list_skills(&self, filter: &SkillFilter, page: &PageRequest<SkillSort>) -> Stored<Page<Skill>>;
}
