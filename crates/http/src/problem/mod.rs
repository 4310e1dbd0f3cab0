//! One error format: RFC 9457 `application/problem+json`.
//!
//! Handlers return an [`ApiError`]; it travels in the response's extensions to the edge, which alone knows the language
//! and the trace, and writes the body.

mod code;
mod field;
mod mapping;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use mif_domain::users::Language;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use code::Code;
pub(crate) use field::{FieldError, FieldErrors, FieldProblem};

/// The media type of every error.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong, ready to be told in any language.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) code: Code,
    pub(crate) fields: Vec<FieldError>,
    members: serde_json::Map<String, serde_json::Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What handlers return.
pub(crate) type ApiResult = Result<HttpResponse, ApiError>;

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self { code, fields: Vec::new(), members: serde_json::Map::new(), headers: Vec::new() }
    }
}

impl ApiError {
    /// A 422 that names the fields.
    pub(crate) fn invalid(fields: Vec<FieldError>) -> Self {
        Self { fields, ..Self::from(Code::Validation) }
    }

    /// A 422 about one field.
    pub(crate) fn field(name: &str, problem: FieldProblem) -> Self {
        Self::invalid(vec![FieldError { name: name.to_owned(), problem }])
    }

    /// A refusal with its own code that names the fields.
    pub(crate) fn refused(code: Code, fields: Vec<FieldError>) -> Self {
        Self { fields, ..Self::from(code) }
    }

    /// A 5xx: logged here, once, and told nothing about.
    pub(crate) fn fault(code: Code, cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(code = code.as_str(), error = %cause, "request failed");
        Self::from(code)
    }

    /// Adds a member of its own to the body (RFC 9457, 3.2).
    pub(crate) fn with_member(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a header to the answer.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The body.
    pub(crate) fn body(&self, language: Language, trace_id: &str) -> Vec<u8> {
        let errors = self.fields.iter().map(|field| FieldProblemBody {
            champ: &field.name,
            code: field.problem.code(),
            message: field.problem.message(language),
        });
        let problem = Problem {
            kind: format!("urn:mif:probleme:{}", self.code.as_str()),
            title: self.code.title(language),
            status: self.code.status().as_u16(),
            detail: self.code.detail(language),
            code: self.code.as_str(),
            trace_id,
            errors: errors.collect(),
            members: &self.members,
        };
        serde_json::to_vec(&problem).unwrap_or_default()
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code.as_str())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::new(self.status_code());
        for (name, value) in &self.headers {
            response.headers_mut().append(name.clone(), value.clone());
        }
        if self.status_code() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"mif\""));
        }
        if self.status_code() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// An error, as RFC 9457 describes it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Probleme, example = json!({
    "type": "urn:mif:probleme:introuvable",
    "title": "Ressource introuvable",
    "status": 404,
    "detail": "Elle n'existe pas, ou vous n'y avez pas accès.",
    "code": "introuvable",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"
}))]
pub(crate) struct Problem<'a> {
    /// Names the kind of error: `urn:mif:probleme:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// What it is, for people.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// What to do about it, for people.
    detail: &'a str,
    /// What it is, for programs. Stable.
    code: &'a str,
    /// Finds the request in the logs and traces.
    trace_id: &'a str,
    /// The fields that were refused, on 422.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblemBody<'a>>,
    /// What else a code has to tell: `statut_actuel` and `actions` of `transition_interdite`, `intervention` of
    /// `creneau_occupe`, `defi` of `mfa_requise`.
    #[serde(flatten)]
    #[schema(additional_properties, value_type = Object)]
    members: &'a serde_json::Map<String, serde_json::Value>,
}

/// A field that was refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProblemeChamp)]
pub(crate) struct FieldProblemBody<'a> {
    /// Which field, as a path into the request.
    champ: &'a str,
    /// Why, for programs. Stable.
    code: &'a str,
    /// Why, for people.
    message: String,
}
