//! Documents, as clients see them.

use mif_domain::documents::{Analysis, Attachment, Document};
use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::InterventionId;
use mif_domain::queries::{DocumentFilter, DocumentSort};
use mif_domain::text::Paragraph;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::moment::Moment;
use super::paging::{PagingParams, SortField, SortKind};
use super::wire_words;
use crate::problem::{ApiError, FieldErrors, FieldProblem};

wire_words! {
    /// What the virus scanner said. `infectee`: newer signatures found something, the content is not handed out any more.
    AnalyseDocument for Analysis {
        Saine = "saine" => Clean,
        NonAnalyse = "non_analyse" => NotScanned,
        Infectee = "infectee" => Infected,
    }
}

/// A document, without its content.
#[derive(Serialize, ToSchema)]
#[schema(as = Document, example = json!({
    "id": 7, "filename": "Rapport compresseur A1.pdf", "mime_type": "application/pdf", "taille": 183_204,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "analyse": "saine", "signature": null,
    "description": null, "interne": true, "intervention_id": 42, "equipement_id": null, "uploaded_by": 12,
    "date_upload": "2026-11-20T08:00:00Z", "path": "/api/v1/documents/7/contenu"
}))]
pub(crate) struct DocumentRead<'a> {
    id: i64,
    filename: &'a str,
    mime_type: &'static str,
    /// Bytes.
    taille: u64,
    /// Of the content, in hexadecimal.
    sha256: String,
    analyse: AnalyseDocument,
    /// What was found in it, when something was.
    signature: Option<&'a str>,
    description: Option<&'a str>,
    /// Whether customers do not see it.
    interne: bool,
    intervention_id: Option<i64>,
    equipement_id: Option<i64>,
    uploaded_by: i64,
    date_upload: Moment,
    /// Where the content is.
    path: String,
}

impl<'a> From<&'a Document> for DocumentRead<'a> {
    fn from(document: &'a Document) -> Self {
        let content = &document.content;
        let (intervention_id, equipement_id) = match content.attachment {
            Attachment::Intervention(id) => (Some(id.0), None),
            Attachment::Equipment(id) => (None, Some(id.0)),
        };
        Self {
            id: document.id.0,
            filename: content.name.as_str(),
            mime_type: content.kind.media_type(),
            taille: content.file.size,
            sha256: content.sha256.to_string(),
            analyse: content.analysis.into(),
            signature: document.signature.as_ref().map(mif_domain::text::Line::as_str),
            description: content.description.as_ref().map(Paragraph::as_str),
            interne: content.is_internal,
            intervention_id,
            equipement_id,
            uploaded_by: content.uploaded_by.0,
            date_upload: document.created_at.into(),
            path: format!("/api/v1/documents/{}/contenu", document.id.0),
        }
    }
}

impl SortField for DocumentSort {
    const NAMES: &'static [(Self, &'static str, SortKind)] = &[
        (Self::Id, "id", SortKind::Number),
        (Self::Name, "filename", SortKind::Text),
        (Self::Size, "taille", SortKind::Number),
        (Self::CreatedAt, "date_upload", SortKind::Instant),
    ];
    const DEFAULT: Self = Self::Id;
}

/// What a file belongs to and what is said about it, in the address or in the form before the file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadParams {
    /// The intervention that the file belongs to: this or `equipement_id`.
    pub(crate) intervention_id: Option<i64>,
    /// The machine that the file belongs to: this or `intervention_id`.
    pub(crate) equipement_id: Option<i64>,
    /// About it, in words.
    #[param(max_length = 2000)]
    pub(crate) description: Option<String>,
    /// Whether customers do not see it: `true` when absent. What a customer stores never is.
    pub(crate) interne: Option<bool>,
}

/// A form with a file. A form has no `null`: what is not meant is left out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DocumentNouveau, example = json!({
    "intervention_id": 42, "description": "Avant la révision", "interne": true, "file": "%PDF-1.7 ..."
}))]
#[expect(dead_code, reason = "describes the form for the document; the form itself is read as a stream")]
pub(crate) struct UploadForm {
    /// The intervention that the file belongs to, when the address does not say. Before the file.
    #[serde(default)]
    #[schema(value_type = i64)]
    intervention_id: Option<i64>,
    /// The machine that the file belongs to, when the address does not say. Before the file.
    #[serde(default)]
    #[schema(value_type = i64)]
    equipement_id: Option<i64>,
    /// About it, in words. Before the file.
    #[serde(default)]
    #[schema(value_type = String, max_length = 2000)]
    description: Option<String>,
    /// Whether customers do not see it. Before the file.
    #[serde(default)]
    #[schema(value_type = bool)]
    interne: Option<bool>,
    /// The file, with its name.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

impl UploadParams {
    /// What stands in the address and in the form together; nothing may stand in both.
    pub(crate) fn and(self, form: Self) -> Result<Self, ApiError> {
        let mut errors = FieldErrors::default();
        let merged = Self {
            intervention_id: either(&mut errors, "intervention_id", self.intervention_id, form.intervention_id),
            equipement_id: either(&mut errors, "equipement_id", self.equipement_id, form.equipement_id),
            description: either(&mut errors, "description", self.description, form.description),
            interne: either(&mut errors, "interne", self.interne, form.interne),
        };
        errors.finish()?;
        Ok(merged)
    }

    /// The one thing that the file belongs to.
    pub(crate) fn attachment(&self) -> Result<Attachment, FieldProblem> {
        match (self.intervention_id, self.equipement_id) {
            (Some(id), None) => Ok(Attachment::Intervention(InterventionId(id))),
            (None, Some(id)) => Ok(Attachment::Equipment(EquipmentId(id))),
            (None, None) => Err(FieldProblem::Missing),
            (Some(_), Some(_)) => Err(FieldProblem::Format("exclut equipement_id", "excludes equipement_id")),
        }
    }
}

fn either<T>(errors: &mut FieldErrors, name: &str, one: Option<T>, other: Option<T>) -> Option<T> {
    if one.is_some() && other.is_some() {
        return errors.check(name, Err(FieldProblem::Duplicate));
    }
    one.or(other)
}

/// Which documents, in which order, which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DocumentListParams {
    /// Only those of this intervention.
    intervention_id: Option<i64>,
    /// Only those of this machine.
    equipement_id: Option<i64>,
    /// Only those of which the scanner said this.
    #[param(inline)]
    analyse: Option<AnalyseDocument>,
    /// Rows of the page, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// Rows to skip, for existing clients; `cursor` is better.
    #[param(maximum = 10000)]
    offset: Option<u32>,
    /// From the `Link` of the page before.
    cursor: Option<String>,
    /// `id`, `filename`, `taille` or `date_upload`; with `-` in front from large to small. `id` when absent.
    #[param(pattern = "^-?(id|filename|taille|date_upload)$")]
    tri: Option<String>,
    /// Whether to count all rows into `X-Total-Count`.
    total: Option<bool>,
}

impl DocumentListParams {
    pub(crate) fn filter(&self) -> Result<DocumentFilter, ApiError> {
        let attachment = match (self.intervention_id, self.equipement_id) {
            (None, None) => None,
            (Some(id), None) => Some(Attachment::Intervention(InterventionId(id))),
            (None, Some(id)) => Some(Attachment::Equipment(EquipmentId(id))),
            (Some(_), Some(_)) => {
                let problem = FieldProblem::Format("exclut equipement_id", "excludes equipement_id");
                return Err(ApiError::field("intervention_id", problem));
            }
        };
        Ok(DocumentFilter { attachment, analysis: self.analyse.map(Analysis::from) })
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
