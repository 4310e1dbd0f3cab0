//! Technicians and skills inside a unit of work.

use async_trait::async_trait;

use super::{Level, Skill, SkillId, SkillSheet, Technician, TechnicianId, TechnicianSheet};
use crate::clock::Instant;
use crate::repository::Stored;
use crate::users::UserId;

/// Technicians inside a unit of work.
#[async_trait]
pub trait TechnicianRepository: Send {
    /// Stores a technician for a user at version 1. MUST return `Conflict(TechnicianExists)` when the user has one.
    async fn insert(&mut self, user: UserId, sheet: TechnicianSheet, at: Instant) -> Stored<Technician>;

    /// Reads a technician and keeps others from changing them until the unit ends. Whoever gives work to a technician, or
    /// takes one away, holds this.
    async fn find_for_update(&mut self, id: TechnicianId) -> Stored<Option<Technician>>;

    /// The same by account.
    async fn find_of_user_for_update(&mut self, user: UserId) -> Stored<Option<Technician>>;

    /// Writes every field, sets `updated_at` and bumps the version. MUST return `Stale` when `technician.version` is not
    /// the stored one.
    async fn update(&mut self, technician: &Technician, at: Instant) -> Stored<Technician>;

    /// Replaces the skills of a technician. MUST return `Conflict(UnknownSkill)` when one does not exist.
    async fn set_skills(&mut self, id: TechnicianId, skills: &[(SkillId, Level)]) -> Stored<()>;

    /// How many interventions of a technician are neither closed nor cancelled nor archived.
    async fn count_open_work(&mut self, id: TechnicianId) -> Stored<u64>;
}

/// Skills inside a unit of work.
#[async_trait]
pub trait SkillRepository: Send {
    /// Stores a new skill. MUST return `Conflict(SkillNameTaken)` when there is one of that name, whatever its case.
    async fn insert(&mut self, sheet: SkillSheet, at: Instant) -> Stored<Skill>;
}
