//! Technicians: what those who do the work can do, and when they can be sent.

mod repository;
mod values;

pub use repository::{SkillRepository, TechnicianRepository};
pub use values::{
    Availability, HeldSkill, Level, Skill, SkillId, SkillSheet, Technician, TechnicianId, TechnicianSheet,
};
