//! Notifications, as clients see them.

use mif_domain::notifications::{Notification, NotificationKind};
use mif_domain::queries::{NotificationFilter, NotificationSort};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::moment::Moment;
use super::paging::{PagingParams, SortField, SortKind};
use super::wire_words;

wire_words! {
    /// What a notification is about.
    TypeNotification for NotificationKind {
        Affectation = "affectation" => Assignment,
        Cloture = "cloture" => Closing,
        Rappel = "rappel" => Reminder,
        Retard = "retard" => Lateness,
        Information = "information" => Information,
    }
}

/// A notification.
#[derive(Serialize, ToSchema)]
#[schema(as = Notification, example = json!({
    "id": 31, "type": "affectation", "titre": "Intervention affectée", "contenu": "INT-2026-000042 vous est affectée.",
    "canal": "app", "intervention_id": 42, "user_id": 12, "date_envoi": "2026-11-20T08:00:00Z", "lue": false,
    "date_lecture": null
}))]
pub(crate) struct NotificationRead<'a> {
    id: i64,
    #[serde(rename = "type")]
    kind: TypeNotification,
    titre: &'a str,
    contenu: &'a str,
    /// `app`: shown in the product.
    canal: &'static str,
    intervention_id: Option<i64>,
    user_id: i64,
    date_envoi: Moment,
    lue: bool,
    date_lecture: Option<Moment>,
}

impl<'a> From<&'a Notification> for NotificationRead<'a> {
    fn from(notification: &'a Notification) -> Self {
        let notice = &notification.notice;
        Self {
            id: notification.id.0,
            kind: notice.kind.into(),
            titre: notice.title.as_str(),
            contenu: notice.content.as_str(),
            canal: "app",
            intervention_id: notice.intervention_id.map(|id| id.0),
            user_id: notice.user_id.0,
            date_envoi: notice.at.into(),
            lue: notification.read_at.is_some(),
            date_lecture: notification.read_at.map(Moment::from),
        }
    }
}

impl SortField for NotificationSort {
    const NAMES: &'static [(Self, &'static str, SortKind)] =
        &[(Self::Id, "id", SortKind::Number), (Self::SentAt, "date_envoi", SortKind::Instant)];
    const DEFAULT: Self = Self::Id;
}

/// Which notifications, in which order, which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NotificationListParams {
    /// Only the read, or only the others.
    lue: Option<bool>,
    /// Only this type.
    #[serde(rename = "type")]
    #[param(inline)]
    kind: Option<TypeNotification>,
    /// Rows of the page, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// Rows to skip, for existing clients; `cursor` is better.
    #[param(maximum = 10000)]
    offset: Option<u32>,
    /// From the `Link` of the page before.
    cursor: Option<String>,
    /// `id` or `date_envoi`; with `-` in front from large to small. `-id`, the newest first, when absent.
    #[param(pattern = "^-?(id|date_envoi)$")]
    tri: Option<String>,
    /// Whether to count all rows into `X-Total-Count`.
    total: Option<bool>,
}

impl NotificationListParams {
    pub(crate) fn filter(&self) -> NotificationFilter {
        NotificationFilter { is_read: self.lue, kind: self.kind.map(NotificationKind::from) }
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
