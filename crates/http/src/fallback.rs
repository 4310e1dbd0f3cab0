//! What is not there: 404, or 405 with the methods that are. Read from the OpenAPI document, which knows every route.

use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use utoipa::openapi::OpenApi;

use crate::problem::{ApiError, Code};

/// Made when somebody first asks for what is not there: the document is large.
static ROUTES: LazyLock<RouteTable> = LazyLock::new(|| RouteTable::from_document(&crate::document()));

/// Which methods each address has.
#[derive(Debug)]
struct RouteTable(Vec<(Vec<Segment>, String)>);

#[derive(Debug)]
enum Segment {
    Literal(String),
    Anything,
}

impl RouteTable {
    fn from_document(document: &OpenApi) -> Self {
        let routes = document.paths.paths.iter().map(|(path, item)| {
            let methods = [
                ("GET, HEAD", item.get.is_some()),
                ("POST", item.post.is_some()),
                ("PUT", item.put.is_some()),
                ("PATCH", item.patch.is_some()),
                ("DELETE", item.delete.is_some()),
            ];
            let allowed: Vec<_> = methods.iter().filter(|(_, there)| *there).map(|(method, _)| *method).collect();
            let segments = path.split('/').map(|segment| {
                if segment.starts_with('{') { Segment::Anything } else { Segment::Literal(segment.to_owned()) }
            });
            (segments.collect(), allowed.join(", "))
        });
        Self(routes.collect())
    }

    /// The methods of an address. Literal addresses win over those with parameters.
    fn methods(&self, path: &str) -> Option<&str> {
        let matching = |literal_only: bool| {
            self.0.iter().find(move |(segments, _)| {
                let mut given = path.split('/');
                let all = segments.iter().all(|segment| match (segment, given.next()) {
                    (Segment::Literal(literal), Some(text)) => literal == text,
                    (Segment::Anything, Some(text)) => !literal_only && !text.is_empty(),
                    (_, None) => false,
                });
                all && given.next().is_none()
            })
        };
        matching(true).or_else(|| matching(false)).map(|(_, methods)| methods.as_str())
    }
}

/// The handler of everything that has no other.
pub(crate) async fn not_here(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let Some(methods) = ROUTES.methods(request.path()) else {
        return Err(Code::UnknownRoute.into());
    };
    let allow = HeaderValue::from_str(methods).unwrap_or(HeaderValue::from_static("GET"));
    Err(ApiError::from(Code::MethodNotAllowed).with_header(header::ALLOW, allow))
}
