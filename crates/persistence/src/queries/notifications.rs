//! Notifications, read.

use mif_domain::interventions::InterventionId;
use mif_domain::notifications::{NewNotification, Notification, NotificationId, NotificationKind};
use mif_domain::paging::{Keyset, Page, PageRequest, SortValue};
use mif_domain::queries::{NotificationFilter, NotificationSort};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::text::{Line, Paragraph};
use mif_domain::users::UserId;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult as _, QueryFilter as _, QueryResult, QueryTrait as _,
};

use super::SeaQueries;
use super::page::{SortBy, Within, fetch};
use crate::entity::notifications as table;

pub(super) async fn list(
    queries: &SeaQueries,
    user: UserId,
    filter: &NotificationFilter,
    page: &PageRequest<NotificationSort>,
) -> Stored<Page<Notification>> {
    use table::Column;
    let rows = table::Entity::find()
        .filter(Column::UserId.eq(user.0))
        .apply_if(filter.kind, |rows, kind| rows.filter(Column::Kind.eq(kind.as_str())))
        .apply_if(filter.is_read, |rows, read| {
            rows.filter(if read { Column::ReadAt.is_not_null() } else { Column::ReadAt.is_null() })
        });
    let column = match page.sort {
        NotificationSort::Id => Column::Id,
        NotificationSort::SentAt => Column::SentAt,
    };
    let sort = page.sort;
    let read = |row: &QueryResult| table::Model::from_query_result(row, "");
    let keyset = move |row: &table::Model| {
        let value = match sort {
            NotificationSort::Id => SortValue::Integer(row.id),
            NotificationSort::SentAt => SortValue::Instant(row.sent_at),
        };
        Keyset { id: row.id, value }
    };
    let by = SortBy { column, nullable: false, id: Column::Id, names: None, within: Within::Table };
    fetch(&queries.0.reader, rows, by, page, read, keyset, notification).await
}

fn notification(row: table::Model) -> Stored<Notification> {
    let id = row.id;
    let bad = |column: &str, why: &dyn std::fmt::Display| RepositoryError::corrupt("notifications", column, id, why);
    let notice = NewNotification {
        user_id: UserId(row.user_id),
        kind: NotificationKind::from_stored(&row.kind).ok_or_else(|| bad("kind", &"is unknown"))?,
        title: Line::from_string(row.title).map_err(|why| bad("title", &why))?,
        content: Paragraph::from_string(row.content).map_err(|why| bad("content", &why))?,
        intervention_id: row.intervention_id.map(InterventionId),
        at: row.sent_at,
    };
    Ok(Notification { id: NotificationId(id), notice, read_at: row.read_at })
}
