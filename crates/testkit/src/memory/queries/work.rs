//! Customers, technicians, interventions and notifications, as far as they can be read without a database.

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::customers::{Customer, CustomerId};
use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::{HistoryEntry, Intervention, InterventionId, NewHistoryEntry, Slot, Status};
use mif_domain::notifications::Notification;
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{
    Candidate, CustomerFilter, CustomerQueries, CustomerScope, CustomerSort, InterventionFilter, InterventionQueries,
    InterventionScope, InterventionSort, InterventionView, NotificationFilter, NotificationQueries, NotificationSort,
    OperationsQueries, OutboxState, SkillFilter, SkillSort, TechnicianFilter, TechnicianLoad, TechnicianQueries,
    TechnicianSort, TechnicianView, UserView,
};
use mif_domain::repository::Stored;
use mif_domain::technicians::{HeldSkill, Skill, Technician, TechnicianId};
use mif_domain::text::{Line, searchable};
use mif_domain::users::UserId;

use super::super::interventions::overlaps;
use super::super::state::State;
use super::{NoQueries, first_rows};

/// Estimated, else as long as it is planned.
fn minutes(work: &Intervention) -> u64 {
    let planned = || work.draft.slot.map_or(0, |slot| (slot.end() - slot.start()).num_minutes().unsigned_abs());
    work.draft.estimated.map_or_else(planned, |estimated| u64::from(estimated.get()))
}

impl State {
    fn skills_of(&self, technician: TechnicianId) -> Vec<HeldSkill> {
        let held = self.held.iter().filter(|((holder, _), _)| *holder == technician);
        let mut skills: Vec<_> = held
            .filter_map(|((_, skill), level)| Some(HeldSkill { skill: self.skills.get(skill)?.clone(), level: *level }))
            .collect();
        skills.sort_by(|a, b| (&a.skill.sheet.name, a.skill.id).cmp(&(&b.skill.sheet.name, b.skill.id)));
        skills
    }

    fn technician_view(&self, technician: &Technician) -> Option<TechnicianView> {
        Some(TechnicianView {
            technician: technician.clone(),
            user: UserView::from(self.users.get(&technician.user_id)?.clone()),
            skills: self.skills_of(technician.id),
        })
    }

    fn intervention_view(&self, work: &Intervention) -> Option<InterventionView> {
        let technician = work.technician_id.and_then(|id| self.technicians.get(&id));
        Some(InterventionView {
            intervention: work.clone(),
            equipment_name: self.equipment.get(&work.draft.equipment_id)?.sheet.name.to_string(),
            technician_name: technician.and_then(|technician| self.name_of(technician.user_id)),
        })
    }

    fn candidate(
        &self,
        technician: &Technician,
        kind: &str,
        slot: Option<Slot>,
        except: InterventionId,
    ) -> Option<Candidate> {
        let same = |text: &Line<100>| searchable(text.as_str()) == searchable(kind);
        let matching = |held: &HeldSkill| same(&held.skill.sheet.domain) || same(&held.skill.sheet.name);
        let skills = self.skills_of(technician.id).into_iter().filter(matching);
        let mut others = self.open_work(technician.id).filter(|work| work.id != except);
        let mut taken = |slot| others.any(|work| work.draft.slot.is_some_and(|other| overlaps(slot, other)));
        Some(Candidate {
            technician_id: technician.id,
            name: self.name_of(technician.user_id)?,
            availability: technician.sheet.availability,
            zone: technician.sheet.zone.as_ref().map(ToString::to_string),
            matching_skills: skills.map(|held| (held.skill.sheet.name.to_string(), held.level)).collect(),
            open_work: self.open_work(technician.id).count() as u64,
            slot_taken: slot.is_some_and(&mut taken),
        })
    }
}

#[async_trait]
impl CustomerQueries for NoQueries {
    async fn find_customer(&self, id: CustomerId, scope: CustomerScope) -> Stored<Option<Customer>> {
        Ok(self.0.read(|state| state.customers.get(&id).cloned()).filter(|_| scope.admits(id)))
    }

    async fn list_customers(
        &self,
        scope: CustomerScope,
        _filter: &CustomerFilter,
        page: &PageRequest<CustomerSort>,
    ) -> Stored<Page<Customer>> {
        let rows = |state: &State| {
            first_rows(page, state.customers.values().filter(|customer| scope.admits(customer.id)).cloned())
        };
        Ok(self.0.read(rows))
    }
}

#[async_trait]
impl TechnicianQueries for NoQueries {
    async fn find_technician(&self, id: TechnicianId) -> Stored<Option<TechnicianView>> {
        Ok(self.0.read(|state| state.technician_view(state.technicians.get(&id)?)))
    }

    async fn list_technicians(
        &self,
        _filter: &TechnicianFilter,
        page: &PageRequest<TechnicianSort>,
    ) -> Stored<Page<TechnicianView>> {
        let working = |technician: &&Technician| technician.archived_at.is_none();
        let rows = |state: &State| {
            let technicians = state.technicians.values().filter(working);
            first_rows(page, technicians.filter_map(|technician| state.technician_view(technician)))
        };
        Ok(self.0.read(rows))
    }

    async fn technician_load(
        &self,
        id: TechnicianId,
        from: Instant,
        until: Instant,
        now: Instant,
    ) -> Stored<TechnicianLoad> {
        let in_period =
            |work: &&Intervention| work.draft.slot.is_some_and(|slot| (from..until).contains(&slot.start()));
        Ok(self.0.read(|state| TechnicianLoad {
            planned: state.open_work(id).filter(in_period).count() as u64,
            planned_minutes: state.open_work(id).filter(in_period).map(minutes).sum(),
            unplanned: state.open_work(id).filter(|work| work.draft.slot.is_none()).count() as u64,
            late: state.open_work(id).filter(|work| work.is_late(now)).count() as u64,
        }))
    }

    async fn list_skills(&self, _filter: &SkillFilter, page: &PageRequest<SkillSort>) -> Stored<Page<Skill>> {
        Ok(self.0.read(|state| first_rows(page, state.skills.values().cloned())))
    }
}

#[async_trait]
impl InterventionQueries for NoQueries {
    async fn find_intervention(
        &self,
        id: InterventionId,
        scope: InterventionScope,
    ) -> Stored<Option<InterventionView>> {
        Ok(self.0.read(|state| {
            let found = state.interventions.get(&id).filter(|work| scope.admits(work))?;
            state.intervention_view(found)
        }))
    }

    async fn list_interventions(
        &self,
        scope: InterventionScope,
        _filter: &InterventionFilter,
        page: &PageRequest<InterventionSort>,
    ) -> Stored<Page<InterventionView>> {
        let rows = |state: &State| {
            let in_scope = state.interventions.values().filter(|work| scope.admits(work));
            first_rows(page, in_scope.filter_map(|work| state.intervention_view(work)))
        };
        Ok(self.0.read(rows))
    }

    async fn intervention_history(&self, id: InterventionId, internal: bool) -> Stored<Vec<HistoryEntry>> {
        let told = |entry: &NewHistoryEntry| {
            let mut entry = entry.clone();
            if entry.is_internal && !internal {
                let is_comment = entry.from.is_none() && entry.remark.is_some();
                entry.remark = None;
                entry.is_internal = false;
                return (!is_comment).then_some(entry);
            }
            Some(entry)
        };
        Ok(self.0.read(|state| {
            let of_it = state.history.iter().filter(|(_, entry)| entry.intervention_id == id);
            let entries = of_it.filter_map(|(number, entry)| {
                let author = entry.user_id.and_then(|user| state.name_of(user));
                Some(HistoryEntry { id: *number, author, entry: told(entry)? })
            });
            entries.take(1000).collect()
        }))
    }

    async fn candidates(
        &self,
        equipment: EquipmentId,
        slot: Option<Slot>,
        except: InterventionId,
    ) -> Stored<Vec<Candidate>> {
        Ok(self.0.read(|state| {
            let Some(machine) = state.equipment.get(&equipment) else { return Vec::new() };
            let kind = machine.sheet.kind.as_str();
            let takes_work =
                |technician: &&Technician| technician.archived_at.is_none() && state.is_active(technician.user_id);
            let working = state.technicians.values().filter(takes_work);
            working.filter_map(|technician| state.candidate(technician, kind, slot, except)).collect()
        }))
    }
}

#[async_trait]
impl OperationsQueries for NoQueries {
    async fn outbox_state(&self) -> Stored<OutboxState> {
        Ok(self.0.read(|state| {
            let pending = || state.outbox.values().filter(|entry| !entry.given_up);
            OutboxState {
                pending: pending().count() as u64,
                oldest_at: pending().map(|entry| entry.enqueued_at).min(),
                failed: state.outbox.values().filter(|entry| entry.given_up).count() as u64,
            }
        }))
    }

    async fn interventions_by_status(&self) -> Stored<Vec<(Status, u64)>> {
        Ok(self.0.read(|state| {
            let count = |status: Status| state.interventions.values().filter(|work| work.status == status).count();
            Status::ALL.iter().map(|status| (*status, count(*status) as u64)).filter(|(_, count)| *count > 0).collect()
        }))
    }
}

#[async_trait]
impl NotificationQueries for NoQueries {
    async fn list_notifications(
        &self,
        user: UserId,
        _filter: &NotificationFilter,
        page: &PageRequest<NotificationSort>,
    ) -> Stored<Page<Notification>> {
        let own = |notification: &&Notification| notification.notice.user_id == user;
        Ok(self.0.read(|state| first_rows(page, state.notifications.values().filter(own).cloned())))
    }
}
