//! Machines.

mod create;
mod delete;
mod import;
mod read;
mod update;

pub use create::{CreateEquipment, CreateEquipmentError};
pub use delete::{DeleteEquipment, DeleteEquipmentError};
pub use import::{ImportEquipment, ImportEquipmentError, ImportRow, Imported, RowError, RowProblem};
pub use read::{GetEquipment, ListEquipment};
pub use update::{EquipmentChanges, UpdateEquipment, UpdateEquipmentError};
