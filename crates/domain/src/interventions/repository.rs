//! Interventions inside a unit of work.

use async_trait::async_trait;

use super::{Intervention, InterventionId, NewHistoryEntry, NewIntervention, Reference, Slot, Status};
use crate::clock::Instant;
use crate::equipment::EquipmentId;
use crate::repository::Stored;
use crate::technicians::TechnicianId;

/// Another intervention of the same technician at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotConflict {
    /// Which.
    pub id: InterventionId,
    /// Its number.
    pub reference: Reference,
}

/// Interventions inside a unit of work.
#[async_trait]
pub trait InterventionRepository: Send {
    /// The next reference of a year. MUST be one statement: no two units ever get the same one. Gaps are allowed.
    async fn next_reference(&mut self, year: u16) -> Stored<Reference>;

    /// Stores a new intervention as [`NewIntervention::stored_as`] has it. MUST return `Conflict(UnknownEquipment)` when the
    /// machine does not exist.
    async fn insert(&mut self, new: NewIntervention, at: Instant) -> Stored<Intervention>;

    /// Reads an intervention and keeps others from changing it until the unit ends.
    async fn find_for_update(&mut self, id: InterventionId) -> Stored<Option<Intervention>>;

    /// Writes every field that can change, sets `updated_at` and bumps the version. MUST return `Stale` when
    /// `intervention.version` is not the stored one. MUST forget that somebody was told it was late when the due date moves
    /// later or goes away, in the same statement.
    async fn update(&mut self, intervention: &Intervention, at: Instant) -> Stored<Intervention>;

    /// Appends to the history.
    async fn append_history(&mut self, entry: NewHistoryEntry) -> Stored<()>;

    /// Open work whose date has passed and of which nobody has been told, at most `limit`; marks it as told. Several
    /// replicas may call this at once: one intervention MUST go to one of them. Does not bump the version: telling is not
    /// an edit.
    async fn take_late(&mut self, at: Instant, limit: u32) -> Stored<Vec<Intervention>>;

    /// An intervention of the technician, other than `except`, that is open work and whose slot overlaps. Only meaningful
    /// while the technician is held by
    /// [`TechnicianRepository::find_for_update`](crate::technicians::TechnicianRepository::find_for_update).
    async fn find_overlap(
        &mut self,
        technician: TechnicianId,
        slot: Slot,
        except: Option<InterventionId>,
    ) -> Stored<Option<SlotConflict>>;

    /// How many correctives on a machine are in one of these states, other than `except`.
    async fn count_correctives(
        &mut self,
        equipment: EquipmentId,
        statuses: &[Status],
        except: InterventionId,
    ) -> Stored<u64>;
}
