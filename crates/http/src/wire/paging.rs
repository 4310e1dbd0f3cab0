//! Paging parameters and opaque cursors.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Datelike as _;
use mif_domain::Instant;
use mif_domain::paging::{Direction, Keyset, Page, PageRequest, Position, SortValue};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::answer::page;
use crate::edge::hex;
use crate::problem::{ApiError, Code, FieldProblem};

/// What a sort field holds: a cursor whose value is of another kind was not made by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SortKind {
    Text,
    Number,
    Instant,
}

/// A field that a list can be sorted by.
pub(crate) trait SortField: Copy + PartialEq + 'static {
    /// Every field with its name on the wire.
    const NAMES: &'static [(Self, &'static str, SortKind)];
    /// When nobody says.
    const DEFAULT: Self;
}

/// The paging parameters of every list, as they come in.
#[derive(Debug, Default)]
pub(crate) struct PagingParams<'a> {
    pub(crate) limit: Option<u16>,
    pub(crate) offset: Option<u32>,
    pub(crate) cursor: Option<&'a str>,
    pub(crate) tri: Option<&'a str>,
    pub(crate) total: Option<bool>,
}

/// The paging parameters alone, of lists that nothing else narrows.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PagingOnly {
    /// Rows of the page, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// Rows to skip, for existing clients; `cursor` is better.
    #[param(maximum = 10000)]
    offset: Option<u32>,
    /// From the `Link` of the page before.
    cursor: Option<String>,
    /// By what, with `-` in front from large to small. `id` when absent.
    #[param(pattern = "^-?(id|filename|taille|date_upload)$")]
    tri: Option<String>,
    /// Whether to count all rows into `X-Total-Count`.
    total: Option<bool>,
}

impl PagingOnly {
    pub(crate) fn paging(&self) -> PagingParams<'_> {
        PagingParams {
            limit: self.limit,
            offset: self.offset,
            cursor: self.cursor.as_deref(),
            tri: self.tri.as_deref(),
            total: self.total,
        }
    }
}

/// What a cursor holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    /// The sort, as on the wire.
    t: String,
    /// A short hash of the filters.
    f: String,
    /// The sort value of the last row.
    v: Value,
    /// Its identifier.
    i: i64,
}

#[derive(Debug, Serialize, Deserialize)]
enum Value {
    #[serde(rename = "0")]
    Null,
    #[serde(rename = "s")]
    Text(String),
    #[serde(rename = "i")]
    Number(i64),
    #[serde(rename = "d")]
    Instant(Instant),
}

/// A page that was asked for, and what a cursor to the next one must repeat.
#[derive(Debug)]
pub(crate) struct Paging<S> {
    pub(crate) request: PageRequest<S>,
    tri: String,
    /// A short hash of the list and of what narrows it.
    filters: String,
    /// The address of the list with every parameter but the position, up to where a cursor follows.
    address: String,
}

impl<S: SortField> Paging<S> {
    /// Reads the parameters.
    pub(crate) fn read(request: &HttpRequest, params: &PagingParams<'_>) -> Result<Self, ApiError> {
        let limit = params.limit.unwrap_or(PageRequest::DEFAULT_LIMIT);
        if !(1..=PageRequest::MAX_LIMIT).contains(&limit) {
            return Err(out_of_range("limit", "doit être entre 1 et 200", "must be between 1 and 200"));
        }
        if params.offset.is_some_and(|offset| offset > PageRequest::MAX_OFFSET) {
            return Err(out_of_range("offset", "doit être entre 0 et 10000", "must be between 0 and 10000"));
        }
        let (name, direction) = match params.tri {
            Some(tri) => {
                tri.strip_prefix('-').map_or((tri, Direction::Ascending), |name| (name, Direction::Descending))
            }
            None => (name_of(S::DEFAULT), Direction::Ascending),
        };
        let (sort, _, kind) = S::NAMES
            .iter()
            .find(|(_, known, _)| *known == name)
            .copied()
            .ok_or_else(|| ApiError::field("tri", FieldProblem::Type(names::<S>())))?;
        let tri = if direction == Direction::Descending { format!("-{name}") } else { name.to_owned() };
        let filters = filters(request);
        let position = match (params.cursor, params.offset) {
            (Some(_), Some(_)) => {
                return Err(out_of_range("offset", "exclut cursor", "excludes cursor"));
            }
            (Some(text), None) => Position::After(decode(text, &tri, &filters, kind).ok_or(Code::BadCursor)?),
            (None, Some(0) | None) => Position::First,
            (None, Some(offset)) => Position::Offset(offset),
        };
        let with_total = params.total.unwrap_or(false);
        let asked = PageRequest { sort, direction, limit, position, with_total };
        Ok(Self { request: asked, tri, filters, address: address(request) })
    }

    /// The page, and where the next one is.
    pub(crate) fn answer<'a, T, R: Serialize>(&self, found: &'a Page<T>, row: impl Fn(&'a T) -> R) -> HttpResponse {
        let rows: Vec<R> = found.items.iter().map(row).collect();
        page(&rows, found.next.as_ref().map(|last| self.next(last)).as_deref(), found.total)
    }

    /// The same address and parameters, with a cursor instead of a position.
    fn next(&self, last: &Keyset) -> String {
        format!("{}cursor={}", self.address, self.encode(last))
    }

    fn encode(&self, keyset: &Keyset) -> String {
        let value = match &keyset.value {
            SortValue::Null => Value::Null,
            SortValue::Text(text) => Value::Text(text.clone()),
            SortValue::Integer(number) => Value::Number(*number),
            SortValue::Instant(instant) => Value::Instant(*instant),
        };
        let cursor = Cursor { t: self.tri.clone(), f: self.filters.clone(), v: value, i: keyset.id };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
    }
}

fn out_of_range(field: &str, fr: &'static str, en: &'static str) -> ApiError {
    ApiError::field(field, FieldProblem::Format(fr, en))
}

fn name_of<S: SortField>(sort: S) -> &'static str {
    S::NAMES.iter().find(|(known, _, _)| *known == sort).map_or("id", |(_, name, _)| name)
}

fn names<S: SortField>() -> String {
    S::NAMES.iter().map(|(_, name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// What is no filter.
const PAGING: [&str; 5] = ["limit", "offset", "cursor", "tri", "total"];

/// A cursor goes on in the list that it came from, narrowed as it was: in whatever order the parameters come.
fn filters(request: &HttpRequest) -> String {
    let pairs = serde_urlencoded::from_str::<Vec<(String, String)>>(request.query_string()).unwrap_or_default();
    let filters: BTreeSet<_> = pairs.into_iter().filter(|(name, _)| !PAGING.contains(&name.as_str())).collect();
    let text = format!("{} {filters:?}", request.path());
    hex(Sha256::digest(text.as_bytes()).get(..6).unwrap_or_default())
}

fn address(request: &HttpRequest) -> String {
    let is_kept = |pair: &&str| !pair.is_empty() && !pair.starts_with("cursor=") && !pair.starts_with("offset=");
    let kept = request.query_string().split('&').filter(is_kept);
    kept.fold(format!("{}?", request.path()), |address, pair| format!("{address}{pair}&"))
}

fn decode(text: &str, tri: &str, filters: &str, kind: SortKind) -> Option<Keyset> {
    if text.len() > 4096 {
        return None;
    }
    let cursor: Cursor = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    if cursor.t != tri || cursor.f != filters {
        return None;
    }
    let value = match (cursor.v, kind) {
        (Value::Null, _) => SortValue::Null,
        (Value::Text(text), SortKind::Text) if !text.contains('\0') => SortValue::Text(text),
        (Value::Number(number), SortKind::Number) => SortValue::Integer(number),
        // PostgreSQL knows no year before -4712; we never wrote one outside of these.
        (Value::Instant(instant), SortKind::Instant) if (1..=9999).contains(&instant.year()) => {
            SortValue::Instant(instant)
        }
        _ => return None,
    };
    Some(Keyset { value, id: cursor.i })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use mif_domain::queries::EquipmentSort;

    use super::*;

    fn read(query: &str, params: &PagingParams<'_>) -> Result<Paging<EquipmentSort>, Code> {
        let request = TestRequest::with_uri(&format!("/x?{query}")).to_http_request();
        Paging::read(&request, params).map_err(|error| error.code)
    }

    fn cursor(query: &str, tri: Option<&'static str>, value: SortValue) -> String {
        let paging = read(query, &PagingParams { tri, ..PagingParams::default() }).unwrap();
        let next = paging.next(&Keyset { value, id: 9 });
        next.split("cursor=").last().unwrap().to_owned()
    }

    #[test]
    fn a_cursor_goes_on_where_the_page_ended() {
        let text = cursor("statut=panne&q=a", Some("-nom"), SortValue::Text("Presse".into()));
        let params = PagingParams { tri: Some("-nom"), cursor: Some(&text), ..PagingParams::default() };
        for query in ["statut=panne&q=a", "limit=7&q=a&statut=panne&total=true", "q=%61&statut=panne&tri=-nom"] {
            let paging = read(query, &params).unwrap();
            let expected = Keyset { value: SortValue::Text("Presse".into()), id: 9 };
            assert_eq!(paging.request.position, Position::After(expected));
            assert_eq!(paging.request.direction, Direction::Descending);
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let text = cursor("q=a", Some("nom"), SortValue::Text("Presse".into()));
        let with = |query, tri, cursor: &str| {
            read(query, &PagingParams { tri: Some(tri), cursor: Some(cursor), ..PagingParams::default() }).unwrap_err()
        };
        assert_eq!(with("q=a", "-nom", &text), Code::BadCursor);
        assert_eq!(with("q=b", "nom", &text), Code::BadCursor);
        assert_eq!(with("", "nom", &text), Code::BadCursor);
        assert_eq!(with("q=a", "nom", "rubbish"), Code::BadCursor);
        let forged = cursor("q=a", Some("nom"), SortValue::Integer(1));
        assert_eq!(with("q=a", "nom", &forged), Code::BadCursor, "a number where a text belongs");
    }

    #[test]
    fn limits_and_positions_are_bounded() {
        for (limit, offset) in [(Some(0), None), (Some(201), None), (None, Some(10_001))] {
            let refused = read("", &PagingParams { limit, offset, ..PagingParams::default() }).unwrap_err();
            assert_eq!(refused, Code::Validation);
        }
        let both = PagingParams { cursor: Some("x"), offset: Some(1), ..PagingParams::default() };
        assert_eq!(read("", &both).unwrap_err(), Code::Validation);
        let unknown = PagingParams { tri: Some("couleur"), ..PagingParams::default() };
        assert_eq!(read("", &unknown).unwrap_err(), Code::Validation);
    }

    #[test]
    fn the_next_address_keeps_every_other_parameter() {
        let paging = read("limit=5&offset=10&q=a%20b&cursor=old", &PagingParams::default()).unwrap();
        let next = paging.next(&Keyset { value: SortValue::Integer(3), id: 3 });
        assert!(next.starts_with("/x?limit=5&q=a%20b&cursor=ey"), "{next}");
    }
}
