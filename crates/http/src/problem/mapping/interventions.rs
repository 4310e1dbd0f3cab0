//! Errors of interventions.

use mif_application::interventions::InterventionError;
use serde_json::json;

use crate::problem::{ApiError, Code, FieldProblem};
use crate::wire::interventions::{Action, StatutIntervention};

impl From<InterventionError> for ApiError {
    fn from(error: InterventionError) -> Self {
        match error {
            InterventionError::Refused(refusal) => refusal.into(),
            InterventionError::NotYours => Code::Denied.into(),
            InterventionError::Forbidden { current, allowed } => {
                let actions: Vec<_> = allowed.into_iter().map(Action::from).collect();
                Self::from(Code::TransitionForbidden)
                    .with_member("statut_actuel", json!(StatutIntervention::from(current)))
                    .with_member("actions", json!(actions))
            }
            InterventionError::RemarkRequired => Self::field("remarque", FieldProblem::Missing),
            InterventionError::Archived => Code::InterventionArchived.into(),
            InterventionError::NotFinished => Code::NotFinished.into(),
            InterventionError::SlotTaken(taken) => Self::from(Code::SlotTaken)
                .with_member("intervention", json!({ "id": taken.id.0, "reference": taken.reference.to_string() })),
            InterventionError::UnknownEquipment => Self::field("equipement_id", FieldProblem::UnknownReference),
            InterventionError::UnknownTechnician => Self::field("technicien_id", FieldProblem::UnknownReference),
            InterventionError::PriorityTooHigh => {
                Self::field("priorite", FieldProblem::Format("doit être haute au plus", "must be haute at most"))
            }
            InterventionError::Idempotency(error) => error.into(),
        }
    }
}
