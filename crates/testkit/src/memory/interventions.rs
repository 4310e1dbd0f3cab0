//! Interventions and their history.

use async_trait::async_trait;
use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::{
    Intervention, InterventionDraft, InterventionId, InterventionKind, InterventionRepository, NewHistoryEntry,
    NewIntervention, Reference, Slot, SlotConflict, Status,
};
use mif_domain::repository::Stored;
use mif_domain::technicians::TechnicianId;
use mif_domain::{Constraint, Instant, RepositoryError};

use super::Unit;
use super::state::State;

pub(super) struct Interventions<'a>(pub(super) &'a mut Unit);

/// Whether two slots have a moment in common.
pub(super) fn overlaps(one: Slot, other: Slot) -> bool {
    one.start() < other.end() && other.start() < one.end()
}

impl Interventions<'_> {
    /// What the schema refuses.
    fn check(&mut self, work: &Intervention) -> Stored<()> {
        let state = &self.0.state;
        let machine_known = state.equipment.contains_key(&work.draft.equipment_id);
        let customer_known = work.customer_id.is_none_or(|customer| state.customers.contains_key(&customer));
        let people_known = work.technician_id.is_none_or(|id| state.technicians.contains_key(&id))
            && work.author_id.is_none_or(|id| state.users.contains_key(&id));
        let number_free =
            state.interventions.values().all(|other| other.id == work.id || other.reference != work.reference);
        let needs_technician = matches!(work.status, Status::Assigned | Status::InProgress | Status::OnHold);
        let sound = (work.technician_id.is_some() || !needs_technician)
            && (work.status == Status::Archived || work.closed_at.is_some() == (work.status == Status::Closed));
        if !sound {
            return self.0.refuse(RepositoryError::Corrupt(format!("{:?} without what belongs to it", work.status)));
        }
        self.0.keep(machine_known, Constraint::UnknownEquipment)?;
        self.0.keep(customer_known, Constraint::UnknownCustomer)?;
        self.0.keep(people_known && number_free, Constraint::Other)
    }
}

#[async_trait]
impl InterventionRepository for Interventions<'_> {
    async fn next_reference(&mut self, year: u16) -> Stored<Reference> {
        let number = self.0.state.references.entry(year).or_default();
        *number += 1;
        match Reference::new(year, *number) {
            Ok(reference) => Ok(reference),
            Err(error) => self.0.refuse(RepositoryError::Corrupt(error.to_string())),
        }
    }

    async fn insert(&mut self, new: NewIntervention, at: Instant) -> Stored<Intervention> {
        let work = new.stored_as(InterventionId(self.0.state.next_id()), at);
        self.check(&work)?;
        self.0.state.interventions.insert(work.id, work.clone());
        Ok(work)
    }

    async fn find_for_update(&mut self, id: InterventionId) -> Stored<Option<Intervention>> {
        Ok(self.0.state.interventions.get(&id).cloned())
    }

    async fn update(&mut self, work: &Intervention, at: Instant) -> Stored<Intervention> {
        let Some(stored) = self.0.state.interventions.get(&work.id).filter(|old| old.version == work.version) else {
            return self.0.refuse(RepositoryError::Stale);
        };
        let updated = Intervention {
            reference: stored.reference,
            draft: InterventionDraft { equipment_id: stored.draft.equipment_id, ..work.draft.clone() },
            customer_id: stored.customer_id,
            author_id: stored.author_id,
            created_at: stored.created_at,
            updated_at: at,
            version: work.version + 1,
            ..work.clone()
        };
        let is_put_off = match (stored.draft.due_at, updated.draft.due_at) {
            (Some(before), Some(after)) => after > before,
            _ => true,
        };
        self.check(&updated)?;
        if is_put_off {
            self.0.state.told_late.remove(&updated.id);
        }
        self.0.state.interventions.insert(updated.id, updated.clone());
        Ok(updated)
    }

    async fn append_history(&mut self, entry: NewHistoryEntry) -> Stored<()> {
        let state = &self.0.state;
        let known = state.interventions.contains_key(&entry.intervention_id)
            && entry.user_id.is_none_or(|user| state.users.contains_key(&user));
        self.0.keep(known, Constraint::Other)?;
        let id = self.0.state.next_id();
        self.0.state.history.insert(id, entry);
        Ok(())
    }

    async fn take_late(&mut self, at: Instant, limit: u32) -> Stored<Vec<Intervention>> {
        let State { interventions, told_late, .. } = &mut self.0.state;
        let mut late: Vec<_> =
            interventions.values().filter(|work| work.is_late(at) && !told_late.contains(&work.id)).cloned().collect();
        late.sort_by_key(|work| (work.draft.due_at, work.id));
        late.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        told_late.extend(late.iter().map(|work| work.id));
        Ok(late)
    }

    async fn find_overlap(
        &mut self,
        technician: TechnicianId,
        slot: Slot,
        except: Option<InterventionId>,
    ) -> Stored<Option<SlotConflict>> {
        let others = self.0.state.open_work(technician).filter(|work| Some(work.id) != except);
        let meeting = others.filter(|work| work.draft.slot.is_some_and(|other| overlaps(slot, other)));
        let first = meeting.min_by_key(|work| (work.draft.slot.map(Slot::start), work.id));
        Ok(first.map(|work| SlotConflict { id: work.id, reference: work.reference }))
    }

    async fn count_correctives(
        &mut self,
        equipment: EquipmentId,
        statuses: &[Status],
        except: InterventionId,
    ) -> Stored<u64> {
        let counted = self.0.state.interventions.values().filter(|work| {
            work.draft.equipment_id == equipment
                && work.draft.kind == InterventionKind::Corrective
                && statuses.contains(&work.status)
                && work.id != except
        });
        Ok(counted.count() as u64)
    }
}
