//! The OpenAPI document and its human pages, all from memory.

use std::sync::{Arc, LazyLock};

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use utoipa_swagger_ui::Config;

use crate::problem::{ApiResult, Code};

/// Serialised once.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| crate::document().to_json().unwrap_or_default());

/// The OpenAPI document
#[utoipa::path(operation_id = "lireDocumentation", tag = "documentation", security(()),
    responses((status = 200, description = "This document", body = Object)))]
#[get("/openapi.json")]
pub(crate) async fn document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT.as_str())
}

/// To the human pages
#[utoipa::path(operation_id = "ouvrirPages", tag = "documentation", security(()), responses((status = 308, description = "To `/docs/`")))]
#[get("/docs")]
pub(crate) async fn redirect() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

/// Human pages
///
/// Swagger UI, with its assets compiled in.
#[utoipa::path(operation_id = "lirePage", tag = "documentation", security(()),
    params(("file" = String, Path, description = "A file of the pages; empty for the start")),
    responses((status = 200, description = "The file", body = String, content_type = "text/html"), (status = 404, description = "`route_inconnue`")))]
#[get("/docs/{file:.*}")]
pub(crate) async fn page(file: Path<String>, config: Data<Arc<Config<'static>>>) -> ApiResult {
    let file = utoipa_swagger_ui::serve(&file, Arc::clone(&config)).map_err(|_| Code::Internal)?;
    let file = file.ok_or(Code::UnknownRoute)?;
    let mut response = HttpResponse::Ok();
    if file.gzpipped {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    response.insert_header((header::CACHE_CONTROL, "public, max-age=3600"));
    Ok(response.content_type(file.content_type).body(file.bytes.into_owned()))
}

/// How the pages are set up.
pub(crate) fn config() -> Arc<Config<'static>> {
    let config = Config::new(["/openapi.json"])
        .display_operation_id(true)
        .display_request_duration(true)
        .doc_expansion("list")
        .deep_linking(true)
        .validator_url("none");
    Arc::new(config)
}
