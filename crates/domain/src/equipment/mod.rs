//! Equipment: the machines, their tree, and what state they are in.

mod repository;
mod values;

pub use repository::{EquipmentNames, EquipmentRepository, KnownNames};
pub use values::{
    Criticality, Equipment, EquipmentDraft, EquipmentId, EquipmentStatus, MaintenanceInterval, MaintenanceIntervalError,
};
