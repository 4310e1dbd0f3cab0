//! Whom to send: technicians in the order in which they fit, with the reasons.

use mif_domain::interventions::InterventionId;
use mif_domain::queries::{Candidate, CandidateReason};
use mif_domain::technicians::{Availability, Level};

use super::InterventionError;
use super::read::GetIntervention;
use crate::Core;
use crate::access::{Action, Actor, policy};

/// Ranks the technicians who take work.
#[derive(Debug, Clone, Copy)]
pub struct SuggestTechnicians {
    /// For which intervention.
    pub id: InterventionId,
}

/// A technician with a mark and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedCandidate {
    /// The technician.
    pub candidate: Candidate,
    /// The higher, the better they fit. Only the order means something.
    pub score: i64,
    /// What speaks for and against them.
    pub reasons: Vec<CandidateReason>,
}

impl SuggestTechnicians {
    /// For dispatchers; the best first, at most 1 000. Can fail with `NotFound` and `Denied`.
    #[tracing::instrument(target = "mif_trace", name = "SuggestTechnicians", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Vec<RankedCandidate>, InterventionError> {
        let found = GetIntervention { id: self.id }.run(core, actor).await?.view.intervention;
        policy::permit(actor, Action::DispatchInterventions)?;
        let scope = policy::equipment_scope(actor);
        let machine = core.queries.find_equipment(found.draft.equipment_id, scope).await?;
        let place = machine.map(|machine| mif_domain::text::searchable(machine.sheet.location.as_str()));
        let candidates = core.queries.candidates(found.draft.equipment_id, found.draft.slot, self.id).await?;
        let place = place.unwrap_or_default();
        let mut ranked: Vec<_> = candidates.into_iter().map(|candidate| rank(candidate, &place)).collect();
        ranked.sort_by_key(|ranked| (-ranked.score, ranked.candidate.technician_id));
        Ok(ranked)
    }
}

fn rank(candidate: Candidate, place: &str) -> RankedCandidate {
    let mut reasons = Vec::new();
    let mut score = 0;
    let best = candidate.matching_skills.iter().max_by_key(|(_, level)| *level);
    match best {
        Some((name, level)) => {
            score += 40 + skill_points(*level);
            reasons.push(CandidateReason::Skill { name: name.clone(), level: *level });
        }
        None => reasons.push(CandidateReason::NoSkill),
    }
    score += match candidate.availability {
        Availability::Available => 30,
        Availability::Busy => 10,
        Availability::Training => -20,
        Availability::OnLeave | Availability::Unavailable => -60,
    };
    reasons.push(CandidateReason::Availability(candidate.availability));
    // Each piece of open work counts, up to a full week of it.
    score -= 3 * i64::try_from(candidate.open_work.min(10)).unwrap_or(10);
    reasons.push(CandidateReason::Load { open: candidate.open_work });
    let same_zone = candidate.zone.as_deref().is_some_and(|zone| {
        let zone = mif_domain::text::searchable(zone);
        !zone.is_empty() && (place.contains(&zone) || zone.contains(place) && !place.is_empty())
    });
    if same_zone {
        score += 15;
        reasons.push(CandidateReason::SameZone);
    }
    if candidate.slot_taken {
        score -= 50;
        reasons.push(CandidateReason::SlotTaken);
    }
    RankedCandidate { candidate, score, reasons }
}

fn skill_points(level: Level) -> i64 {
    match level {
        Level::Beginner => 0,
        Level::Intermediate => 8,
        Level::Advanced => 16,
        Level::Expert => 24,
    }
}
