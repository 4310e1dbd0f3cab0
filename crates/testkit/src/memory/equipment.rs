//! Equipment.

use std::collections::HashMap;

use async_trait::async_trait;
use mif_domain::documents::Attachment;
use mif_domain::equipment::{Equipment, EquipmentDraft, EquipmentId, EquipmentNames, EquipmentRepository, KnownNames};
use mif_domain::repository::Stored;
use mif_domain::text::Line;
use mif_domain::{Constraint, Instant, RepositoryError};

use super::Unit;

pub(super) struct Machines<'a>(pub(super) &'a mut Unit);

impl Machines<'_> {
    fn check(&mut self, id: Option<EquipmentId>, sheet: &EquipmentDraft) -> Stored<()> {
        let state = &self.0.state;
        let others = || state.equipment.values().filter(|other| Some(other.id) != id).map(|other| &other.sheet);
        let code_free = sheet.code.is_none() || others().all(|other| other.code != sheet.code);
        let number_free =
            sheet.serial_number.is_none() || others().all(|other| other.serial_number != sheet.serial_number);
        let customer_known = sheet.customer_id.is_none_or(|customer| state.customers.contains_key(&customer));
        let parent_known = sheet.parent_id.is_none_or(|parent| state.equipment.contains_key(&parent));
        let own_parent = id.is_some() && sheet.parent_id == id;
        if own_parent {
            return self.0.refuse(RepositoryError::Corrupt("a machine cannot be its own parent".to_owned()));
        }
        self.0.keep(code_free, Constraint::EquipmentCodeTaken)?;
        self.0.keep(number_free, Constraint::SerialNumberTaken)?;
        self.0.keep(parent_known, Constraint::UnknownParent)?;
        self.0.keep(customer_known, Constraint::UnknownCustomer)
    }

    fn stored_version(&self, id: EquipmentId) -> Option<i64> {
        self.0.state.equipment.get(&id).map(|stored| stored.version)
    }
}

#[async_trait]
impl EquipmentRepository for Machines<'_> {
    async fn insert(&mut self, sheet: EquipmentDraft, at: Instant) -> Stored<Equipment> {
        self.check(None, &sheet)?;
        let id = EquipmentId(self.0.state.next_id());
        let equipment = Equipment { id, sheet, created_at: at, updated_at: at, version: 1 };
        self.0.state.equipment.insert(id, equipment.clone());
        Ok(equipment)
    }

    async fn insert_all(&mut self, sheets: Vec<EquipmentDraft>, at: Instant) -> Stored<HashMap<Line<50>, EquipmentId>> {
        let mut coded = HashMap::new();
        for sheet in sheets {
            let made = self.insert(sheet, at).await?;
            coded.extend(made.sheet.code.map(|code| (code, made.id)));
        }
        Ok(coded)
    }

    async fn known_names(&mut self, names: &EquipmentNames) -> Stored<KnownNames> {
        let state = &self.0.state;
        let mut known = KnownNames::default();
        for machine in state.equipment.values() {
            let sheet = &machine.sheet;
            known
                .codes
                .extend(sheet.code.clone().filter(|code| names.codes.contains(code)).map(|code| (code, machine.id)));
            known
                .serial_numbers
                .extend(sheet.serial_number.clone().filter(|number| names.serial_numbers.contains(number)));
        }
        known.customers.extend(names.customers.iter().filter(|id| state.customers.contains_key(id)));
        Ok(known)
    }

    async fn find_for_update(&mut self, id: EquipmentId) -> Stored<Option<Equipment>> {
        Ok(self.0.state.equipment.get(&id).cloned())
    }

    async fn update(&mut self, equipment: &Equipment, at: Instant) -> Stored<Equipment> {
        let Some(stored) = self.0.state.equipment.get(&equipment.id).filter(|old| old.version == equipment.version)
        else {
            return self.0.refuse(RepositoryError::Stale);
        };
        let created_at = stored.created_at;
        self.check(Some(equipment.id), &equipment.sheet)?;
        let updated = Equipment { created_at, updated_at: at, version: equipment.version + 1, ..equipment.clone() };
        self.0.state.equipment.insert(updated.id, updated.clone());
        Ok(updated)
    }

    async fn delete(&mut self, id: EquipmentId, version: i64) -> Stored<()> {
        if self.stored_version(id) != Some(version) {
            return self.0.refuse(RepositoryError::Stale);
        }
        let childless = self.0.state.equipment.values().all(|other| other.sheet.parent_id != Some(id));
        let idle = self.0.state.interventions.values().all(|work| work.draft.equipment_id != id);
        let attached = Attachment::Equipment(id);
        let bare = self.0.state.documents.values().all(|document| document.content.attachment != attached);
        self.0.keep(childless && idle && bare, Constraint::StillReferenced)?;
        self.0.state.equipment.remove(&id);
        Ok(())
    }

    async fn is_within(&mut self, candidate: EquipmentId, id: EquipmentId) -> Stored<bool> {
        let machines = &self.0.state.equipment;
        let above = |of: &EquipmentId| machines.get(of).and_then(|machine| machine.sheet.parent_id);
        let start = machines.contains_key(&candidate).then_some(candidate);
        // The tree has no cycle; were there one, this many steps would have gone round it.
        Ok(std::iter::successors(start, above).take(machines.len()).any(|found| found == id))
    }
}
