//! Interventions: the work itself. [`lifecycle`] is where a newcomer looks first: the only place that knows which step is
//! allowed in which state, and for whom.

mod history;
pub mod lifecycle;
mod reference;
mod repository;
mod values;

pub use history::{HistoryEntry, NewHistoryEntry};
pub use lifecycle::{Caller, Step, StepError};
pub use reference::{Reference, ReferenceError};
pub use repository::{InterventionRepository, SlotConflict};
pub use values::{
    Closing, Intervention, InterventionDraft, InterventionId, InterventionKind, Minutes, MinutesError, NewIntervention,
    Priority, Rating, RatingError, Slot, SlotError, Status,
};
