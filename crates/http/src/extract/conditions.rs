//! `If-Match` and `If-None-Match` (RFC 9110). An `ETag` is `"<version>-<short hash of the body>"`: the first compares the
//! version only, the second the whole.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest};
use mif_application::access::ExpectedVersion;

use crate::problem::{ApiError, Code};

/// Under which conditions the request is meant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    /// The version that must be the current one.
    pub(crate) expected_version: ExpectedVersion,
    none_match: Option<String>,
}

impl Conditions {
    /// Whether the client has exactly this answer already.
    pub(crate) fn has(&self, etag: &str) -> bool {
        self.none_match.as_deref().is_some_and(|known| {
            known.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
        })
    }
}

impl FromRequest for Conditions {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.headers()))
    }
}

fn read(headers: &HeaderMap) -> Result<Conditions, ApiError> {
    let mut lines = headers.get_all(header::IF_MATCH);
    let expected_version = match (lines.next(), lines.next()) {
        (None, _) => ExpectedVersion::Any,
        (Some(_), Some(_)) => return Err(Code::BadIfMatch.into()),
        // What cannot be read must not count as absent: the edit would go through unprotected.
        (Some(line), None) => match line.to_str().map(str::trim) {
            Err(_) => return Err(Code::BadIfMatch.into()),
            Ok("*") => ExpectedVersion::Any,
            Ok(tag) if tag.contains(',') => return Err(Code::BadIfMatch.into()),
            // A tag that is not one of ours, or a weak one, cannot be the current one.
            Ok(tag) => version(tag).map_or(ExpectedVersion::Foreign, ExpectedVersion::Exactly),
        },
    };
    let none_match = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Conditions { expected_version, none_match })
}

fn version(tag: &str) -> Option<i64> {
    let opaque = tag.strip_prefix('"')?.strip_suffix('"')?;
    let (version, _) = opaque.split_once('-').unwrap_or((opaque, ""));
    version.parse().ok().filter(|version| *version > 0)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn expected(tag: &'static str) -> ExpectedVersion {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, HeaderValue::from_static(tag));
        read(&headers).unwrap().expected_version
    }

    #[test]
    fn only_the_version_of_a_strong_tag_counts() {
        assert_eq!(expected("\"7-0123abcd\""), ExpectedVersion::Exactly(7));
        assert_eq!(expected("\"7\""), ExpectedVersion::Exactly(7));
        assert_eq!(expected("*"), ExpectedVersion::Any);
        for other in ["W/\"7-0123abcd\"", "\"x\"", "7", "\"-7-a\"", "\"\""] {
            assert_eq!(expected(other), ExpectedVersion::Foreign, "{other}");
        }
    }

    #[test]
    fn a_known_answer_is_recognised_whole() {
        let conditions =
            Conditions { expected_version: ExpectedVersion::Any, none_match: Some("\"1-a\", W/\"2-b\"".into()) };
        assert!(conditions.has("\"2-b\""));
        assert!(!conditions.has("\"2-c\""));
    }
}
