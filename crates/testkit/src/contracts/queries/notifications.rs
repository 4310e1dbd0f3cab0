//! Lists of notifications.

use mif_domain::notifications::{Notification, NotificationKind};
use mif_domain::paging::Direction;
use mif_domain::queries::{NotificationFilter, NotificationSort};
use mif_domain::users::UserId;

use super::super::Backend;
use super::{first_page, instant_key, number_key, walk, walk_every_order};
use crate::{a_notice, a_user, later};

/// What Karim was told, of which he read every other, among what Fatima was told.
async fn told(backend: &Backend) -> (UserId, Vec<Notification>) {
    let karim = backend.insert_user(a_user("karim").build()).await.id;
    let fatima = backend.insert_user(a_user("fatima").build()).await.id;
    let kinds = [
        (NotificationKind::Assignment, 3),
        (NotificationKind::Closing, 1),
        (NotificationKind::Information, 3),
        (NotificationKind::Lateness, 0),
        (NotificationKind::Assignment, 2),
    ];
    let mut unit = backend.begin().await;
    for (kind, second) in kinds {
        unit.notifications().insert(a_notice(karim, kind, later(second))).await.unwrap();
        unit.notifications().insert(a_notice(fatima, kind, later(second))).await.unwrap();
    }
    unit.commit().await.unwrap();
    let list = async || found(backend, karim, &NotificationFilter::default()).await;
    let unread = list().await;
    let mut unit = backend.begin().await;
    for notification in unread.iter().step_by(2) {
        unit.notifications().mark_read(karim, notification.id, later(9)).await.unwrap();
    }
    unit.commit().await.unwrap();
    (karim, list().await)
}

async fn found(backend: &Backend, user: UserId, filter: &NotificationFilter) -> Vec<Notification> {
    let page = first_page(NotificationSort::Id, Direction::Ascending, 2);
    walk(page, |page| async move { backend.queries.list_notifications(user, filter, &page).await }).await
}

/// Every sort field, both directions, pages of several lengths; never a word that somebody else was told.
pub async fn every_order_of_notifications_is_walked_from_end_to_end(backend: &Backend) {
    let (karim, notifications) = told(backend).await;
    assert_eq!(notifications.len(), 5);
    assert!(notifications.iter().all(|notification| notification.notice.user_id == karim));
    let key = |notification: &Notification, sort| match sort {
        NotificationSort::Id => Some(number_key(notification.id.0)),
        NotificationSort::SentAt => Some(instant_key(notification.notice.at)),
    };
    let everything = &NotificationFilter::default();
    let fetch = |page| async move { backend.queries.list_notifications(karim, everything, &page).await };
    walk_every_order(NotificationSort::ALL, &notifications, |notification| notification.id.0, key, fetch).await;
}

/// Each alone, and together.
pub async fn every_filter_narrows_a_list_of_notifications(backend: &Backend) {
    let (karim, notifications) = told(backend).await;
    let none = NotificationFilter::default;
    let assignment = Some(NotificationKind::Assignment);
    for (filter, expected) in [
        (NotificationFilter { is_read: Some(true), ..none() }, vec![0, 2, 4]),
        (NotificationFilter { is_read: Some(false), ..none() }, vec![1, 3]),
        (NotificationFilter { kind: assignment, ..none() }, vec![0, 4]),
        (NotificationFilter { kind: Some(NotificationKind::Lateness), is_read: Some(false) }, vec![3]),
        (NotificationFilter { kind: assignment, is_read: Some(false) }, vec![]),
    ] {
        let rows = found(backend, karim, &filter).await;
        let places: Vec<_> =
            rows.iter().map(|row| notifications.iter().position(|told| told == row).unwrap()).collect();
        assert_eq!(places, expected, "{filter:?}");
    }
    assert_eq!(found(backend, UserId(404), &none()).await, []);
}
