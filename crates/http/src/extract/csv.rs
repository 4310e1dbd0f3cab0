//! A CSV file: the body itself, or the part `file` of a form. At most 5 MiB.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;

use super::body::{media_type, read};
use super::form::parts;
use crate::problem::{ApiError, Code, FieldProblem};

/// The content of a CSV file.
#[derive(Debug)]
pub(crate) struct CsvFile(pub(crate) Bytes);

const LIMIT: usize = 5 * 1024 * 1024;
/// What a form may add around its file: a boundary and a few headers.
const ENVELOPE: usize = 16 * 1024;

impl FromRequest for CsvFile {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = read(&request, payload, LIMIT + ENVELOPE).await?;
            let file = match media_type(&request).as_str() {
                "text/csv" => body,
                "multipart/form-data" => only_file(parts(request.headers(), body).await?)?,
                _ => return Err(Code::UnsupportedMediaType.into()),
            };
            if file.len() > LIMIT { Err(Code::TooLarge.into()) } else { Ok(Self(file)) }
        })
    }
}

fn only_file(parts: Vec<(String, Vec<u8>)>) -> Result<Bytes, ApiError> {
    let mut file = None;
    for (name, content) in parts {
        if name != "file" {
            return Err(ApiError::field(&name, FieldProblem::Unknown));
        }
        if file.replace(content).is_some() {
            return Err(ApiError::field(&name, FieldProblem::Duplicate));
        }
    }
    file.map(Bytes::from).ok_or_else(|| ApiError::field("file", FieldProblem::Missing))
}
