//! Equipment: the machines, their tree, and what state they are in.

mod repository;
mod values;

pub use repository::EquipmentRepository;
pub use values::{
    Criticality, Equipment, EquipmentDraft, EquipmentId, EquipmentStatus, MaintenanceInterval, MaintenanceIntervalError,
};
