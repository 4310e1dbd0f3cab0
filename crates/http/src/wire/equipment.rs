//! Equipment, as clients see it.

use chrono::{Datelike as _, NaiveDate};
use mif_application::equipment::EquipmentChanges;
use mif_domain::customers::CustomerId;
use mif_domain::equipment::{
    Criticality, Equipment, EquipmentDraft, EquipmentId, EquipmentStatus, MaintenanceInterval, MaintenanceIntervalError,
};
use mif_domain::queries::{EquipmentFilter, EquipmentSort};
use mif_domain::text::{Line, Paragraph};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::moment::Moment;
use super::paging::{PagingParams, SortField, SortKind};
use super::patch::{Patch, as_is};
use super::wire_words;
use crate::problem::{ApiError, FieldErrors, FieldProblem};

wire_words! {
    /// The state of a machine.
    StatutEquipement for EquipmentStatus {
        Operationnel = "operationnel" => Operational,
        Maintenance = "maintenance" => Maintenance,
        Panne = "panne" => Failed,
        Retire = "retire" => Retired,
    }
}

wire_words! {
    /// What the failure of a machine costs the plant.
    Criticite for Criticality {
        Critique = "critique" => Critical,
        Important = "important" => Important,
        Standard = "standard" => Standard,
        NonCritique = "non_critique" => NonCritical,
    }
}

impl From<MaintenanceIntervalError> for FieldProblem {
    fn from(_: MaintenanceIntervalError) -> Self {
        Self::Format("doit être entre 1 et 3650 jours", "must be between 1 and 3650 days")
    }
}

/// A machine.
#[derive(Serialize, ToSchema)]
#[schema(as = Equipement, example = json!({
    "id": 12, "nom": "Presse hydraulique 4", "code": "PR-004", "type": "presse", "localisation": "Atelier B",
    "parent_id": null, "client_id": null, "marque": "Schuler", "modele": "MH 400", "numero_serie": "SN-88213",
    "statut": "operationnel", "criticite": "critique", "frequence_entretien": 90,
    "date_mise_en_service": "2019-03-01", "description": null,
    "created_at": "2026-10-01T08:00:00Z", "updated_at": "2026-10-01T08:00:00Z", "version": 1
}))]
pub(crate) struct EquipmentRead<'a> {
    id: i64,
    nom: &'a str,
    code: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'a str,
    localisation: &'a str,
    parent_id: Option<i64>,
    client_id: Option<i64>,
    marque: Option<&'a str>,
    modele: Option<&'a str>,
    numero_serie: Option<&'a str>,
    statut: StatutEquipement,
    criticite: Criticite,
    /// Days between two maintenances.
    frequence_entretien: Option<u16>,
    date_mise_en_service: Option<NaiveDate>,
    description: Option<&'a str>,
    created_at: Moment,
    updated_at: Moment,
    /// What `If-Match` compares.
    version: i64,
}

impl<'a> From<&'a Equipment> for EquipmentRead<'a> {
    fn from(equipment: &'a Equipment) -> Self {
        let sheet = &equipment.sheet;
        Self {
            id: equipment.id.0,
            nom: sheet.name.as_str(),
            code: sheet.code.as_ref().map(Line::as_str),
            kind: sheet.kind.as_str(),
            localisation: sheet.location.as_str(),
            parent_id: sheet.parent_id.map(|id| id.0),
            client_id: sheet.customer_id.map(|id| id.0),
            marque: sheet.brand.as_ref().map(Line::as_str),
            modele: sheet.model.as_ref().map(Line::as_str),
            numero_serie: sheet.serial_number.as_ref().map(Line::as_str),
            statut: sheet.status.into(),
            criticite: sheet.criticality.into(),
            frequence_entretien: sheet.maintenance_interval.map(MaintenanceInterval::days),
            date_mise_en_service: sheet.commissioned_on,
            description: sheet.description.as_ref().map(Paragraph::as_str),
            created_at: equipment.created_at.into(),
            updated_at: equipment.updated_at.into(),
            version: equipment.version,
        }
    }
}

/// A new machine.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NouvelEquipement, example = json!({"nom": "Presse hydraulique 4", "type": "presse", "localisation": "Atelier B"}))]
pub(crate) struct EquipmentNew {
    #[schema(min_length = 1, max_length = 200)]
    pub(super) nom: String,
    /// The plant's own code, unique.
    #[schema(max_length = 50)]
    pub(super) code: Option<String>,
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 100)]
    pub(super) kind: String,
    #[schema(min_length = 1, max_length = 200)]
    pub(super) localisation: String,
    /// The machine it is a part of.
    pub(super) parent_id: Option<i64>,
    pub(super) client_id: Option<i64>,
    #[schema(max_length = 100)]
    pub(super) marque: Option<String>,
    #[schema(max_length = 100)]
    pub(super) modele: Option<String>,
    /// Unique.
    #[schema(max_length = 100)]
    pub(super) numero_serie: Option<String>,
    /// `operationnel` when absent.
    pub(super) statut: Option<StatutEquipement>,
    /// `standard` when absent.
    pub(super) criticite: Option<Criticite>,
    /// Days between two maintenances.
    #[schema(minimum = 1, maximum = 3650)]
    pub(super) frequence_entretien: Option<i64>,
    pub(super) date_mise_en_service: Option<NaiveDate>,
    #[schema(max_length = 4000)]
    pub(super) description: Option<String>,
}

impl EquipmentNew {
    pub(crate) fn parse(self) -> Result<EquipmentDraft, ApiError> {
        let mut errors = FieldErrors::default();
        let name = errors.check("nom", Line::parse(&self.nom));
        let kind = errors.check("type", Line::parse(&self.kind));
        let location = errors.check("localisation", Line::parse(&self.localisation));
        let code = optional(&mut errors, "code", self.code.as_deref());
        let brand = optional(&mut errors, "marque", self.marque.as_deref());
        let model = optional(&mut errors, "modele", self.modele.as_deref());
        let serial_number = optional(&mut errors, "numero_serie", self.numero_serie.as_deref());
        let interval = self
            .frequence_entretien
            .and_then(|days| errors.check("frequence_entretien", MaintenanceInterval::from_days(days)));
        let commissioned_on =
            self.date_mise_en_service.and_then(|date| errors.check("date_mise_en_service", civil_date(date)));
        let description = self.description.and_then(|text| errors.check("description", Paragraph::parse(&text)));
        let (name, kind, location) = errors.finish_with((name, kind, location))?;
        Ok(EquipmentDraft {
            name,
            code,
            kind,
            location,
            parent_id: self.parent_id.map(EquipmentId),
            customer_id: self.client_id.map(CustomerId),
            brand,
            model,
            serial_number,
            status: self.statut.map_or(EquipmentStatus::Operational, EquipmentStatus::from),
            criticality: self.criticite.map_or(Criticality::Standard, Criticality::from),
            maintenance_interval: interval,
            commissioned_on,
            description,
        })
    }
}

/// A date that a machine can have: databases and RFC 3339 end where typing errors in the year begin.
fn civil_date(date: NaiveDate) -> Result<NaiveDate, FieldProblem> {
    let sensible = (1800..=2200).contains(&date.year());
    let refused = FieldProblem::Format("doit être entre 1800 et 2200", "must be between 1800 and 2200");
    sensible.then_some(date).ok_or(refused)
}

/// A line that may be absent.
pub(crate) fn optional<const MAX: usize>(
    errors: &mut FieldErrors,
    name: &str,
    text: Option<&str>,
) -> Option<Line<MAX>> {
    text.and_then(|text| errors.check(name, Line::parse(text)))
}

/// What changes about a machine. What is absent stays; `null` empties.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ModificationEquipement, example = json!({"statut": "panne", "code": null}))]
pub(crate) struct EquipmentPatch {
    #[serde(default)]
    #[schema(value_type = String, max_length = 200)]
    nom: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 50)]
    code: Patch<String>,
    #[serde(rename = "type")]
    #[serde(default)]
    #[schema(value_type = String, max_length = 100)]
    kind: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, max_length = 200)]
    localisation: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    parent_id: Patch<i64>,
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    client_id: Patch<i64>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    marque: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    modele: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    numero_serie: Patch<String>,
    #[serde(default)]
    #[schema(value_type = StatutEquipement)]
    statut: Patch<StatutEquipement>,
    #[serde(default)]
    #[schema(value_type = Criticite)]
    criticite: Patch<Criticite>,
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 3650)]
    frequence_entretien: Patch<i64>,
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    date_mise_en_service: Patch<NaiveDate>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4000)]
    description: Patch<String>,
}

impl EquipmentPatch {
    pub(crate) fn parse(self) -> Result<EquipmentChanges, ApiError> {
        let mut errors = FieldErrors::default();
        let errs = &mut errors;
        let changes = EquipmentChanges {
            name: self.nom.required(errs, "nom", |text| Line::parse(&text)),
            code: self.code.optional(errs, "code", |text| Line::parse(&text)),
            kind: self.kind.required(errs, "type", |text| Line::parse(&text)),
            location: self.localisation.required(errs, "localisation", |text| Line::parse(&text)),
            parent_id: self.parent_id.optional(errs, "parent_id", |id| Ok::<_, FieldProblem>(EquipmentId(id))),
            customer_id: self.client_id.optional(errs, "client_id", |id| Ok::<_, FieldProblem>(CustomerId(id))),
            brand: self.marque.optional(errs, "marque", |text| Line::parse(&text)),
            model: self.modele.optional(errs, "modele", |text| Line::parse(&text)),
            serial_number: self.numero_serie.optional(errs, "numero_serie", |text| Line::parse(&text)),
            status: self.statut.required(errs, "statut", as_is),
            criticality: self.criticite.required(errs, "criticite", as_is),
            maintenance_interval: self.frequence_entretien.optional(
                errs,
                "frequence_entretien",
                MaintenanceInterval::from_days,
            ),
            commissioned_on: self.date_mise_en_service.optional(errs, "date_mise_en_service", civil_date),
            description: self.description.optional(errs, "description", |text| Paragraph::parse(&text)),
        };
        errors.finish()?;
        Ok(changes)
    }
}

impl SortField for EquipmentSort {
    const NAMES: &'static [(Self, &'static str, SortKind)] = &[
        (Self::Id, "id", SortKind::Number),
        (Self::Name, "nom", SortKind::Text),
        (Self::Code, "code", SortKind::Text),
        (Self::Kind, "type", SortKind::Text),
        (Self::Location, "localisation", SortKind::Text),
        (Self::Status, "statut", SortKind::Text),
        (Self::Criticality, "criticite", SortKind::Text),
        (Self::CreatedAt, "created_at", SortKind::Instant),
        (Self::UpdatedAt, "updated_at", SortKind::Instant),
    ];
    const DEFAULT: Self = Self::Id;
}

/// Which machines, in which order, which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EquipmentListParams {
    /// Part of the name, code, type, location, brand, model or serial number, without case or accents.
    q: Option<String>,
    /// Only this state.
    #[param(inline)]
    statut: Option<StatutEquipement>,
    /// Only this criticality.
    #[param(inline)]
    criticite: Option<Criticite>,
    /// Only this type.
    #[serde(rename = "type")]
    #[param(max_length = 200)]
    kind: Option<String>,
    /// Only this location.
    #[param(max_length = 200)]
    localisation: Option<String>,
    /// Only the parts of this machine.
    parent_id: Option<i64>,
    /// Only those of this customer.
    client_id: Option<i64>,
    /// Rows of the page, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// Rows to skip, for existing clients; `cursor` is better.
    #[param(maximum = 10000)]
    offset: Option<u32>,
    /// From the `Link` of the page before.
    cursor: Option<String>,
    /// `id`, `nom`, `code`, `type`, `localisation`, `statut`, `criticite`, `created_at` or `updated_at`; with `-` in front
    /// from large to small.
    #[param(pattern = "^-?(id|nom|code|type|localisation|statut|criticite|created_at|updated_at)$")]
    tri: Option<String>,
    /// Whether to count all rows into `X-Total-Count`.
    total: Option<bool>,
}

impl EquipmentListParams {
    pub(crate) fn filter(&self) -> Result<EquipmentFilter, ApiError> {
        let exact = |name, text: Option<&str>| filter_text::<200>(name, text);
        Ok(EquipmentFilter {
            text: search_term(self.q.as_deref())?,
            status: self.statut.map(EquipmentStatus::from),
            criticality: self.criticite.map(Criticality::from),
            kind: exact("type", self.kind.as_deref())?,
            location: exact("localisation", self.localisation.as_deref())?,
            parent_id: self.parent_id.map(EquipmentId),
            customer_id: self.client_id.map(CustomerId),
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

/// The `q` of a list: at most 100 characters; empty means none.
pub(crate) fn search_term(text: Option<&str>) -> Result<Option<String>, ApiError> {
    filter_text::<100>("q", text.filter(|text| !text.trim().is_empty()))
}

/// A filter that must equal the whole field.
pub(crate) fn filter_text<const MAX: usize>(name: &str, text: Option<&str>) -> Result<Option<String>, ApiError> {
    text.map(|text| Line::<MAX>::parse(text).map(String::from).map_err(|error| ApiError::field(name, error.into())))
        .transpose()
}
