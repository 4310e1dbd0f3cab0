//! The audit trail, as administrators see it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mif_domain::audit::{AuditKind, AuditOutcome, SignedMark};
use mif_domain::queries::{AuditEntry, AuditFilter, AuditSort};
use mif_domain::users::UserId;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::bound::Bound;
use super::equipment::filter_text;
use super::moment::Moment;
use super::paging::{PagingParams, SortField, SortKind};
use super::wire_words;
use crate::problem::ApiError;

wire_words! {
    /// How it ended.
    ResultatAudit for AuditOutcome {
        Succes = "succes" | "success" => Success,
        Echec = "echec" | "failure" => Failure,
    }
}

/// An event of the audit trail.
#[derive(Serialize, ToSchema)]
#[schema(as = EvenementAudit, example = json!({
    "id": 812, "seq": 812, "horodatage": "2026-11-20T08:00:00.000000Z", "type": "equipment.updated",
    "acteur": {"id": 5, "username": "karim"}, "ip": "203.0.113.9", "request_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "resource": "equipment/12", "resultat": "succes", "details": {"fields": "statut"},
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
}))]
pub(crate) struct AuditRead<'a> {
    id: i64,
    /// Its place in the chain; `null` until it is linked, about a second.
    seq: Option<i64>,
    horodatage: Moment,
    /// What happened: `auth.login.success`, `equipment.updated`, ...
    #[serde(rename = "type")]
    kind: &'a str,
    /// `null` for the system, and for sign-ins under a name that nobody has.
    acteur: Option<ActorRead<'a>>,
    ip: Option<&'a str>,
    request_id: Option<&'a str>,
    /// On what, as `kind/id`.
    resource: Option<&'a str>,
    /// `succes` or `echec`.
    resultat: &'a str,
    #[schema(value_type = Object)]
    details: serde_json::Value,
    /// The hash of its place, in hexadecimal digits; `null` until it is linked.
    hash: Option<String>,
}

/// Who did it.
#[derive(Serialize, ToSchema)]
#[schema(as = ActeurAudit, example = json!({"id": 5, "username": "karim"}))]
pub(crate) struct ActorRead<'a> {
    id: i64,
    username: Option<&'a str>,
}

impl<'a> From<&'a AuditEntry> for AuditRead<'a> {
    fn from(entry: &'a AuditEntry) -> Self {
        let event = &entry.event;
        Self {
            id: event.id,
            seq: entry.link.map(|(seq, _)| seq),
            horodatage: event.at.into(),
            kind: &event.kind,
            acteur: event.actor.map(|id| ActorRead { id, username: entry.actor_name.as_deref() }),
            ip: event.ip.as_deref(),
            request_id: event.request_id.as_deref(),
            resource: event.resource.as_deref(),
            resultat: match AuditOutcome::from_stored(&event.outcome) {
                Some(AuditOutcome::Success) => "succes",
                Some(AuditOutcome::Failure) => "echec",
                None => &event.outcome,
            },
            // What somebody forged is shown as it is.
            details: serde_json::from_str(&event.details).unwrap_or_else(|_| event.details.as_str().into()),
            hash: entry.link.map(|(_, hash)| hash.to_hex()),
        }
    }
}

/// A signed statement that the chain had come to a place.
#[derive(Serialize, ToSchema)]
#[schema(as = PointDeControleAudit, example = json!({
    "seq": 812, "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "horodatage": "2026-11-20T08:00:10.000000Z", "evenements": 812, "cle": "0123456789abcdef",
    "signature": "cXVhdHJlLXZpbmd0LXNlaXplIG9jdGV0cw=="
}))]
pub(crate) struct CheckpointRead {
    seq: i64,
    /// The hash of that place, in hexadecimal digits.
    hash: String,
    horodatage: Moment,
    /// How many events the chain held up to there.
    evenements: i64,
    /// Which key signed.
    cle: String,
    /// Ed25519, in base64.
    signature: String,
}

impl From<SignedMark> for CheckpointRead {
    fn from(signed: SignedMark) -> Self {
        Self {
            seq: signed.mark.seq,
            hash: signed.mark.hash.to_hex(),
            horodatage: signed.mark.at.into(),
            evenements: signed.mark.events,
            cle: signed.key_id,
            signature: STANDARD.encode(&signed.signature),
        }
    }
}

impl SortField for AuditSort {
    const NAMES: &'static [(Self, &'static str, SortKind)] = &[(Self::Id, "id", SortKind::Number)];
    const DEFAULT: Self = Self::Id;
}

/// A type of event: the stored word is the one of the wire.
#[derive(Debug, Clone, Copy)]
struct TypeAudit(AuditKind);

impl PartialSchema for TypeAudit {
    fn schema() -> RefOr<Schema> {
        let words = AuditKind::ALL.iter().map(|kind| kind.as_str());
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
    }
}

impl ToSchema for TypeAudit {
    fn name() -> std::borrow::Cow<'static, str> {
        "TypeAudit".into()
    }
}

impl<'de> Deserialize<'de> for TypeAudit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let kind = AuditKind::from_stored(&text.to_lowercase());
        kind.map(Self).ok_or_else(|| de::Error::custom("expected a type such as auth.login.success"))
    }
}

/// Which events, in which order, which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditListParams {
    /// Only this type: `auth.login.success`, `equipment.updated`, ...
    #[serde(rename = "type")]
    #[param(inline)]
    kind: Option<TypeAudit>,
    /// Only what this user did, by identifier.
    acteur: Option<i64>,
    /// Only what happened to this, as `kind/id`: `equipment/12`.
    #[param(max_length = 200)]
    resource: Option<String>,
    /// Only what came of this request: the `X-Request-ID` of its answer. Together with `du` and `au` where there are years of
    /// events, because nothing else finds it faster.
    #[param(max_length = 128)]
    request_id: Option<String>,
    /// Only what ended so.
    #[param(inline)]
    resultat: Option<ResultatAudit>,
    /// Only from this instant on, or from the beginning of this day (UTC).
    #[param(inline, value_type = Option<Bound>, example = "2026-11-20")]
    du: Option<Bound>,
    /// Only before this instant, or until the end of this day (UTC).
    #[param(inline, value_type = Option<Bound>, example = "2026-11-20")]
    au: Option<Bound>,
    /// Rows of the page, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// Rows to skip; `cursor` is better.
    #[param(maximum = 10000)]
    offset: Option<u32>,
    /// From the `Link` of the page before.
    cursor: Option<String>,
    /// `id` or `-id`; `-id`, the newest first, when absent.
    #[param(pattern = "^-?id$")]
    tri: Option<String>,
    /// Whether to count all rows into `X-Total-Count`.
    total: Option<bool>,
}

impl AuditListParams {
    pub(crate) fn filter(&self) -> Result<AuditFilter, ApiError> {
        Ok(AuditFilter {
            kind: self.kind.map(|kind| kind.0),
            actor: self.acteur.map(UserId),

            // A text like any other: PostgreSQL would fail on NUL.
            resource: filter_text::<200>("resource", self.resource.as_deref())?,
            request_id: filter_text::<128>("request_id", self.request_id.as_deref())?,
            outcome: self.resultat.map(AuditOutcome::from),
            from: self.du.map(Bound::begins),
            until: self.au.map(Bound::ends),
        })
    }

    pub(crate) fn paging(&self) -> PagingParams<'_> {
        PagingParams {
            limit: self.limit,
            offset: self.offset,
            cursor: self.cursor.as_deref(),
            tri: self.tri.as_deref().or(Some("-id")),
            total: self.total,
        }
    }
}
