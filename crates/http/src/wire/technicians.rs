//! Technicians and skills, as clients see them.

use mif_application::technicians::{CreateTechnician, PeriodLoad, TechnicianChanges};
use mif_domain::queries::{
    SkillFilter, SkillSort, TechnicianFilter, TechnicianSort, TechnicianView, TimeSpan, UserView,
};
use mif_domain::technicians::{Availability, HeldSkill, Level, Skill, SkillId, SkillSheet, TechnicianSheet};
use mif_domain::text::Line;
use mif_domain::users::{FullName, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::bound::Bound;
use super::equipment::{filter_text, optional, search_term};
use super::moment::Moment;
use super::paging::{PagingParams, SortField, SortKind};
use super::patch::{Patch, as_is};
use super::wire_words;
use crate::problem::{ApiError, FieldErrors};

wire_words! {
    /// Whether a technician can be sent.
    Disponibilite for Availability {
        Disponible = "disponible" => Available,
        Occupe = "occupe" | "occupé" => Busy,
        Conge = "conge" | "congé" => OnLeave,
        Formation = "formation" => Training,
        Indisponible = "indisponible" => Unavailable,
    }
}

wire_words! {
    /// How well somebody does something.
    Niveau for Level {
        Debutant = "debutant" | "débutant" => Beginner,
        Intermediaire = "intermediaire" | "intermédiaire" => Intermediate,
        Avance = "avance" | "avancé" => Advanced,
        Expert = "expert" => Expert,
    }
}

/// A technician.
#[derive(Serialize, ToSchema)]
#[schema(as = Technicien, example = json!({
    "id": 5,
    "user": {"id": 12, "username": "k.alaoui", "full_name": "Karim Alaoui", "email": "k.alaoui@exemple.ma", "is_active": true},
    "equipe": "Mécanique", "disponibilite": "disponible", "niveau": "avance", "zone": "Atelier B", "astreinte": true,
    "telephone": "+212 600 00 00 00",
    "competences": [{"id": 2, "nom": "Hydraulique", "domaine": "presse", "niveau": "expert"}],
    "archive": false, "created_at": "2026-10-01T08:00:00Z", "updated_at": "2026-10-01T08:00:00Z", "version": 1
}))]
pub(crate) struct TechnicianRead<'a> {
    id: i64,
    user: TechnicianAccount<'a>,
    equipe: Option<&'a str>,
    disponibilite: Disponibilite,
    niveau: Niveau,
    zone: Option<&'a str>,
    /// Can be called at night.
    astreinte: bool,
    telephone: Option<&'a str>,
    /// By name.
    competences: Vec<HeldSkillRead<'a>>,
    /// Takes no work any more.
    archive: bool,
    created_at: Moment,
    updated_at: Moment,
    /// What `If-Match` compares.
    version: i64,
}

/// The account of a technician.
#[derive(Serialize, ToSchema)]
#[schema(as = CompteTechnicien, example = json!({
    "id": 12, "username": "k.alaoui", "full_name": "Karim Alaoui", "email": "k.alaoui@exemple.ma", "is_active": true
}))]
pub(crate) struct TechnicianAccount<'a> {
    id: i64,
    username: &'a str,
    full_name: Option<&'a str>,
    email: &'a str,
    is_active: bool,
}

/// A skill of a technician.
#[derive(Serialize, ToSchema)]
#[schema(as = CompetenceAcquise, example = json!({"id": 2, "nom": "Hydraulique", "domaine": "presse", "niveau": "expert"}))]
pub(crate) struct HeldSkillRead<'a> {
    id: i64,
    nom: &'a str,
    domaine: &'a str,
    niveau: Niveau,
}

impl<'a> From<&'a UserView> for TechnicianAccount<'a> {
    fn from(user: &'a UserView) -> Self {
        Self {
            id: user.id.0,
            username: user.username.as_str(),
            full_name: user.full_name.as_ref().map(FullName::as_str),
            email: user.email.as_str(),
            is_active: user.is_active,
        }
    }
}

impl<'a> From<&'a HeldSkill> for HeldSkillRead<'a> {
    fn from(held: &'a HeldSkill) -> Self {
        let sheet = &held.skill.sheet;
        Self {
            id: held.skill.id.0,
            nom: sheet.name.as_str(),
            domaine: sheet.domain.as_str(),
            niveau: held.level.into(),
        }
    }
}

impl<'a> From<&'a TechnicianView> for TechnicianRead<'a> {
    fn from(view: &'a TechnicianView) -> Self {
        let technician = &view.technician;
        let sheet = &technician.sheet;
        Self {
            id: technician.id.0,
            user: (&view.user).into(),
            equipe: sheet.team.as_ref().map(Line::as_str),
            disponibilite: sheet.availability.into(),
            niveau: sheet.level.into(),
            zone: sheet.zone.as_ref().map(Line::as_str),
            astreinte: sheet.on_call,
            telephone: sheet.phone.as_ref().map(Line::as_str),
            competences: view.skills.iter().map(HeldSkillRead::from).collect(),
            archive: technician.archived_at.is_some(),
            created_at: technician.created_at.into(),
            updated_at: technician.updated_at.into(),
            version: technician.version,
        }
    }
}

/// A technician who is missing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NouveauTechnicien, example = json!({"user_id": 12, "equipe": "Mécanique", "niveau": "avance"}))]
pub(crate) struct TechnicianNew {
    /// An account of role `technicien`.
    user_id: i64,
    #[schema(max_length = 100)]
    equipe: Option<String>,
    /// `disponible` when absent.
    disponibilite: Option<Disponibilite>,
    /// `intermediaire` when absent.
    niveau: Option<Niveau>,
    #[schema(max_length = 100)]
    zone: Option<String>,
    /// `false` when absent.
    astreinte: Option<bool>,
    #[schema(max_length = 30)]
    telephone: Option<String>,
}

impl TechnicianNew {
    pub(crate) fn parse(self) -> Result<CreateTechnician, ApiError> {
        let mut errors = FieldErrors::default();
        let team = optional(&mut errors, "equipe", self.equipe.as_deref());
        let zone = optional(&mut errors, "zone", self.zone.as_deref());
        let phone = optional(&mut errors, "telephone", self.telephone.as_deref());
        errors.finish()?;
        let usual = TechnicianSheet::default();
        let sheet = TechnicianSheet {
            team,
            availability: self.disponibilite.map_or(usual.availability, Availability::from),
            level: self.niveau.map_or(usual.level, Level::from),
            zone,
            on_call: self.astreinte.unwrap_or(usual.on_call),
            phone,
        };
        Ok(CreateTechnician { user_id: UserId(self.user_id), sheet })
    }
}

/// What changes about a technician. What is absent stays; `null` empties.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ModificationTechnicien, example = json!({"disponibilite": "conge", "zone": null}))]
pub(crate) struct TechnicianPatch {
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    equipe: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Disponibilite)]
    disponibilite: Patch<Disponibilite>,
    #[serde(default)]
    #[schema(value_type = Niveau)]
    niveau: Patch<Niveau>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    zone: Patch<String>,
    #[serde(default)]
    #[schema(value_type = bool)]
    astreinte: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 30)]
    telephone: Patch<String>,
    /// `false` takes an archived technician back.
    #[serde(default)]
    #[schema(value_type = bool)]
    archive: Patch<bool>,
}

impl TechnicianPatch {
    pub(crate) fn parse(self) -> Result<TechnicianChanges, ApiError> {
        let mut errors = FieldErrors::default();
        let errs = &mut errors;
        let changes = TechnicianChanges {
            team: self.equipe.optional(errs, "equipe", |text| Line::parse(&text)),
            availability: self.disponibilite.required(errs, "disponibilite", as_is),
            level: self.niveau.required(errs, "niveau", as_is),
            zone: self.zone.optional(errs, "zone", |text| Line::parse(&text)),
            on_call: self.astreinte.required(errs, "astreinte", as_is),
            phone: self.telephone.optional(errs, "telephone", |text| Line::parse(&text)),
            archived: self.archive.required(errs, "archive", as_is),
        };
        errors.finish()?;
        Ok(changes)
    }
}

impl SortField for TechnicianSort {
    const NAMES: &'static [(Self, &'static str, SortKind)] = &[
        (Self::Id, "id", SortKind::Number),
        (Self::Username, "username", SortKind::Text),
        (Self::Team, "equipe", SortKind::Text),
        (Self::Zone, "zone", SortKind::Text),
        (Self::Availability, "disponibilite", SortKind::Text),
    ];
    const DEFAULT: Self = Self::Id;
}

/// Which technicians, in which order, which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TechnicianListParams {
    /// Part of the username, name or e-mail address, without case or accents.
    q: Option<String>,
    /// Only this team.
    #[param(max_length = 100)]
    equipe: Option<String>,
    /// Only this zone.
    #[param(max_length = 100)]
    zone: Option<String>,
    /// Only this state.
    #[param(inline)]
    disponibilite: Option<Disponibilite>,
    /// Only this level.
    #[param(inline)]
    niveau: Option<Niveau>,
    /// Only those who have this skill.
    competence_id: Option<i64>,
    /// Whether to show the archived ones too.
    archives: Option<bool>,
    /// Rows of the page, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// Rows to skip, for existing clients; `cursor` is better.
    #[param(maximum = 10000)]
    offset: Option<u32>,
    /// From the `Link` of the page before.
    cursor: Option<String>,
    /// `id`, `username`, `equipe`, `zone` or `disponibilite`; with `-` in front from large to small.
    #[param(pattern = "^-?(id|username|equipe|zone|disponibilite)$")]
    tri: Option<String>,
    /// Whether to count all rows into `X-Total-Count`.
    total: Option<bool>,
}

impl TechnicianListParams {
    pub(crate) fn filter(&self) -> Result<TechnicianFilter, ApiError> {
        Ok(TechnicianFilter {
            text: search_term(self.q.as_deref())?,
            team: filter_text::<100>("equipe", self.equipe.as_deref())?,
            zone: filter_text::<100>("zone", self.zone.as_deref())?,
            availability: self.disponibilite.map(Availability::from),
            level: self.niveau.map(Level::from),
            skill_id: self.competence_id.map(SkillId),
            with_archived: self.archives.unwrap_or(false),
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

/// Which period.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LoadParams {
    /// The beginning: an instant (RFC 3339) or a date; now when absent.
    #[param(inline, value_type = Option<Bound>, example = "2026-11-20")]
    du: Option<Bound>,
    /// The end: an instant, which does not belong to the period, or a date, which does; 7 days later when absent.
    #[param(inline, value_type = Option<Bound>, example = "2026-11-27T08:00:00Z")]
    au: Option<Bound>,
}

impl LoadParams {
    pub(crate) fn period(&self) -> TimeSpan {
        TimeSpan { from: self.du.map(Bound::begins), until: self.au.map(Bound::ends) }
    }
}

/// How much work a technician has in a period.
#[derive(Serialize, ToSchema)]
#[schema(as = ChargeTechnicien, example = json!({
    "technicien_id": 5, "du": "2026-11-20T08:00:00Z", "au": "2026-11-27T08:00:00Z", "planifiees": 6,
    "minutes_planifiees": 540, "non_planifiees": 2, "en_retard": 1
}))]
pub(crate) struct LoadRead {
    technicien_id: i64,
    du: Moment,
    au: Moment,
    /// Open interventions planned to start in the period.
    planifiees: u64,
    /// How long they take together.
    minutes_planifiees: u64,
    /// Open interventions without a date.
    non_planifiees: u64,
    /// Open interventions that should be done already.
    en_retard: u64,
}

impl From<PeriodLoad> for LoadRead {
    fn from(PeriodLoad { technician_id, from, until, load }: PeriodLoad) -> Self {
        Self {
            technicien_id: technician_id.0,
            du: from.into(),
            au: until.into(),
            planifiees: load.planned,
            minutes_planifiees: load.planned_minutes,
            non_planifiees: load.unplanned,
            en_retard: load.late,
        }
    }
}

/// A skill.
#[derive(Serialize, ToSchema)]
#[schema(as = Competence, example = json!({"id": 2, "nom": "Hydraulique", "domaine": "presse"}))]
pub(crate) struct SkillRead<'a> {
    id: i64,
    nom: &'a str,
    domaine: &'a str,
}

impl<'a> From<&'a Skill> for SkillRead<'a> {
    fn from(skill: &'a Skill) -> Self {
        Self { id: skill.id.0, nom: skill.sheet.name.as_str(), domaine: skill.sheet.domain.as_str() }
    }
}

/// A new skill.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NouvelleCompetence, example = json!({"nom": "Hydraulique", "domaine": "presse"}))]
pub(crate) struct SkillNew {
    /// Unique, whatever its case.
    #[schema(min_length = 1, max_length = 100)]
    nom: String,
    /// What it belongs to: a type of machine makes it count when technicians are suggested.
    #[schema(min_length = 1, max_length = 100)]
    domaine: String,
}

impl SkillNew {
    pub(crate) fn parse(self) -> Result<SkillSheet, ApiError> {
        let mut errors = FieldErrors::default();
        let name = errors.check("nom", Line::parse(&self.nom));
        let domain = errors.check("domaine", Line::parse(&self.domaine));
        let (name, domain) = errors.finish_with((name, domain))?;
        Ok(SkillSheet { name, domain })
    }
}

/// A skill that a technician has from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CompetenceAttribuee, example = json!({"competence_id": 2, "niveau": "expert"}))]
pub(crate) struct HeldSkillNew {
    competence_id: i64,
    niveau: Niveau,
}

impl From<HeldSkillNew> for (SkillId, Level) {
    fn from(held: HeldSkillNew) -> Self {
        (SkillId(held.competence_id), held.niveau.into())
    }
}

impl SortField for SkillSort {
    const NAMES: &'static [(Self, &'static str, SortKind)] = &[
        (Self::Id, "id", SortKind::Number),
        (Self::Name, "nom", SortKind::Text),
        (Self::Domain, "domaine", SortKind::Text),
    ];
    const DEFAULT: Self = Self::Id;
}

/// Which skills, in which order, which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SkillListParams {
    /// Only this domain.
    #[param(max_length = 100)]
    domaine: Option<String>,
    /// Rows of the page, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// Rows to skip, for existing clients; `cursor` is better.
    #[param(maximum = 10000)]
    offset: Option<u32>,
    /// From the `Link` of the page before.
    cursor: Option<String>,
    /// `id`, `nom` or `domaine`; with `-` in front from large to small.
    #[param(pattern = "^-?(id|nom|domaine)$")]
    tri: Option<String>,
    /// Whether to count all rows into `X-Total-Count`.
    total: Option<bool>,
}

impl SkillListParams {
    pub(crate) fn filter(&self) -> Result<SkillFilter, ApiError> {
        Ok(SkillFilter { domain: filter_text::<100>("domaine", self.domaine.as_deref())? })
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
