//! `/documents/{id}/contenu`: the content itself, whole or a part of it.

use std::ops::Range;
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get};
use bytes::Bytes;
use futures_util::{Stream, stream};
use mif_application::documents::{Download, DownloadDocument, GetDocument};
use mif_domain::documents::{Analysis, Document, DocumentId, FileStoreError};
use tokio::sync::mpsc;
use tracing::Instrument as _;

use crate::ApiState;
use crate::extract::{Authenticated, Conditions, Id};
use crate::problem::{ApiError, ApiResult, Code};
use crate::wire::content::{attachment, requested};

/// A client that takes nothing for so long is given up.
const IDLE: Duration = Duration::from_secs(30);
/// Opened in a browser all the same, a document runs nothing.
const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'");

/// Download a document
///
/// Whole, or a single range of bytes (RFC 9110, 14). Always as an attachment. Every byte was authenticated before it leaves.
#[utoipa::path(
    operation_id = "telechargerDocument", tag = "documents",
    params(("id" = i64, Path, description = "The document"),
        ("Range" = Option<String>, Header, description = "`bytes=0-1023`, `bytes=1024-`, `bytes=-512`; several ranges are answered with the whole"),
        ("If-Range" = Option<String>, Header, description = "The range only if this is still the ETag, else the whole"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag that is known")),
    responses(
        (status = 200, description = "The content", content_type = "*/*", body = [u8],
            headers(("ETag" = String), ("Content-Disposition" = String), ("Accept-Ranges" = String))),
        (status = 206, description = "A part of it", content_type = "*/*", body = [u8],
            headers(("ETag" = String), ("Content-Range" = String), ("Content-Disposition" = String), ("Accept-Ranges" = String))),
        (status = 304, description = "Unchanged"), (status = 404, description = "`introuvable`"),
        (status = 409, description = "`document_infecte` with `signature`"),
        (status = 416, description = "`plage_invalide`"))
)]
#[get("/documents/{id}/contenu")]
pub(crate) async fn download(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    conditions: Conditions,
    request: HttpRequest,
) -> ApiResult {
    let document = GetDocument { id: DocumentId(id.0) }.run(&state.core, &actor).await?;
    let etag = format!("\"{}\"", document.content.sha256);
    // What a client has of an infected document it must not be told to go on using.
    if conditions.has(&etag) && document.content.analysis != Analysis::Infected {
        // Its headers take the place of those that the client has kept (RFC 9111, 3.2).
        let sandbox = (header::CONTENT_SECURITY_POLICY, SANDBOX);
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, etag)).insert_header(sandbox).finish());
    }
    let size = document.content.file.size;
    let part = part(request.headers(), &etag, size)?;
    let range = part.clone().unwrap_or(0..size);
    let length = range.end.saturating_sub(range.start);
    let content = DownloadDocument { document: &document, range: range.clone() }.run(&state.core, &actor).await?;
    let mut response = described(&document, &etag);
    if part.is_some() {
        response.status(StatusCode::PARTIAL_CONTENT);
        let last = range.end.saturating_sub(1);
        response.insert_header((header::CONTENT_RANGE, format!("bytes {}-{last}/{size}", range.start)));
    }
    Ok(response.body(SizedStream::new(length, pumped(content))))
}

/// The part that is asked for; `None`: all of it.
fn part(headers: &HeaderMap, etag: &str, size: u64) -> Result<Option<Range<u64>>, ApiError> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(wanted) = text(header::RANGE) else { return Ok(None) };
    if text(header::IF_RANGE).is_some_and(|known| known != etag) {
        return Ok(None);
    }
    requested(wanted, size).map_err(|_| {
        let unsatisfied = HeaderValue::from_str(&format!("bytes */{size}"));
        let error = ApiError::from(Code::UnsatisfiableRange);
        match unsatisfied {
            Ok(value) => error.with_header(header::CONTENT_RANGE, value),
            Err(_) => error,
        }
    })
}

fn described(document: &Document, etag: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::ETAG, etag))
        .insert_header((header::CONTENT_TYPE, document.content.kind.media_type()))
        .insert_header((header::CONTENT_DISPOSITION, attachment(document.content.name.as_str())))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CONTENT_SECURITY_POLICY, SANDBOX));
    response
}

/// The content as a body. A task of its own reads ahead by one piece, and lets the file go when the client has taken nothing
/// for a while: the body itself would wait for ever.
fn pumped(mut content: Download) -> impl Stream<Item = Result<Bytes, FileStoreError>> + 'static {
    let (sender, receiver) = mpsc::channel(1);
    let span = tracing::info_span!(target: "mif_trace", "decrypt document");
    let pump = async move {
        loop {
            let piece = match content.next().await {
                Ok(Some(piece)) => Ok(Bytes::from(piece)),
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(%error, "a download broke off");
                    Err(error)
                }
            };
            let failed = piece.is_err();
            let taken = tokio::time::timeout(IDLE, sender.send(piece)).await;
            if failed || !matches!(taken, Ok(Ok(()))) {
                return;
            }
        }
    };
    // Still a part of the request, whose head was answered long ago.
    actix_web::rt::spawn(pump.instrument(span));
    // A body that ends before its length closes the connection: the client cannot take a part for the whole.
    stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|piece| (piece, receiver)) })
}
