//! Technicians and what they can do. A technician is made with an account of that role and archived when it loses it:
//! [`account`] is what the use cases on accounts call for that.

pub(crate) mod account;
mod archive;
mod create;
mod load;
mod read;
mod set_skills;
mod skills;
mod update;

pub use archive::ArchiveTechnician;
pub use create::{CreateTechnician, CreateTechnicianError};
pub use load::{GetTechnicianLoad, GetTechnicianLoadError, PeriodLoad};
pub use read::{GetTechnician, ListTechnicians};
pub use set_skills::{SetSkills, SetSkillsError};
pub use skills::{CreateSkill, CreateSkillError, ListSkills};
pub use update::{TechnicianChanges, UpdateTechnician, UpdateTechnicianError};
