//! The history of an intervention and who could be sent, as clients see them.

use mif_application::interventions::RankedCandidate;
use mif_domain::interventions::HistoryEntry;
use mif_domain::queries::CandidateReason;
use mif_domain::text::Paragraph;
use mif_domain::users::Language;
use serde::Serialize;
use utoipa::ToSchema;

use super::interventions::StatutIntervention;
use super::moment::Moment;
use super::technicians::{Disponibilite, Niveau};

/// Something that happened to an intervention: a step, or a comment.
#[derive(Serialize, ToSchema)]
#[schema(as = Historique, example = json!({
    "id": 7, "intervention_id": 42, "user_id": 5, "auteur": "Karim Alaoui", "de": "en_cours", "statut": "en_attente",
    "remarque": "Pièce commandée", "interne": true, "horodatage": "2026-11-20T09:30:00.000000Z"
}))]
pub(crate) struct HistoryRead<'a> {
    id: i64,
    intervention_id: i64,
    user_id: Option<i64>,
    /// `null` for the system.
    auteur: Option<&'a str>,
    /// The state before; `null` for the beginning and for comments.
    de: Option<StatutIntervention>,
    /// The state after.
    statut: StatutIntervention,
    remarque: Option<&'a str>,
    /// For staff alone.
    interne: bool,
    horodatage: Moment,
}

impl<'a> From<&'a HistoryEntry> for HistoryRead<'a> {
    fn from(found: &'a HistoryEntry) -> Self {
        let entry = &found.entry;
        Self {
            id: found.id,
            intervention_id: entry.intervention_id.0,
            user_id: entry.user_id.map(|id| id.0),
            auteur: found.author.as_deref(),
            de: entry.from.map(StatutIntervention::from),
            statut: entry.status.into(),
            remarque: entry.remark.as_ref().map(Paragraph::as_str),
            interne: entry.is_internal,
            horodatage: entry.at.into(),
        }
    }
}

/// A technician who could be sent, the best first.
#[derive(Serialize, ToSchema)]
#[schema(as = Candidat, example = json!({
    "technicien_id": 3, "nom": "Karim Alaoui", "score": 94, "disponibilite": "disponible", "charge": 2,
    "competences": [{"nom": "Hydraulique", "niveau": "expert"}], "raisons": ["Hydraulique (expert)", "disponible", "2 interventions ouvertes"]
}))]
pub(crate) struct CandidateRead {
    technicien_id: i64,
    nom: String,
    /// The higher, the better they fit; only the order means something.
    score: i64,
    disponibilite: Disponibilite,
    /// Open interventions.
    charge: u64,
    competences: Vec<CandidateSkill>,
    /// What speaks for and against them, for people.
    raisons: Vec<String>,
}

/// A skill that fits the machine.
#[derive(Serialize, ToSchema)]
#[schema(as = CompetenceCandidat, example = json!({"nom": "Hydraulique", "niveau": "expert"}))]
pub(crate) struct CandidateSkill {
    nom: String,
    niveau: Niveau,
}

impl CandidateRead {
    pub(crate) fn new(ranked: RankedCandidate, language: Language) -> Self {
        let raisons = ranked.reasons.iter().map(|reason| words(reason, language)).collect();
        let candidate = ranked.candidate;
        let skills = candidate.matching_skills.into_iter();
        Self {
            technicien_id: candidate.technician_id.0,
            nom: candidate.name,
            score: ranked.score,
            disponibilite: candidate.availability.into(),
            charge: candidate.open_work,
            competences: skills.map(|(nom, level)| CandidateSkill { nom, niveau: level.into() }).collect(),
            raisons,
        }
    }
}

fn words(reason: &CandidateReason, language: Language) -> String {
    let (fr, en) = match reason {
        CandidateReason::Skill { name, level } => {
            let level = word(Niveau::from(*level));
            (format!("{name} ({level})"), format!("{name} ({level})"))
        }
        CandidateReason::NoSkill => {
            ("pas de compétence pour ce type de machine".into(), "no skill for this kind of machine".into())
        }
        CandidateReason::Availability(state) => {
            let state = word(Disponibilite::from(*state));
            (state.clone(), state)
        }
        CandidateReason::Load { open } => {
            (format!("{open} interventions ouvertes"), format!("{open} open interventions"))
        }
        CandidateReason::SameZone => ("travaille dans cette zone".into(), "works in this zone".into()),
        CandidateReason::SlotTaken => ("déjà pris à ce moment".into(), "taken at that time".into()),
    };
    if language == Language::French { fr } else { en }
}

/// The wire's spelling of a word of a closed set.
fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
