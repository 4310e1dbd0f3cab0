//! What handlers take out of a request. Every refusal is an [`ApiError`](crate::problem::ApiError).

mod auth;
mod body;
mod conditions;
mod context;
mod csv;
pub(crate) mod decode;
mod form;
mod idempotency;
mod pace;
mod path;
mod query;
mod upload;

pub(crate) use auth::{Authenticated, AuthenticatedForEnrolment, AuthenticatedForPasswordChange, SignedIn, verified};
pub(crate) use body::{Json, JsonArray, OptionalJson};
pub(crate) use conditions::Conditions;
pub(crate) use context::{Client, RequestContext};
pub(crate) use csv::CsvFile;
pub(crate) use form::{Form, lenient_bool};
pub(crate) use idempotency::IdempotencyHeader;
pub(crate) use path::Id;
pub(crate) use query::Query;
pub(crate) use upload::{DRAINED_FOR, Upload, UploadBody};
