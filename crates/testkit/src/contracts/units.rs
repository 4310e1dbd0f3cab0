//! Transactions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mif_domain::RepositoryError;
use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::outbox::{Lane, OutboxMessage};
use mif_domain::queries::UserScope;
use mif_domain::sessions::SessionId;
use mif_domain::unit_of_work::NamedLock;

use super::{Backend, at_once};
use crate::{T0, a_user, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! unit_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => units:
            a_commit_makes_everything_visible_at_once,
            dropping_a_unit_undoes_everything,
            a_unit_is_dead_after_an_error,
            a_unit_whose_row_was_stale_is_dead,
            the_next_unit_works_after_one_that_failed,
            a_named_lock_lets_one_in_at_a_time,
            an_audit_event_needs_a_known_actor,
        );
    };
}

/// Nothing is seen before the commit, everything after it.
pub async fn a_commit_makes_everything_visible_at_once(backend: &Backend) {
    let mut unit = backend.begin().await;
    let user = unit.users().insert(a_user("karim").build(), T0).await.unwrap();
    let origin = AuditOrigin { actor: Some(user.id), ..AuditOrigin::default() };
    unit.audit().append(AuditEvent::success(AuditKind::UserCreated, origin, T0)).await.unwrap();
    let warning = OutboxMessage::WarnOfTokenReuse { user_id: user.id, session_id: SessionId(1) };
    unit.outbox().enqueue(warning, T0).await.unwrap();
    unit.commit().await.unwrap();
    assert!(backend.queries.find_user(user.id, UserScope::All).await.unwrap().is_some());
    assert_eq!(backend.queue.lease(Lane::Letters, T0, chrono::TimeDelta::seconds(1), 10).await.unwrap().len(), 1);
}

/// Rows, audit events and messages of a dropped unit never were.
pub async fn dropping_a_unit_undoes_everything(backend: &Backend) {
    let mut unit = backend.begin().await;
    let user = unit.users().insert(a_user("karim").build(), T0).await.unwrap();
    let warning = OutboxMessage::WarnOfTokenReuse { user_id: user.id, session_id: SessionId(1) };
    unit.outbox().enqueue(warning, T0).await.unwrap();
    drop(unit);
    let mut unit = backend.begin().await;
    assert!(unit.users().find_for_update(user.id).await.unwrap().is_none());
    assert!(!unit.users().username_exists(&user.username).await.unwrap());
    drop(unit);
    assert!(backend.queue.lease(Lane::Letters, later(60), chrono::TimeDelta::seconds(1), 10).await.unwrap().is_empty());
}

/// What went well before the error is lost too: a commit fails.
pub async fn a_unit_is_dead_after_an_error(backend: &Backend) {
    let mut unit = backend.begin().await;
    unit.users().insert(a_user("karim").build(), T0).await.unwrap();
    unit.users().insert(a_user("karim").email("autre@mif.ma").build(), T0).await.unwrap_err();
    unit.commit().await.unwrap_err();
    let mut unit = backend.begin().await;
    assert!(!unit.users().username_exists(&a_user("karim").build().username).await.unwrap());
}

/// `Stale` is an error like any other, although the database itself is content.
pub async fn a_unit_whose_row_was_stale_is_dead(backend: &Backend) {
    let user = backend.insert_user(a_user("karim").build()).await;
    let mut unit = backend.begin().await;
    unit.users().insert(a_user("fatima").build(), T0).await.unwrap();
    let stale = mif_domain::users::User { version: user.version + 1, ..user };
    assert_eq!(unit.users().update(&stale, T0).await, Err(RepositoryError::Stale));
    unit.commit().await.unwrap_err();
    let mut unit = backend.begin().await;
    assert!(!unit.users().username_exists(&a_user("fatima").build().username).await.unwrap());
}

/// An error leaves no trace on the connection that the next unit gets.
pub async fn the_next_unit_works_after_one_that_failed(backend: &Backend) {
    backend.insert_user(a_user("karim").build()).await;
    for _ in 0..20 {
        let mut unit = backend.begin().await;
        unit.users().insert(a_user("karim").build(), T0).await.unwrap_err();
        drop(unit);
        let mut unit = backend.begin().await;
        unit.users().count_active_admins().await.unwrap();
        unit.commit().await.unwrap();
    }
}

/// Whoever holds the lock is alone until the unit ends.
pub async fn a_named_lock_lets_one_in_at_a_time(backend: &Backend) {
    let inside = Arc::new(AtomicUsize::new(0));
    let most = at_once(8, |_| {
        let (backend, inside) = (backend.clone(), Arc::clone(&inside));
        async move {
            let mut unit = backend.begin().await;
            unit.lock(NamedLock::Admins).await.unwrap();
            let seen = inside.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            inside.fetch_sub(1, Ordering::SeqCst);
            unit.commit().await.unwrap();
            seen
        }
    });
    assert_eq!(most.await, [1; 8]);
}

/// The trail points at people who exist.
pub async fn an_audit_event_needs_a_known_actor(backend: &Backend) {
    let mut unit = backend.begin().await;
    let origin = AuditOrigin { actor: Some(mif_domain::users::UserId(404)), ..AuditOrigin::default() };
    let event = AuditEvent::success(AuditKind::Logout, origin, T0).with("reason", "héritage \"cité\"");
    let refused = unit.audit().append(event).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(mif_domain::Constraint::Other)));
}
