//! The forms of `/auth`: URL-encoded, multipart or JSON, all the same to the handler. At most 4 KiB.

use actix_multipart::Multipart;
use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use futures_util::{StreamExt as _, stream};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::body::{is_json, media_type, read};
use super::decode::{json_slice, json_value};
use crate::problem::{ApiError, Code, FieldProblem};

/// A form.
#[derive(Debug)]
pub(crate) struct Form<T>(pub(crate) T);

const LIMIT: usize = 4 * 1024;

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = read(&request, payload, LIMIT).await?;
            let value = match media_type(&request).as_str() {
                // Many clients name a type even when they send nothing.
                _ if body.is_empty() => json_value(Value::Object(Map::new()))?,
                "application/x-www-form-urlencoded" => json_value(object(urlencoded(&body)?)?)?,
                "multipart/form-data" => json_value(object(multipart(request.headers(), body).await?)?)?,
                kind if is_json(kind) => json_slice(&body)?,
                _ => return Err(Code::UnsupportedMediaType.into()),
            };
            Ok(Self(value))
        })
    }
}

fn urlencoded(body: &[u8]) -> Result<Vec<(String, String)>, ApiError> {
    serde_urlencoded::from_bytes(body).map_err(|_| Code::MalformedForm.into())
}

async fn multipart(headers: &HeaderMap, body: Bytes) -> Result<Vec<(String, String)>, ApiError> {
    let text = |(name, content)| match String::from_utf8(content) {
        Ok(text) => Ok((name, text)),
        Err(_) => Err(Code::MalformedForm.into()),
    };
    parts(headers, body).await?.into_iter().map(text).collect()
}

/// The named parts of a `multipart/form-data` body, as they came.
pub(super) async fn parts(headers: &HeaderMap, body: Bytes) -> Result<Vec<(String, Vec<u8>)>, ApiError> {
    let malformed = || ApiError::from(Code::MalformedForm);
    let mut parts = Multipart::new(headers, stream::iter([Ok(body)]));
    let mut fields = Vec::new();
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|_| malformed())?;
        let name = part.name().ok_or_else(malformed)?.to_owned();
        let mut content = Vec::new();
        while let Some(chunk) = part.next().await {
            content.extend_from_slice(&chunk.map_err(|_| malformed())?);
        }
        fields.push((name, content));
    }
    Ok(fields)
}

fn object(fields: Vec<(String, String)>) -> Result<Value, ApiError> {
    let mut object = Map::new();
    for (name, value) in fields {
        if object.insert(name.clone(), Value::String(value)).is_some() {
            return Err(ApiError::field(&name, FieldProblem::Duplicate));
        }
    }
    Ok(Value::Object(object))
}

/// A boolean that forms spell as text.
pub(crate) fn lenient_bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Spelling {
        Bool(bool),
        Text(String),
    }
    match Spelling::deserialize(deserializer) {
        Ok(Spelling::Bool(value)) => Ok(value),
        Ok(Spelling::Text(text)) if text == "true" => Ok(true),
        Ok(Spelling::Text(text)) if text == "false" => Ok(false),
        _ => Err(D::Error::custom("expected true or false")),
    }
}
