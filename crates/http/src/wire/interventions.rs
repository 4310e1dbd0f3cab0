//! Interventions, as clients see them.

use chrono::{DateTime, Datelike as _, Utc};
use mif_application::interventions::{InterventionChanges, InterventionWithSteps};
use mif_domain::Instant;
use mif_domain::customers::CustomerId;
use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::{
    Closing, InterventionDraft, InterventionKind, Minutes, MinutesError, Priority, Rating, RatingError, Slot,
    SlotError, Status, Step,
};
use mif_domain::queries::{InterventionFilter, InterventionSort, InterventionView, TimeSpan};
use mif_domain::technicians::TechnicianId;
use mif_domain::text::{Line, Paragraph};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::bound::Bound;
use super::equipment::search_term;
use super::moment::Moment;
use super::paging::{PagingParams, SortField, SortKind};
use super::patch::{Patch, as_is};
use super::wire_words;
use crate::problem::{ApiError, FieldErrors, FieldProblem};

wire_words! {
    /// Why an intervention is done.
    TypeIntervention for InterventionKind {
        Corrective = "corrective" => Corrective,
        Preventive = "preventive" => Preventive,
        Ameliorative = "ameliorative" => Improvement,
        Diagnostic = "diagnostic" => Diagnostic,
    }
}

wire_words! {
    /// Where an intervention is in its life.
    StatutIntervention for Status {
        Ouverte = "ouverte" => Open,
        Affectee = "affectee" => Assigned,
        EnCours = "en_cours" => InProgress,
        EnAttente = "en_attente" => OnHold,
        Cloturee = "cloturee" => Closed,
        Annulee = "annulee" => Cancelled,
        Archivee = "archivee" => Archived,
    }
}

wire_words! {
    /// What comes first. `critique` is understood as `urgente`, `moyenne` as `normale`.
    Priorite for Priority {
        Urgente = "urgente" | "critique" => Urgent,
        Haute = "haute" => High,
        Normale = "normale" | "moyenne" => Normal,
        Basse = "basse" => Low,
        Programmee = "programmee" => Scheduled,
    }
}

wire_words! {
    /// A step of the life cycle.
    Action for Step {
        Affecter = "affecter" => Assign,
        Prendre = "prendre" => Take,
        Demarrer = "demarrer" => Start,
        Suspendre = "suspendre" => Pause,
        Reprendre = "reprendre" => Resume,
        Cloturer = "cloturer" => Close,
        Annuler = "annuler" => Cancel,
        Archiver = "archiver" => Archive,
        Rouvrir = "rouvrir" => Reopen,
    }
}

impl From<MinutesError> for FieldProblem {
    fn from(_: MinutesError) -> Self {
        Self::Format("doit être entre 0 et 525600 minutes", "must be between 0 and 525600 minutes")
    }
}

impl From<RatingError> for FieldProblem {
    fn from(_: RatingError) -> Self {
        Self::Format("doit être entre 1 et 5", "must be between 1 and 5")
    }
}

impl From<SlotError> for FieldProblem {
    fn from(error: SlotError) -> Self {
        match error {
            SlotError::EndsBeforeStart => Self::Format("doit être après le début", "must be after the start"),
            SlotError::TooLong => Self::Format("ne doit pas dépasser 31 jours", "must not exceed 31 days"),
        }
    }
}

/// An intervention.
#[derive(Serialize, ToSchema)]
#[schema(as = Intervention, example = json!({
    "id": 42, "reference": "INT-2026-000042", "titre": "Fuite d'huile", "description": null, "type": "corrective",
    "statut": "en_cours", "priorite": "haute", "urgence": false, "date_creation": "2026-11-20T08:00:00.000000Z",
    "date_limite": null, "debut_prevu": null, "fin_prevue": null, "duree_estimee": 90,
    "date_debut": "2026-11-20T09:00:00.000000Z", "date_fin": null, "date_cloture": null, "rapport": null,
    "technicien_id": 3, "technicien_nom": "Karim Alaoui", "equipement_id": 12, "equipement_nom": "Presse hydraulique 4",
    "client_id": null, "cause_panne": null, "temps_arret": null, "satisfaction": null, "en_retard": false,
    "updated_at": "2026-11-20T09:00:00.000000Z", "version": 3
}))]
pub(crate) struct InterventionRead<'a> {
    id: i64,
    /// The number that people quote.
    reference: String,
    titre: &'a str,
    description: Option<&'a str>,
    #[serde(rename = "type")]
    kind: TypeIntervention,
    statut: StatutIntervention,
    priorite: Priorite,
    /// Whether production stands still.
    urgence: bool,
    date_creation: Moment,
    /// Until when it must be done.
    date_limite: Option<Moment>,
    debut_prevu: Option<Moment>,
    fin_prevue: Option<Moment>,
    /// Minutes.
    duree_estimee: Option<u32>,
    date_debut: Option<Moment>,
    date_fin: Option<Moment>,
    date_cloture: Option<Moment>,
    rapport: Option<&'a str>,
    technicien_id: Option<i64>,
    technicien_nom: Option<&'a str>,
    equipement_id: i64,
    equipement_nom: &'a str,
    /// Whose machine it was at creation.
    client_id: Option<i64>,
    cause_panne: Option<&'a str>,
    /// Minutes.
    temps_arret: Option<u32>,
    /// 1 to 5.
    satisfaction: Option<u8>,
    /// Whether it should have been done by now.
    en_retard: bool,
    updated_at: Moment,
    /// What `If-Match` compares.
    version: i64,
}

impl<'a> InterventionRead<'a> {
    pub(crate) fn new(view: &'a InterventionView, now: Instant) -> Self {
        let intervention = &view.intervention;
        let (draft, closing) = (&intervention.draft, &intervention.closing);
        Self {
            id: intervention.id.0,
            reference: intervention.reference.to_string(),
            titre: draft.title.as_str(),
            description: draft.description.as_ref().map(Paragraph::as_str),
            kind: draft.kind.into(),
            statut: intervention.status.into(),
            priorite: draft.priority.into(),
            urgence: draft.is_urgent,
            date_creation: intervention.created_at.into(),
            date_limite: draft.due_at.map(Moment::from),
            debut_prevu: draft.slot.map(|slot| slot.start().into()),
            fin_prevue: draft.slot.map(|slot| slot.end().into()),
            duree_estimee: draft.estimated.map(Minutes::get),
            date_debut: intervention.started_at.map(Moment::from),
            date_fin: intervention.finished_at.map(Moment::from),
            date_cloture: intervention.closed_at.map(Moment::from),
            rapport: closing.report.as_ref().map(Paragraph::as_str),
            technicien_id: intervention.technician_id.map(|id| id.0),
            technicien_nom: view.technician_name.as_deref(),
            equipement_id: draft.equipment_id.0,
            equipement_nom: &view.equipment_name,
            client_id: intervention.customer_id.map(|id| id.0),
            cause_panne: closing.failure_cause.as_ref().map(Line::as_str),
            temps_arret: closing.downtime.map(Minutes::get),
            satisfaction: intervention.rating.map(Rating::get),
            en_retard: intervention.is_late(now),
            updated_at: intervention.updated_at.into(),
            version: intervention.version,
        }
    }
}

/// An intervention, and what the caller may do to it now.
#[derive(Serialize, ToSchema)]
#[schema(as = InterventionDetail, example = json!({
    "id": 42, "reference": "INT-2026-000042", "titre": "Fuite d'huile", "type": "corrective", "statut": "affectee",
    "priorite": "haute", "urgence": false, "equipement_id": 12, "equipement_nom": "Presse hydraulique 4",
    "en_retard": false, "version": 2, "actions": ["demarrer", "annuler"]
}))]
pub(crate) struct InterventionDetail<'a> {
    #[serde(flatten)]
    intervention: InterventionRead<'a>,
    /// The steps that the caller may take now.
    actions: Vec<Action>,
}

impl<'a> InterventionDetail<'a> {
    pub(crate) fn new(found: &'a InterventionWithSteps, now: Instant) -> Self {
        let actions = found.steps.iter().map(|step| Action::from(*step)).collect();
        Self { intervention: InterventionRead::new(&found.view, now), actions }
    }
}

/// A new intervention.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NouvelleIntervention, example = json!({"titre": "Fuite d'huile", "type": "corrective", "equipement_id": 1, "priorite": "haute"}))]
pub(crate) struct InterventionNew {
    #[schema(min_length = 1, max_length = 200)]
    titre: String,
    #[schema(max_length = 4000)]
    description: Option<String>,
    /// `corrective` when absent.
    #[serde(rename = "type")]
    kind: Option<TypeIntervention>,
    /// Only `ouverte`: everything else is reached by steps.
    statut: Option<StatutIntervention>,
    /// `normale` when absent; a customer asks for `haute` at most.
    priorite: Option<Priorite>,
    urgence: Option<bool>,
    equipement_id: i64,
    technicien_id: Option<i64>,
    date_limite: Option<DateTime<Utc>>,
    /// Together with `fin_prevue`.
    debut_prevu: Option<DateTime<Utc>>,
    /// Together with `debut_prevu`.
    fin_prevue: Option<DateTime<Utc>>,
    /// Minutes.
    #[schema(minimum = 0, maximum = 525_600)]
    duree_estimee: Option<i64>,
    /// Whether the technician may have something else at that time.
    forcer: Option<bool>,
}

impl InterventionNew {
    pub(crate) fn parse(self) -> Result<(InterventionDraft, Option<TechnicianId>, bool), ApiError> {
        let mut errors = FieldErrors::default();
        let errs = &mut errors;
        let title = errs.check("titre", Line::parse(&self.titre));
        let description = self.description.and_then(|text| errs.check("description", Paragraph::parse(&text)));
        if self.statut.is_some_and(|statut| statut != StatutIntervention::Ouverte) {
            let problem = FieldProblem::Format("ne peut être que ouverte", "can only be ouverte");
            errs.check::<(), _>("statut", Err(problem));
        }
        let estimated = self.duree_estimee.and_then(|minutes| errs.check("duree_estimee", Minutes::parse(minutes)));
        let due_at = self.date_limite.and_then(|at| errs.check("date_limite", instant(at)));
        let slot = slot(errs, self.debut_prevu, self.fin_prevue);
        let title = errors.finish_with(title)?;
        let draft = InterventionDraft {
            title,
            description,
            kind: self.kind.map_or(InterventionKind::Corrective, InterventionKind::from),
            priority: self.priorite.map_or(Priority::Normal, Priority::from),
            is_urgent: self.urgence.unwrap_or(false),
            equipment_id: EquipmentId(self.equipement_id),
            due_at,
            slot,
            estimated,
        };
        Ok((draft, self.technicien_id.map(TechnicianId), self.forcer.unwrap_or(false)))
    }
}

/// A moment that work can have: typing errors in the year end here, and so do databases.
pub(crate) fn instant(at: DateTime<Utc>) -> Result<Instant, FieldProblem> {
    let sensible = (1970..=2200).contains(&at.year());
    let refused = FieldProblem::Format("doit être entre 1970 et 2200", "must be between 1970 and 2200");
    sensible.then(|| mif_domain::clock::truncate(at)).ok_or(refused)
}

/// Both ends, or neither.
pub(crate) fn slot(errors: &mut FieldErrors, start: Option<DateTime<Utc>>, end: Option<DateTime<Utc>>) -> Option<Slot> {
    match (start, end) {
        (None, None) => None,
        (Some(_), None) => errors.require("fin_prevue", None),
        (None, Some(_)) => errors.require("debut_prevu", None),
        (Some(start), Some(end)) => {
            let start = errors.check("debut_prevu", instant(start))?;
            let end = errors.check("fin_prevue", instant(end))?;
            errors.check("fin_prevue", Slot::new(start, end))
        }
    }
}

/// What changes about an intervention. What is absent stays; `null` empties. State and technician change by actions only,
/// the slot by `/creneau`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ModificationIntervention, example = json!({"priorite": "haute", "date_limite": "2026-12-01T17:00:00Z"}))]
pub(crate) struct InterventionPatch {
    #[serde(default)]
    #[schema(value_type = String, max_length = 200)]
    titre: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4000)]
    description: Patch<String>,
    #[serde(default, rename = "type")]
    #[schema(value_type = TypeIntervention)]
    kind: Patch<TypeIntervention>,
    #[serde(default)]
    #[schema(value_type = Priorite)]
    priorite: Patch<Priorite>,
    #[serde(default)]
    #[schema(value_type = bool)]
    urgence: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<DateTime<Utc>>)]
    date_limite: Patch<DateTime<Utc>>,
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 525_600)]
    duree_estimee: Patch<i64>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 8000)]
    rapport: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 300)]
    cause_panne: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 525_600)]
    temps_arret: Patch<i64>,
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 5)]
    satisfaction: Patch<i64>,
}

impl InterventionPatch {
    pub(crate) fn parse(self) -> Result<InterventionChanges, ApiError> {
        let mut errors = FieldErrors::default();
        let errs = &mut errors;
        let changes = InterventionChanges {
            title: self.titre.required(errs, "titre", |text| Line::parse(&text)),
            description: self.description.optional(errs, "description", |text| Paragraph::parse(&text)),
            kind: self.kind.required(errs, "type", as_is),
            priority: self.priorite.required(errs, "priorite", as_is),
            is_urgent: self.urgence.required(errs, "urgence", as_is),
            due_at: self.date_limite.optional(errs, "date_limite", instant),
            estimated: self.duree_estimee.optional(errs, "duree_estimee", Minutes::parse),
            report: self.rapport.optional(errs, "rapport", |text| Paragraph::parse(&text)),
            failure_cause: self.cause_panne.optional(errs, "cause_panne", |text| Line::parse(&text)),
            downtime: self.temps_arret.optional(errs, "temps_arret", Minutes::parse),
            rating: self.satisfaction.optional(errs, "satisfaction", Rating::parse),
        };
        errors.finish()?;
        Ok(changes)
    }
}

/// A step of the life cycle, by the state that it leads to.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangementStatut, example = json!({"statut": "cloturee", "rapport": "Joint remplacé", "temps_arret": 45}))]
pub(crate) struct StatusChange {
    pub(crate) statut: Option<StatutIntervention>,
    /// Why; required to suspend, cancel and reopen.
    #[schema(max_length = 2000)]
    pub(crate) remarque: Option<String>,
    /// Whether the remark is for staff alone.
    pub(crate) interne: Option<bool>,
    /// What was done, when closing.
    #[schema(max_length = 8000)]
    pub(crate) rapport: Option<String>,
    /// Why it had failed, when closing.
    #[schema(max_length = 300)]
    pub(crate) cause_panne: Option<String>,
    /// How long the machine stood still in minutes, when closing.
    #[schema(minimum = 0, maximum = 525_600)]
    pub(crate) temps_arret: Option<i64>,
}

impl StatusChange {
    pub(crate) fn remark(&self, errors: &mut FieldErrors) -> Option<Paragraph<2000>> {
        self.remarque.as_deref().and_then(|text| errors.check("remarque", Paragraph::parse(text)))
    }

    pub(crate) fn closing(&self, errors: &mut FieldErrors) -> Closing {
        Closing {
            report: self.rapport.as_deref().and_then(|text| errors.check("rapport", Paragraph::parse(text))),
            failure_cause: self.cause_panne.as_deref().and_then(|text| errors.check("cause_panne", Line::parse(text))),
            downtime: self.temps_arret.and_then(|minutes| errors.check("temps_arret", Minutes::parse(minutes))),
        }
    }
}

/// The step in the address, for existing clients.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatusParams {
    /// The state to lead to, when the body does not say.
    #[param(inline)]
    pub(crate) statut: Option<StatutIntervention>,
    /// Why, when the body does not say.
    #[param(max_length = 2000)]
    pub(crate) remarque: Option<String>,
}

/// To whom an intervention is given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Affectation, example = json!({"technicien_id": 3}))]
pub(crate) struct Assignment {
    pub(crate) technicien_id: i64,
    /// Whether the technician may have something else at that time.
    pub(crate) forcer: Option<bool>,
}

/// When an intervention is planned.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Creneau, example = json!({"debut_prevu": "2026-11-23T08:00:00Z", "fin_prevue": "2026-11-23T10:00:00Z"}))]
pub(crate) struct SlotChange {
    /// `null` together with `fin_prevue` for no time at all.
    pub(crate) debut_prevu: Option<DateTime<Utc>>,
    pub(crate) fin_prevue: Option<DateTime<Utc>>,
    /// Whether the technician may have something else at that time.
    pub(crate) forcer: Option<bool>,
}

/// A comment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NouveauCommentaire, example = json!({"commentaire": "Pièce commandée", "interne": true}))]
pub(crate) struct CommentNew {
    #[schema(min_length = 1, max_length = 2000)]
    pub(crate) commentaire: String,
    /// Whether it is for staff alone: `true` when absent, never for what a customer writes.
    pub(crate) interne: Option<bool>,
}

impl SortField for InterventionSort {
    const NAMES: &'static [(Self, &'static str, SortKind)] = &[
        (Self::Id, "id", SortKind::Number),
        (Self::Reference, "reference", SortKind::Text),
        (Self::Title, "titre", SortKind::Text),
        (Self::Status, "statut", SortKind::Number),
        (Self::Priority, "priorite", SortKind::Number),
        (Self::CreatedAt, "date_creation", SortKind::Instant),
        (Self::DueAt, "date_limite", SortKind::Instant),
        (Self::PlannedStart, "debut_prevu", SortKind::Instant),
        (Self::UpdatedAt, "updated_at", SortKind::Instant),
    ];
    const DEFAULT: Self = Self::Id;
}

/// Which page of the work on a machine.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryParams {
    /// Rows of the page, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// From the `Link` of the page before.
    cursor: Option<String>,
    /// Whether to count all rows into `X-Total-Count`.
    total: Option<bool>,
}

impl HistoryParams {
    pub(crate) fn paging(&self) -> PagingParams<'_> {
        PagingParams {
            limit: self.limit,
            offset: None,
            cursor: self.cursor.as_deref(),
            tri: Some("-id"),
            total: self.total,
        }
    }
}

/// Which interventions, in which order, which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InterventionListParams {
    /// Part of the reference, title or description, without case or accents.
    q: Option<String>,
    /// Only these states, separated by commas.
    #[param(
        pattern = "^(ouverte|affectee|en_cours|en_attente|cloturee|annulee|archivee)(,(ouverte|affectee|en_cours|en_attente|cloturee|annulee|archivee))*$"
    )]
    statut: Option<String>,
    /// Only this type.
    #[serde(rename = "type")]
    #[param(inline)]
    kind: Option<TypeIntervention>,
    /// Only this priority.
    #[param(inline)]
    priorite: Option<Priorite>,
    /// Only the urgent, or only the others.
    urgence: Option<bool>,
    /// Only those given to this technician.
    technicien_id: Option<i64>,
    /// Only those on this machine.
    equipement_id: Option<i64>,
    /// Only those of this customer.
    client_id: Option<i64>,
    /// Entered on this day or later (`2026-11-20`, or an instant).
    #[param(inline, value_type = Option<Bound>)]
    du: Option<Bound>,
    /// Entered on this day or earlier (`2026-11-20`, or before an instant).
    #[param(inline, value_type = Option<Bound>)]
    au: Option<Bound>,
    /// Due on this day or later.
    #[param(inline, value_type = Option<Bound>)]
    limite_du: Option<Bound>,
    /// Due on this day or earlier.
    #[param(inline, value_type = Option<Bound>)]
    limite_au: Option<Bound>,
    /// Only the late, or only the others.
    en_retard: Option<bool>,
    /// Rows of the page, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// Rows to skip, for existing clients; `cursor` is better.
    #[param(maximum = 10000)]
    offset: Option<u32>,
    /// From the `Link` of the page before.
    cursor: Option<String>,
    /// `id`, `reference`, `titre`, `statut`, `priorite`, `date_creation`, `date_limite`, `debut_prevu` or `updated_at`; with
    /// `-` in front from large to small. `-priorite` is what is most urgent first, `statut` the order of the life cycle.
    #[param(pattern = "^-?(id|reference|titre|statut|priorite|date_creation|date_limite|debut_prevu|updated_at)$")]
    tri: Option<String>,
    /// Whether to count all rows into `X-Total-Count`.
    total: Option<bool>,
}

impl InterventionListParams {
    pub(crate) fn filter(&self, now: Instant) -> Result<InterventionFilter, ApiError> {
        let mut errors = FieldErrors::default();
        let errs = &mut errors;
        let span = |from: Option<Bound>, until: Option<Bound>| TimeSpan {
            from: from.map(Bound::begins),
            until: until.map(Bound::ends),
        };
        let created = span(self.du, self.au);
        let due = span(self.limite_du, self.limite_au);
        let statuses = self.statut.as_deref().and_then(|words| errs.check("statut", statuses(words)));
        errors.finish()?;
        Ok(InterventionFilter {
            text: search_term(self.q.as_deref())?,
            statuses: statuses.unwrap_or_default(),
            kind: self.kind.map(InterventionKind::from),
            priority: self.priorite.map(Priority::from),
            is_urgent: self.urgence,
            technician_id: self.technicien_id.map(TechnicianId),
            equipment_id: self.equipement_id.map(EquipmentId),
            customer_id: self.client_id.map(CustomerId),
            created,
            due,
            late_at: self.en_retard.map(|late| (late, now)),
        })
    }

    pub(crate) fn paging(&self) -> PagingParams<'_> {
        PagingParams {
            limit: self.limit,
            offset: self.offset,
            cursor: self.cursor.as_deref(),
            tri: self.tri.as_deref(),
            total: self.total,
        }
    }
}

fn statuses(words: &str) -> Result<Vec<Status>, FieldProblem> {
    let read = |word: &str| {
        let value = serde_json::Value::String(word.trim().to_owned());
        serde_json::from_value::<StatutIntervention>(value).map(Status::from)
    };
    let expected = || FieldProblem::Type("ouverte, affectee, en_cours, en_attente, cloturee, annulee, archivee".into());
    words.split(',').map(read).collect::<Result<_, _>>().map_err(|_| expected())
}
