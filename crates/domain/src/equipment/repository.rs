//! Equipment inside a unit of work.

use async_trait::async_trait;

use super::{Equipment, EquipmentDraft, EquipmentId};
use crate::clock::Instant;
use crate::repository::Stored;

/// Equipment inside a unit of work.
#[async_trait]
pub trait EquipmentRepository: Send {
    /// Stores a new machine at version 1. MUST return `Conflict(EquipmentCodeTaken)`, `Conflict(SerialNumberTaken)`,
    /// `Conflict(UnknownCustomer)` or `Conflict(UnknownParent)` when the database says so.
    async fn insert(&mut self, sheet: EquipmentDraft, at: Instant) -> Stored<Equipment>;

    /// Reads a machine and keeps others from changing it until the unit ends.
    async fn find_for_update(&mut self, id: EquipmentId) -> Stored<Option<Equipment>>;

    /// Writes every field, sets `updated_at` and bumps the version. MUST return `Stale` when `equipment.version` is not
    /// the stored one, and the conflicts of [`EquipmentRepository::insert`].
    async fn update(&mut self, equipment: &Equipment, at: Instant) -> Stored<Equipment>;

    /// Deletes a machine. MUST return `Conflict(StillReferenced)` when something points at it, and `Stale` when
    /// `version` is not the stored one.
    async fn delete(&mut self, id: EquipmentId, version: i64) -> Stored<()>;

    /// Whether `candidate` is `id` itself or stands somewhere below it. Only meaningful under
    /// [`NamedLock::EquipmentTree`](crate::unit_of_work::NamedLock::EquipmentTree).
    async fn is_within(&mut self, candidate: EquipmentId, id: EquipmentId) -> Stored<bool>;
}
