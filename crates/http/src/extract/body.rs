//! JSON bodies, and how bodies are read at all: bounded, always to the end.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::auth::still_signed_in;
use super::decode::{json_array, json_slice};
use super::pace::{is_too_slow, paced};
use crate::problem::{ApiError, Code};

/// A JSON body of at most 64 KiB, with the bytes it came from.
#[derive(Debug)]
pub(crate) struct Json<T> {
    pub(crate) value: T,
    pub(crate) raw: Bytes,
}

/// A body that is a JSON array of objects, of at most 64 KiB.
#[derive(Debug)]
pub(crate) struct JsonArray<T>(pub(crate) Vec<T>);

const LIMIT: usize = 64 * 1024;
/// What is beyond the limit is read and thrown away up to here, in bytes, so that the client is still listening when we
/// answer. Beyond this the connection is closed.
pub(super) const DRAINED: usize = 4 * 1024 * 1024;

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let raw = read_json(request, payload);
        Box::pin(async move {
            let raw = raw.await?;
            Ok(Self { value: json_slice(&raw)?, raw })
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for JsonArray<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let raw = read_json(request, payload);
        Box::pin(async move { json_array(&raw.await?).map(Self) })
    }
}

/// A JSON body, or none at all, which is an object without fields.
#[derive(Debug)]
pub(crate) struct OptionalJson<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for OptionalJson<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let kind = media_type(&request);
            let raw = read(&request, payload, LIMIT).await?;
            match (raw.is_empty(), is_json(&kind)) {
                (true, _) => json_slice(b"{}").map(Self),
                (false, true) => json_slice(&raw).map(Self),
                (false, false) => Err(Code::UnsupportedMediaType.into()),
            }
        })
    }
}

/// The bytes of a body that says it is JSON.
fn read_json(request: &HttpRequest, payload: &mut Payload) -> impl Future<Output = Result<Bytes, ApiError>> + use<> {
    let (request, payload) = (request.clone(), payload.take());
    async move {
        let raw = read(&request, payload, LIMIT).await?;
        if is_json(&media_type(&request)) { Ok(raw) } else { Err(Code::UnsupportedMediaType.into()) }
    }
}

/// `application/json` or, for PATCH, `application/merge-patch+json`.
pub(super) fn is_json(kind: &str) -> bool {
    matches!(kind, "application/json" | "application/merge-patch+json")
}

/// The media type without its parameters, in lower case.
pub(super) fn media_type(request: &HttpRequest) -> String {
    let header = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Reads a body of at most `limit` bytes, from somebody who may still send it when it has arrived.
pub(super) async fn read(request: &HttpRequest, payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let body = read_any(payload, limit).await?;
    still_signed_in(request).await?;
    Ok(body)
}

async fn read_any(payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let mut payload = std::pin::pin!(paced(payload));
    let mut body = BytesMut::new();
    let mut dropped = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| if is_too_slow(&error) { Code::SlowBody } else { Code::InterruptedBody })?;
        if dropped == 0 && body.len() + chunk.len() <= limit {
            body.extend_from_slice(&chunk);
        } else {
            dropped += chunk.len();
            body.clear();
            if dropped > DRAINED {
                break;
            }
        }
    }
    if dropped > 0 { Err(Code::TooLarge.into()) } else { Ok(body.freeze()) }
}
