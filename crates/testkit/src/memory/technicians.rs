//! Technicians and skills.

use async_trait::async_trait;
use mif_domain::repository::Stored;
use mif_domain::technicians::{
    Level, Skill, SkillId, SkillRepository, SkillSheet, Technician, TechnicianId, TechnicianRepository, TechnicianSheet,
};
use mif_domain::text::normalized;
use mif_domain::users::UserId;
use mif_domain::{Constraint, Instant, RepositoryError};

use super::Unit;

pub(super) struct Technicians<'a>(pub(super) &'a mut Unit);
pub(super) struct Skills<'a>(pub(super) &'a mut Unit);

#[async_trait]
impl TechnicianRepository for Technicians<'_> {
    async fn insert(&mut self, user: UserId, sheet: TechnicianSheet, at: Instant) -> Stored<Technician> {
        let first = self.0.state.technicians.values().all(|other| other.user_id != user);
        let user_known = self.0.state.users.contains_key(&user);
        self.0.keep(first, Constraint::TechnicianExists)?;
        self.0.keep(user_known, Constraint::Other)?;
        let technician = Technician {
            id: TechnicianId(self.0.state.next_id()),
            user_id: user,
            sheet,
            archived_at: None,
            created_at: at,
            updated_at: at,
            version: 1,
        };
        self.0.state.technicians.insert(technician.id, technician.clone());
        Ok(technician)
    }

    async fn find_for_update(&mut self, id: TechnicianId) -> Stored<Option<Technician>> {
        Ok(self.0.state.technicians.get(&id).cloned())
    }

    async fn find_of_user_for_update(&mut self, user: UserId) -> Stored<Option<Technician>> {
        Ok(self.0.state.technicians.values().find(|technician| technician.user_id == user).cloned())
    }

    async fn update(&mut self, technician: &Technician, at: Instant) -> Stored<Technician> {
        let stored = self.0.state.technicians.get(&technician.id).filter(|old| old.version == technician.version);
        let Some(stored) = stored else {
            return self.0.refuse(RepositoryError::Stale);
        };
        let updated = Technician {
            user_id: stored.user_id,
            created_at: stored.created_at,
            updated_at: at,
            version: technician.version + 1,
            ..technician.clone()
        };
        self.0.state.technicians.insert(updated.id, updated.clone());
        Ok(updated)
    }

    async fn set_skills(&mut self, id: TechnicianId, skills: &[(SkillId, Level)]) -> Stored<()> {
        let all_known = skills.iter().all(|(skill, _)| self.0.state.skills.contains_key(skill));
        self.0.keep(all_known, Constraint::UnknownSkill)?;
        self.0.state.held.retain(|(technician, _), _| *technician != id);
        self.0.state.held.extend(skills.iter().map(|(skill, level)| ((id, *skill), *level)));
        Ok(())
    }

    async fn count_open_work(&mut self, id: TechnicianId) -> Stored<u64> {
        Ok(self.0.state.open_work(id).count() as u64)
    }
}

#[async_trait]
impl SkillRepository for Skills<'_> {
    async fn insert(&mut self, sheet: SkillSheet, at: Instant) -> Stored<Skill> {
        let _ = at;
        let same = |other: &Skill| normalized(other.sheet.name.as_str()) == normalized(sheet.name.as_str());
        let free = !self.0.state.skills.values().any(same);
        self.0.keep(free, Constraint::SkillNameTaken)?;
        let skill = Skill { id: SkillId(self.0.state.next_id()), sheet };
        self.0.state.skills.insert(skill.id, skill.clone());
        Ok(skill)
    }
}
