//! Equipment inside a unit of work.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;

use super::{Equipment, EquipmentDraft, EquipmentId};
use crate::clock::Instant;
use crate::customers::CustomerId;
use crate::repository::Stored;
use crate::text::Line;

/// What new machines are called and point at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EquipmentNames {
    /// The plant's codes.
    pub codes: HashSet<Line<50>>,
    /// The makers' numbers.
    pub serial_numbers: HashSet<Line<100>>,
    /// Whose they are.
    pub customers: HashSet<CustomerId>,
}

/// Which [`EquipmentNames`] the database knows already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownNames {
    /// The codes in use, with the machines that have them.
    pub codes: HashMap<Line<50>, EquipmentId>,
    /// The serial numbers in use.
    pub serial_numbers: HashSet<Line<100>>,
    /// The customers that exist.
    pub customers: HashSet<CustomerId>,
}

/// Equipment inside a unit of work.
#[async_trait]
pub trait EquipmentRepository: Send {
    /// Stores a new machine at version 1. MUST return `Conflict(EquipmentCodeTaken)`, `Conflict(SerialNumberTaken)`,
    /// `Conflict(UnknownCustomer)` or `Conflict(UnknownParent)` when the database says so.
    async fn insert(&mut self, sheet: EquipmentDraft, at: Instant) -> Stored<Equipment>;

    /// Stores many new machines at version 1, as [`EquipmentRepository::insert`] would one by one and with its conflicts, in
    /// few statements. Returns the identifiers of those that have a code.
    async fn insert_all(&mut self, sheets: Vec<EquipmentDraft>, at: Instant) -> Stored<HashMap<Line<50>, EquipmentId>>;

    /// Which of these names are in use or exist. Others may still take one before the unit ends.
    async fn known_names(&mut self, names: &EquipmentNames) -> Stored<KnownNames>;

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
