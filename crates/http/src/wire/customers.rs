//! Customers, as clients see them.

use mif_application::customers::CustomerChanges;
use mif_domain::customers::{BusinessId, BusinessIdError, Customer, CustomerSheet, ServiceLevel};
use mif_domain::queries::{CustomerFilter, CustomerSort};
use mif_domain::text::Line;
use mif_domain::users::EmailAddress;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::equipment::{optional, search_term};
use super::moment::Moment;
use super::paging::{PagingParams, SortField, SortKind};
use super::patch::{Patch, as_is};
use super::wire_words;
use crate::problem::{ApiError, FieldErrors, FieldProblem};

wire_words! {
    /// How much service a customer was promised.
    NiveauService for ServiceLevel {
        Premium = "premium" => Premium,
        Standard = "standard" => Standard,
        Basique = "basique" => Basic,
    }
}

impl From<BusinessIdError> for FieldProblem {
    fn from(_: BusinessIdError) -> Self {
        Self::Format("doit avoir 15 chiffres", "must have 15 digits")
    }
}

/// A customer.
#[derive(Serialize, ToSchema)]
#[schema(as = Client, example = json!({
    "id": 3, "nom": "Conserverie Atlas", "contact": "Leïla Chraïbi", "email": "achats@atlas.ma",
    "telephone": "+212 524 00 00 00", "adresse": "12, zone industrielle", "ville": "Safi", "ice": "001523478000061",
    "niveau_service": "premium", "is_active": true,
    "created_at": "2026-10-01T08:00:00Z", "updated_at": "2026-10-01T08:00:00Z", "version": 1
}))]
pub(crate) struct CustomerRead<'a> {
    id: i64,
    nom: &'a str,
    contact: Option<&'a str>,
    email: Option<&'a str>,
    telephone: Option<&'a str>,
    adresse: Option<&'a str>,
    ville: Option<&'a str>,
    /// Identifiant commun de l'entreprise: 15 digits.
    ice: Option<&'a str>,
    niveau_service: NiveauService,
    is_active: bool,
    created_at: Moment,
    updated_at: Moment,
    /// What `If-Match` compares.
    version: i64,
}

impl<'a> From<&'a Customer> for CustomerRead<'a> {
    fn from(customer: &'a Customer) -> Self {
        let sheet = &customer.sheet;
        Self {
            id: customer.id.0,
            nom: sheet.name.as_str(),
            contact: sheet.contact.as_ref().map(Line::as_str),
            email: sheet.email.as_ref().map(EmailAddress::as_str),
            telephone: sheet.phone.as_ref().map(Line::as_str),
            adresse: sheet.address.as_ref().map(Line::as_str),
            ville: sheet.city.as_ref().map(Line::as_str),
            ice: sheet.business_id.as_ref().map(BusinessId::as_str),
            niveau_service: sheet.service_level.into(),
            is_active: sheet.is_active,
            created_at: customer.created_at.into(),
            updated_at: customer.updated_at.into(),
            version: customer.version,
        }
    }
}

/// A new customer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NouveauClient, example = json!({"nom": "Conserverie Atlas", "ville": "Safi", "niveau_service": "premium"}))]
pub(crate) struct CustomerNew {
    #[schema(min_length = 1, max_length = 200)]
    nom: String,
    /// Whom to ask for.
    #[schema(max_length = 150)]
    contact: Option<String>,
    #[schema(format = Email, max_length = 254)]
    email: Option<String>,
    #[schema(max_length = 30)]
    telephone: Option<String>,
    #[schema(max_length = 300)]
    adresse: Option<String>,
    #[schema(max_length = 100)]
    ville: Option<String>,
    /// 15 digits; spaces between them are dropped.
    #[schema(pattern = "^ *([0-9] *){15}$")]
    ice: Option<String>,
    /// `standard` when absent.
    niveau_service: Option<NiveauService>,
    /// `true` when absent.
    is_active: Option<bool>,
}

impl CustomerNew {
    pub(crate) fn parse(self) -> Result<CustomerSheet, ApiError> {
        let mut errors = FieldErrors::default();
        let name = errors.check("nom", Line::parse(&self.nom));
        let contact = optional(&mut errors, "contact", self.contact.as_deref());
        let email = self.email.and_then(|text| errors.check("email", EmailAddress::parse(&text)));
        let phone = optional(&mut errors, "telephone", self.telephone.as_deref());
        let address = optional(&mut errors, "adresse", self.adresse.as_deref());
        let city = optional(&mut errors, "ville", self.ville.as_deref());
        let business_id = self.ice.and_then(|text| errors.check("ice", BusinessId::parse(&text)));
        let name = errors.finish_with(name)?;
        Ok(CustomerSheet {
            name,
            contact,
            email,
            phone,
            address,
            city,
            business_id,
            service_level: self.niveau_service.map_or(ServiceLevel::Standard, ServiceLevel::from),
            is_active: self.is_active.unwrap_or(true),
        })
    }
}

/// What changes about a customer. What is absent stays; `null` empties.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ModificationClient, example = json!({"niveau_service": "basique", "contact": null}))]
pub(crate) struct CustomerPatch {
    #[serde(default)]
    #[schema(value_type = String, max_length = 200)]
    nom: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 150)]
    contact: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Email, max_length = 254)]
    email: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 30)]
    telephone: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 300)]
    adresse: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    ville: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^ *([0-9] *){15}$")]
    ice: Patch<String>,
    #[serde(default)]
    #[schema(value_type = NiveauService)]
    niveau_service: Patch<NiveauService>,
    #[serde(default)]
    #[schema(value_type = bool)]
    is_active: Patch<bool>,
}

impl CustomerPatch {
    pub(crate) fn parse(self) -> Result<CustomerChanges, ApiError> {
        let mut errors = FieldErrors::default();
        let errs = &mut errors;
        let changes = CustomerChanges {
            name: self.nom.required(errs, "nom", |text| Line::parse(&text)),
            contact: self.contact.optional(errs, "contact", |text| Line::parse(&text)),
            email: self.email.optional(errs, "email", |text| EmailAddress::parse(&text)),
            phone: self.telephone.optional(errs, "telephone", |text| Line::parse(&text)),
            address: self.adresse.optional(errs, "adresse", |text| Line::parse(&text)),
            city: self.ville.optional(errs, "ville", |text| Line::parse(&text)),
            business_id: self.ice.optional(errs, "ice", |text| BusinessId::parse(&text)),
            service_level: self.niveau_service.required(errs, "niveau_service", as_is),
            is_active: self.is_active.required(errs, "is_active", as_is),
        };
        errors.finish()?;
        Ok(changes)
    }
}

impl SortField for CustomerSort {
    const NAMES: &'static [(Self, &'static str, SortKind)] = &[
        (Self::Id, "id", SortKind::Number),
        (Self::Name, "nom", SortKind::Text),
        (Self::City, "ville", SortKind::Text),
        (Self::ServiceLevel, "niveau_service", SortKind::Text),
        (Self::CreatedAt, "created_at", SortKind::Instant),
    ];
    const DEFAULT: Self = Self::Id;
}

/// Which customers, in which order, which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CustomerListParams {
    /// Part of the name, contact, e-mail address, city or ICE, without case or accents.
    q: Option<String>,
    /// Only this level of service.
    #[param(inline)]
    niveau_service: Option<NiveauService>,
    /// Only the active, or only the others.
    is_active: Option<bool>,
    /// Rows of the page, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// Rows to skip, for existing clients; `cursor` is better.
    #[param(maximum = 10000)]
    offset: Option<u32>,
    /// From the `Link` of the page before.
    cursor: Option<String>,
    /// `id`, `nom`, `ville`, `niveau_service` or `created_at`; with `-` in front from large to small.
    #[param(pattern = "^-?(id|nom|ville|niveau_service|created_at)$")]
    tri: Option<String>,
    /// Whether to count all rows into `X-Total-Count`.
    total: Option<bool>,
}

impl CustomerListParams {
    pub(crate) fn filter(&self) -> Result<CustomerFilter, ApiError> {
        Ok(CustomerFilter {
            text: search_term(self.q.as_deref())?,
            service_level: self.niveau_service.map(ServiceLevel::from),
            is_active: self.is_active,
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
