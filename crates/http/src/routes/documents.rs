//! `/documents`.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use mif_application::documents::{DeleteDocument, GetDocument, ListDocuments, RepeatedUpload, UploadDocument};
use mif_application::idempotency::Done;
use mif_domain::documents::{Attachment, Document, DocumentId, FileName, UPLOAD_WITHIN};
use mif_domain::equipment::EquipmentId;
use mif_domain::idempotency::StoredAnswer;
use mif_domain::interventions::InterventionId;
use mif_domain::queries::{DocumentFilter, DocumentSort};
use mif_domain::text::Paragraph;
use serde_json::json;

use crate::ApiState;
use crate::answer::{created_answer, resource, stored};
use crate::extract::{Authenticated, Conditions, Id, IdempotencyHeader, Query, Upload, UploadBody, decode};
use crate::problem::{ApiResult, Code, FieldErrors, FieldProblem};
use crate::wire::documents::{DocumentListParams, DocumentRead, UploadForm, UploadParams};
use crate::wire::paging::{Paging, PagingOnly};

/// Store a document
///
/// `multipart/form-data` with the part `file`. What it belongs to stands in the address, or in fields before the file. The
/// file is checked while it arrives: its size, its kind (by content, which must agree with the name), and by the virus
/// scanner. It is stored encrypted. Nothing of a refused file is kept.
#[utoipa::path(
    operation_id = "deposerDocument", tag = "documents",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    params(UploadParams, ("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same file within 24 hours, the request gets the same answer")),
    responses((status = 201, description = "The document", body = DocumentRead, headers(("Location" = String), ("ETag" = String))),
        (status = 404, description = "`introuvable`"), (status = 408, description = "`corps_trop_lent`"),
        (status = 409, description = "`intervention_archivee`, `requete_en_cours`"),
        (status = 422, description = "`fichier_infecte` with `signature`, `type_fichier_refuse`, `validation`, `cle_idempotence_reutilisee`"),
        (status = 503, description = "`antivirus_indisponible`, `service_indisponible`"),
        (status = 507, description = "`stockage_plein`"))
)]
#[post("/documents")]
pub(crate) async fn deposit(
    state: Data<ApiState>,
    actor: Authenticated,
    params: Query<UploadParams>,
    key: IdempotencyHeader,
    request: HttpRequest,
    body: Payload,
) -> ApiResult {
    received(&state, &actor, params.0, &key, &request, body).await
}

/// Store a document
///
/// The same as `POST /documents`, for existing clients.
#[utoipa::path(
    operation_id = "deposerDocumentUpload", tag = "documents",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    params(UploadParams, ("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same file within 24 hours, the request gets the same answer")),
    responses((status = 201, description = "The document", body = DocumentRead, headers(("Location" = String), ("ETag" = String))),
        (status = 404, description = "`introuvable`"), (status = 408, description = "`corps_trop_lent`"),
        (status = 409, description = "`intervention_archivee`, `requete_en_cours`"),
        (status = 422, description = "`fichier_infecte` with `signature`, `type_fichier_refuse`, `validation`, `cle_idempotence_reutilisee`"),
        (status = 503, description = "`antivirus_indisponible`, `service_indisponible`"),
        (status = 507, description = "`stockage_plein`"))
)]
#[post("/documents/upload")]
pub(crate) async fn deposit_alias(
    state: Data<ApiState>,
    actor: Authenticated,
    params: Query<UploadParams>,
    key: IdempotencyHeader,
    request: HttpRequest,
    body: Payload,
) -> ApiResult {
    received(&state, &actor, params.0, &key, &request, body).await
}

async fn received(
    state: &ApiState,
    actor: &Authenticated,
    params: UploadParams,
    key: &IdempotencyHeader,
    request: &HttpRequest,
    body: Payload,
) -> ApiResult {
    let max_bytes = state.core.document_rules.max_bytes;
    let mut body = UploadBody::new(request, body);
    let storing = async {
        let mut upload = Upload::open(request, body.clone(), max_bytes).await?;
        store(state, actor, params, key, &mut upload).await
    };
    let outcome = tokio::time::timeout(UPLOAD_WITHIN, storing).await.unwrap_or_else(|_| Err(Code::SlowBody.into()));
    if outcome.is_err() {
        body.drain(max_bytes).await;
    }
    outcome
}

async fn store(
    state: &ApiState,
    actor: &Authenticated,
    params: UploadParams,
    key: &IdempotencyHeader,
    upload: &mut Upload,
) -> ApiResult {
    let params = params.and(decode::pairs(&upload.fields)?)?;
    let mut errors = FieldErrors::default();
    let attachment = errors.check("intervention_id", params.attachment());
    let named = upload.file_name.as_deref().ok_or(FieldProblem::Missing);
    let name = errors.check("file", named.and_then(|name| FileName::parse(name).map_err(FieldProblem::from)));
    let description = params.description.as_deref().filter(|text| !text.trim().is_empty());
    let description = description.and_then(|text| errors.check("description", Paragraph::parse(text)));
    let (attachment, name) = errors.finish_with((attachment, name))?;

    let about = match attachment {
        Attachment::Intervention(id) => json!({"intervention": id.0}),
        Attachment::Equipment(id) => json!({"equipement": id.0}),
    };
    let asked = json!([about, params.interne, description.as_ref().map(Paragraph::as_str), name.as_str()]);
    let repeated = RepeatedUpload {
        request: &|sha256| key.request(actor, format!("{asked} {sha256}").as_bytes()),
        render: &rendered,
    };
    let document = UploadDocument { attachment, name, description, internal: params.interne };
    match document.run(&state.core, actor, &mut upload.content, repeated).await {
        Ok(Done::Now(document)) => Ok(stored(&rendered(&document))),
        Ok(Done::Before(answer)) => Ok(stored(&answer)),
        // What the form itself did wrong says more than that the content ended.
        Err(error) => Err(upload.content.take_fault().unwrap_or_else(|| error.into())),
    }
}

fn rendered(document: &Document) -> StoredAnswer {
    let location = format!("/api/v1/documents/{}", document.id.0);
    created_answer(&location, document.version, &DocumentRead::from(document))
}

/// List documents
#[utoipa::path(
    operation_id = "listerDocuments", tag = "documents", params(DocumentListParams),
    responses((status = 200, description = "A page of documents", body = Vec<DocumentRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"), ("X-Total-Count" = i64, description = "With `total=true`"))),
        (status = 404, description = "`introuvable`: no such intervention or machine"))
)]
#[get("/documents")]
pub(crate) async fn list(
    state: Data<ApiState>,
    actor: Authenticated,
    params: Query<DocumentListParams>,
    request: HttpRequest,
) -> ApiResult {
    let filter = params.0.filter()?;
    let paging = Paging::read(&request, &params.0.paging())?;
    listed(&state, &actor, filter, paging).await
}

/// List the documents of an intervention
#[utoipa::path(
    operation_id = "listerDocumentsIntervention", tag = "documents",
    params(("id" = i64, Path, description = "The intervention"), PagingOnly),
    responses((status = 200, description = "A page of documents", body = Vec<DocumentRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"), ("X-Total-Count" = i64, description = "With `total=true`"))),
        (status = 404, description = "`introuvable`"))
)]
#[get("/interventions/{id}/documents")]
pub(crate) async fn of_intervention(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    params: Query<PagingOnly>,
    request: HttpRequest,
) -> ApiResult {
    of(&state, &actor, Attachment::Intervention(InterventionId(id.0)), &params.0, &request).await
}

/// List the documents of a machine
#[utoipa::path(
    operation_id = "listerDocumentsEquipement", tag = "documents",
    params(("id" = i64, Path, description = "The machine"), PagingOnly),
    responses((status = 200, description = "A page of documents", body = Vec<DocumentRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"), ("X-Total-Count" = i64, description = "With `total=true`"))),
        (status = 404, description = "`introuvable`"))
)]
#[get("/equipements/{id}/documents")]
pub(crate) async fn of_equipment(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    params: Query<PagingOnly>,
    request: HttpRequest,
) -> ApiResult {
    of(&state, &actor, Attachment::Equipment(EquipmentId(id.0)), &params.0, &request).await
}

async fn of(
    state: &ApiState,
    actor: &Authenticated,
    attachment: Attachment,
    params: &PagingOnly,
    request: &HttpRequest,
) -> ApiResult {
    let filter = DocumentFilter { attachment: Some(attachment), analysis: None };
    let paging = Paging::read(request, &params.paging())?;
    listed(state, actor, filter, paging).await
}

async fn listed(
    state: &ApiState,
    actor: &Authenticated,
    filter: DocumentFilter,
    paging: Paging<DocumentSort>,
) -> ApiResult {
    let documents = ListDocuments { filter, page: paging.request.clone() }.run(&state.core, actor).await?;
    Ok(paging.answer(&documents, DocumentRead::from))
}

/// Read what is known about a document
#[utoipa::path(
    operation_id = "lireDocument", tag = "documents",
    params(("id" = i64, Path, description = "The document"), ("If-None-Match" = Option<String>, Header, description = "The ETag that is known")),
    responses((status = 200, description = "The document, without its content", body = DocumentRead, headers(("ETag" = String))),
        (status = 304, description = "Unchanged"), (status = 404, description = "`introuvable`"))
)]
#[get("/documents/{id}")]
pub(crate) async fn read(state: Data<ApiState>, actor: Authenticated, id: Id, conditions: Conditions) -> ApiResult {
    let document = GetDocument { id: DocumentId(id.0) }.run(&state.core, &actor).await?;
    Ok(resource(&conditions, document.version, &DocumentRead::from(&document)))
}

/// Delete a document
///
/// Its key is forgotten with the row: from then on nobody can read the content. Technicians delete what they stored
/// themselves while the work is open.
#[utoipa::path(
    operation_id = "supprimerDocument", tag = "documents",
    params(("id" = i64, Path, description = "The document"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 204, description = "It is gone"), (status = 404, description = "`introuvable`"),
        (status = 412, description = "`version_perimee`"))
)]
#[delete("/documents/{id}")]
pub(crate) async fn remove(state: Data<ApiState>, actor: Authenticated, id: Id, conditions: Conditions) -> ApiResult {
    let delete = DeleteDocument { id: DocumentId(id.0), expected_version: conditions.expected_version };
    delete.run(&state.core, &actor).await?;
    Ok(HttpResponse::NoContent().finish())
}
