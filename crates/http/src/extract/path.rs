//! The identifier in an address.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::problem::{ApiError, FieldProblem};

/// The `{id}` of an address: a positive 64-bit integer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Id(pub(crate) i64);

impl FromRequest for Id {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").and_then(|text| text.parse().ok()).filter(|id| *id > 0).map(Self);
        let refused =
            || ApiError::field("id", FieldProblem::Format("doit être un entier positif", "must be a positive integer"));
        ready(id.ok_or_else(refused))
    }
}
