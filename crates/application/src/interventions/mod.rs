//! Interventions: reported, dispatched, done, proved.

mod assign;
mod assignee;
mod candidates;
mod comment;
mod create;
mod equipment_state;
mod error;
mod late;
mod notify;
mod read;
mod slot;
mod step;
mod update;

pub use assign::{AssignIntervention, TakeIntervention};
pub use candidates::{RankedCandidate, SuggestTechnicians};
pub use comment::AddComment;
pub use create::CreateIntervention;
pub use error::InterventionError;
pub use late::NotifyLateness;
pub use read::{GetHistory, GetIntervention, InterventionWithSteps, ListInterventions};
pub use slot::MoveSlot;
pub use step::{StepOrTarget, TakeStep};
pub use update::{InterventionChanges, UpdateIntervention};
