//! Notifications.

use mif_domain::interventions::InterventionId;
use mif_domain::notifications::{NewNotification, Notification, NotificationId, NotificationKind, NotificationLimits};
use mif_domain::paging::{Direction, PageRequest, Position};
use mif_domain::queries::{NotificationFilter, NotificationSort};
use mif_domain::repository::PURGED;
use mif_domain::users::UserId;
use mif_domain::{Constraint, RepositoryError};

use super::Backend;
use crate::{T0, a_notice, a_user, an_equipment, an_intervention, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! notification_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => notifications:
            a_notification_reads_back_as_it_was_stored,
            what_is_told_needs_somebody_and_something_known,
            reading_twice_changes_nothing,
            nobody_reads_for_somebody_else,
            everything_is_read_at_once,
            what_was_read_goes_before_what_was_not,
            many_old_notifications_go_in_portions,
        );
    };
}

async fn tell(backend: &Backend, notices: Vec<NewNotification>) {
    let mut unit = backend.begin().await;
    for notice in notices {
        unit.notifications().insert(notice).await.unwrap();
    }
    unit.commit().await.unwrap();
}

/// The first rows by identifier, which every adapter has.
async fn all_of(backend: &Backend, user: UserId) -> Vec<Notification> {
    let page = PageRequest {
        sort: NotificationSort::Id,
        direction: Direction::Ascending,
        limit: 50,
        position: Position::First,
        with_total: false,
    };
    backend.queries.list_notifications(user, &NotificationFilter::default(), &page).await.unwrap().items
}

async fn mark(backend: &Backend, user: UserId, id: NotificationId, seconds: i64) -> bool {
    let mut unit = backend.begin().await;
    let marked = unit.notifications().mark_read(user, id, later(seconds)).await.unwrap();
    unit.commit().await.unwrap();
    marked
}

/// With work and without.
pub async fn a_notification_reads_back_as_it_was_stored(backend: &Backend) {
    let karim = backend.insert_user(a_user("karim").build()).await.id;
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await.id;
    let work = backend.insert_intervention(an_intervention("Fuite", machine).build(), None, T0).await;
    let notices = vec![
        NewNotification { intervention_id: Some(work.id), ..a_notice(karim, NotificationKind::Assignment, later(1)) },
        a_notice(karim, NotificationKind::Information, later(2)),
    ];
    tell(backend, notices.clone()).await;
    let stored = all_of(backend, karim).await;
    assert!(stored.iter().all(|notification| notification.read_at.is_none()));
    assert_eq!(stored.into_iter().map(|notification| notification.notice).collect::<Vec<_>>(), notices);
}

/// The references are checked.
pub async fn what_is_told_needs_somebody_and_something_known(backend: &Backend) {
    let karim = backend.insert_user(a_user("karim").build()).await.id;
    let about_nothing = NewNotification {
        intervention_id: Some(InterventionId(404)),
        ..a_notice(karim, NotificationKind::Lateness, T0)
    };
    for bad in [a_notice(UserId(404), NotificationKind::Information, T0), about_nothing] {
        let mut unit = backend.begin().await;
        let refused = unit.notifications().insert(bad).await;
        assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::Other)));
        unit.commit().await.unwrap_err();
    }
}

/// The first time stays.
pub async fn reading_twice_changes_nothing(backend: &Backend) {
    let karim = backend.insert_user(a_user("karim").build()).await.id;
    tell(backend, vec![a_notice(karim, NotificationKind::Reminder, T0); 2]).await;
    let id = all_of(backend, karim).await.first().unwrap().id;
    assert!(mark(backend, karim, id, 5).await);
    assert!(mark(backend, karim, id, 9).await, "it is theirs, read or not");
    let read: Vec<_> = all_of(backend, karim).await.iter().map(|notification| notification.read_at).collect();
    assert_eq!(read, [Some(later(5)), None]);
}

/// Not even by its number.
pub async fn nobody_reads_for_somebody_else(backend: &Backend) {
    let karim = backend.insert_user(a_user("karim").build()).await.id;
    let fatima = backend.insert_user(a_user("fatima").build()).await.id;
    tell(backend, vec![a_notice(karim, NotificationKind::Closing, T0)]).await;
    let id = all_of(backend, karim).await.first().unwrap().id;
    assert!(!mark(backend, fatima, id, 5).await);
    assert!(!mark(backend, karim, NotificationId(404), 5).await);
    assert_eq!(all_of(backend, fatima).await, []);
    assert_eq!(all_of(backend, karim).await.first().unwrap().read_at, None);
}

/// What was read before keeps its date, what others have is not touched.
pub async fn everything_is_read_at_once(backend: &Backend) {
    let karim = backend.insert_user(a_user("karim").build()).await.id;
    let fatima = backend.insert_user(a_user("fatima").build()).await.id;
    tell(backend, vec![a_notice(karim, NotificationKind::Information, T0); 3]).await;
    tell(backend, vec![a_notice(fatima, NotificationKind::Information, T0)]).await;
    let second = all_of(backend, karim).await.get(1).unwrap().id;
    assert!(mark(backend, karim, second, 5).await);
    for expected in [2, 0] {
        let mut unit = backend.begin().await;
        assert_eq!(unit.notifications().mark_all_read(karim, later(8)).await, Ok(expected));
        unit.commit().await.unwrap();
    }
    let read: Vec<_> = all_of(backend, karim).await.iter().map(|notification| notification.read_at).collect();
    assert_eq!(read, [Some(later(8)), Some(later(5)), Some(later(8))]);
    assert_eq!(all_of(backend, fatima).await.first().unwrap().read_at, None);
}

/// To the second: from the reading, or from the sending when nobody reads.
pub async fn what_was_read_goes_before_what_was_not(backend: &Backend) {
    let karim = backend.insert_user(a_user("karim").build()).await.id;
    tell(backend, vec![a_notice(karim, NotificationKind::Information, T0); 2]).await;
    let first = all_of(backend, karim).await.first().unwrap().id;
    assert!(mark(backend, karim, first, 5).await);
    let (read, unread) =
        (5 + NotificationLimits::READ_KEPT.num_seconds(), NotificationLimits::UNREAD_KEPT.num_seconds());
    for (seconds, purged) in [(read - 1, 0), (read, 1), (unread - 1, 0), (unread, 1), (unread, 0)] {
        let mut unit = backend.begin().await;
        assert_eq!(unit.notifications().purge(later(seconds)).await, Ok(purged), "after {seconds} s");
        unit.commit().await.unwrap();
    }
    assert_eq!(all_of(backend, karim).await, []);
}

/// So that others can write in between.
pub async fn many_old_notifications_go_in_portions(backend: &Backend) {
    let karim = backend.insert_user(a_user("karim").build()).await.id;
    let count = usize::try_from(PURGED).unwrap() + 1;
    tell(backend, vec![a_notice(karim, NotificationKind::Information, T0); count]).await;
    let old = later(NotificationLimits::UNREAD_KEPT.num_seconds());
    let mut unit = backend.begin().await;
    assert_eq!(unit.notifications().purge(old).await, Ok(PURGED));
    assert_eq!(unit.notifications().purge(old).await, Ok(1));
}
