//! Lists of events.

use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin, AuditOutcome};
use mif_domain::paging::Direction;
use mif_domain::queries::{AuditEntry, AuditFilter, AuditSort};
use mif_domain::users::UserId;

use super::super::Backend;
use super::{first_page, number_key, walk, walk_every_order};
use crate::{a_user, later};

/// Six things that Karim, Fatima and the system did.
async fn happened(backend: &Backend) -> (UserId, Vec<AuditEntry>) {
    let karim = backend.insert_user(a_user("karim").build()).await.id;
    let fatima = backend.insert_user(a_user("fatima").build()).await.id;
    let by = |actor| AuditOrigin { actor, ip: Some("203.0.113.9".to_owned()), request_id: Some("r".to_owned()) };
    let mut unit = backend.begin().await;
    for event in [
        AuditEvent::success(AuditKind::ConfigStarted, AuditOrigin::default(), later(0)).with("version", "1"),
        AuditEvent::failure(AuditKind::LoginFailed, by(None), later(1)),
        AuditEvent::success(AuditKind::LoginSuccess, by(Some(karim)), later(2)).on("session", 1),
        AuditEvent::success(AuditKind::EquipmentUpdated, by(Some(karim)), later(3)).on("equipment", 12),
        AuditEvent::failure(AuditKind::AccessDenied, by(Some(fatima)), later(4)),
        AuditEvent::success(AuditKind::EquipmentUpdated, by(Some(fatima)), later(5)).on("equipment", 1),
    ] {
        unit.audit().append(event).await.unwrap();
    }
    unit.commit().await.unwrap();
    (karim, found(backend, &AuditFilter::default()).await)
}

async fn found(backend: &Backend, filter: &AuditFilter) -> Vec<AuditEntry> {
    let page = first_page(AuditSort::Id, Direction::Ascending, 2);
    walk(page, |page| async move { backend.queries.list_audit(filter, &page).await }).await
}

/// Both directions, pages of several lengths, with names; and nothing is linked that nobody linked.
pub async fn both_orders_of_events_are_walked_from_end_to_end(backend: &Backend) {
    let (karim, events) = happened(backend).await;
    assert_eq!(events.len(), 6);
    let third = events.get(2).unwrap();
    assert_eq!((third.actor_name.as_deref(), third.event.actor), (Some("karim"), Some(karim.0)));
    assert_eq!((third.event.kind.as_str(), third.event.outcome.as_str()), ("auth.login.success", "success"));
    assert_eq!((third.event.at, third.event.resource.as_deref()), (later(2), Some("session/1")));
    assert!(events.iter().all(|entry| entry.link.is_none()));
    let everything = &AuditFilter::default();
    let fetch = |page| async move { backend.queries.list_audit(everything, &page).await };
    let key = |entry: &AuditEntry, _| Some(number_key(entry.event.id));
    walk_every_order(AuditSort::ALL, &events, |entry| entry.event.id, key, fetch).await;
}

/// Each alone, and together.
pub async fn every_filter_narrows_a_list_of_events(backend: &Backend) {
    let (karim, events) = happened(backend).await;
    let none = AuditFilter::default;
    let updated = Some(AuditKind::EquipmentUpdated);
    for (filter, expected) in [
        (AuditFilter { kind: updated, ..none() }, vec![3, 5]),
        (AuditFilter { actor: Some(karim), ..none() }, vec![2, 3]),
        (AuditFilter { resource: Some("equipment/1".to_owned()), ..none() }, vec![5]),
        (AuditFilter { outcome: Some(AuditOutcome::Failure), ..none() }, vec![1, 4]),
        (AuditFilter { from: Some(later(4)), ..none() }, vec![4, 5]),
        (AuditFilter { until: Some(later(1)), ..none() }, vec![0]),
        (AuditFilter { from: Some(later(1)), until: Some(later(3)), ..none() }, vec![1, 2]),
        (AuditFilter { kind: updated, actor: Some(karim), ..none() }, vec![3]),
        (AuditFilter { actor: Some(UserId(404)), ..none() }, vec![]),
    ] {
        let rows = found(backend, &filter).await;
        let places: Vec<_> = rows.iter().map(|row| events.iter().position(|entry| entry == row).unwrap()).collect();
        assert_eq!(places, expected, "{filter:?}");
    }
}
