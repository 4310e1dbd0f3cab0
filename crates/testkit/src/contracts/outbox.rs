//! The outbox and its workers.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use mif_domain::Instant;
use mif_domain::documents::FileId;
use mif_domain::outbox::{Lane, LeasedMessage, OutboxMessage};
use mif_domain::sessions::SessionId;
use mif_domain::users::{EmailAddress, UserId};
use opentelemetry::Context;
use opentelemetry::trace::{
    FutureExt as _, SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};

use super::{Backend, at_once};
use crate::{T0, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! outbox_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => outbox:
            a_message_is_leased_once_at_a_time,
            an_expired_lease_can_be_taken_again,
            a_completed_message_is_gone,
            a_postponed_message_waits,
            a_message_that_was_put_back_has_lost_no_attempt,
            a_message_that_was_given_up_is_not_leased_again,
            what_was_given_up_is_listed_retried_and_forgotten,
            trying_again_makes_no_message_younger,
            messages_come_in_order_and_in_batches,
            a_lane_does_not_wait_for_another,
            every_message_is_read_back_as_it_was_written,
            parallel_workers_never_get_the_same_message,
            every_message_reads_back_as_it_was_written,
            a_message_remembers_the_trace_it_was_added_in,
        );
    };
}

const LEASE: TimeDelta = TimeDelta::seconds(60);

fn message(n: i64) -> OutboxMessage {
    OutboxMessage::WarnOfTokenReuse { user_id: UserId(n), session_id: SessionId(n * 10) }
}

async fn enqueue(backend: &Backend, count: i64) {
    let mut unit = backend.begin().await;
    for n in 1..=count {
        unit.outbox().enqueue(message(n), T0).await.unwrap();
    }
    unit.commit().await.unwrap();
}

async fn lease(backend: &Backend, at: Instant, limit: u32) -> Vec<LeasedMessage> {
    backend.queue.lease(Lane::Letters, at, LEASE, limit).await.unwrap()
}

/// What one worker holds, no other gets.
pub async fn a_message_is_leased_once_at_a_time(backend: &Backend) {
    enqueue(backend, 1).await;
    assert!(lease(backend, later(-1), 10).await.is_empty());
    let leased = lease(backend, T0, 10).await;
    assert_eq!(leased.iter().map(|m| (m.message.clone(), m.attempt)).collect::<Vec<_>>(), [(message(1), 1)]);
    assert!(lease(backend, later(59), 10).await.is_empty());
}

/// A worker that died holds nothing for ever.
pub async fn an_expired_lease_can_be_taken_again(backend: &Backend) {
    enqueue(backend, 1).await;
    let first = lease(backend, T0, 10).await;
    let second = lease(backend, later(60), 10).await;
    assert_eq!(second.iter().map(|m| (m.id, m.attempt)).collect::<Vec<_>>(), [(first.first().unwrap().id, 2)]);
}

/// Done is done.
pub async fn a_completed_message_is_gone(backend: &Backend) {
    enqueue(backend, 1).await;
    let id = lease(backend, T0, 10).await.first().unwrap().id;
    backend.queue.complete(id).await.unwrap();
    backend.queue.complete(id).await.unwrap();
    assert!(lease(backend, later(3600), 10).await.is_empty());
}

/// Until its time has come, although the lease is free.
pub async fn a_postponed_message_waits(backend: &Backend) {
    enqueue(backend, 1).await;
    let id = lease(backend, T0, 10).await.first().unwrap().id;
    backend.queue.postpone(id, "la poste est en grève", Some(later(120))).await.unwrap();
    assert!(lease(backend, later(119), 10).await.is_empty());
    assert_eq!(lease(backend, later(120), 10).await.first().map(|m| (m.id, m.attempt)), Some((id, 2)));
}

/// It waits like any other.
pub async fn a_message_that_was_put_back_has_lost_no_attempt(backend: &Backend) {
    enqueue(backend, 1).await;
    let id = lease(backend, T0, 10).await.first().unwrap().id;
    backend.queue.put_back(id, later(20)).await.unwrap();
    assert!(lease(backend, later(19), 10).await.is_empty());
    assert_eq!(lease(backend, later(20), 10).await.first().map(|m| (m.id, m.attempt)), Some((id, 1)));
}

/// It is kept for people, not for workers.
pub async fn a_message_that_was_given_up_is_not_leased_again(backend: &Backend) {
    enqueue(backend, 1).await;
    let id = lease(backend, T0, 10).await.first().unwrap().id;
    backend.queue.postpone(id, "adresse inconnue", None).await.unwrap();
    assert!(lease(backend, later(1_000_000), 10).await.is_empty());
}

/// One by one, or all at once; what still waits is not touched.
pub async fn what_was_given_up_is_listed_retried_and_forgotten(backend: &Backend) {
    enqueue(backend, 4).await;
    let ids: Vec<_> = lease(backend, T0, 10).await.iter().map(|message| message.id).collect();
    for id in &ids[..3] {
        backend.queue.postpone(*id, "adresse inconnue", None).await.unwrap();
    }
    let listed = backend.queue.list_given_up(2).await.unwrap();
    let shown: Vec<_> = listed.iter().map(|it| (it.id, it.attempts, it.enqueued_at, it.reason.as_str())).collect();
    assert_eq!(shown, [(ids[0], 1, T0, "adresse inconnue"), (ids[1], 1, T0, "adresse inconnue")]);
    assert_eq!(listed[0].kind, message(1).kind());

    assert_eq!(backend.queue.retry_given_up(Some(ids[3]), later(5)).await.unwrap(), 0);
    assert_eq!(backend.queue.retry_given_up(Some(ids[1]), later(5)).await.unwrap(), 1);
    assert!(lease(backend, later(4), 10).await.is_empty());
    let again = lease(backend, later(5), 10).await;
    assert_eq!(again.iter().map(|message| (message.id, message.attempt)).collect::<Vec<_>>(), [(ids[1], 1)]);

    assert_eq!(backend.queue.forget_given_up(Some(ids[3])).await.unwrap(), 0);
    assert_eq!(backend.queue.forget_given_up(Some(ids[0])).await.unwrap(), 1);
    assert_eq!(backend.queue.retry_given_up(None, later(5)).await.unwrap(), 1);
    assert_eq!(backend.queue.forget_given_up(None).await.unwrap(), 0);
    let state = backend.queries.outbox_state().await.unwrap();
    assert_eq!((state.pending, state.failed), (3, 0));
}

/// What waits is as old as when it was written: a letter that fails all day must not look as if it had just come.
pub async fn trying_again_makes_no_message_younger(backend: &Backend) {
    enqueue(backend, 1).await;
    let id = lease(backend, T0, 10).await.first().unwrap().id;
    backend.queue.postpone(id, "la poste est en grève", Some(later(3600))).await.unwrap();
    assert_eq!(backend.queries.outbox_state().await.unwrap().oldest_at, Some(T0));
    backend.queue.postpone(id, "la poste est en grève", None).await.unwrap();
    assert_eq!(backend.queries.outbox_state().await.unwrap().oldest_at, None);
}

/// The oldest first, no more than asked for.
pub async fn messages_come_in_order_and_in_batches(backend: &Backend) {
    enqueue(backend, 5).await;
    let mut order = Vec::new();
    for expected in [2, 2, 1, 0] {
        let batch = lease(backend, T0, 2).await;
        assert_eq!(batch.len(), expected);
        order.extend(batch.into_iter().map(|leased| leased.message));
    }
    assert_eq!(order, (1..=5).map(message).collect::<Vec<_>>());
}

/// However many letters wait.
pub async fn a_lane_does_not_wait_for_another(backend: &Backend) {
    enqueue(backend, 3).await;
    let removal = OutboxMessage::RemoveFile { file_id: FileId([7; 16]) };
    let mut unit = backend.begin().await;
    unit.outbox().enqueue(removal.clone(), T0).await.unwrap();
    unit.commit().await.unwrap();
    let leased = backend.queue.lease(Lane::Files, T0, LEASE, 10).await.unwrap();
    assert_eq!(leased.into_iter().map(|leased| leased.message).collect::<Vec<_>>(), [removal]);
    assert_eq!(lease(backend, T0, 10).await.len(), 3);
}

/// With the moment it was added.
pub async fn every_message_is_read_back_as_it_was_written(backend: &Backend) {
    let address = EmailAddress::parse("Zoé.O'Neil@exemple.ma").unwrap();
    let user_id = UserId(7);
    let messages = [
        message(1),
        OutboxMessage::SendPasswordReset { address: address.clone() },
        OutboxMessage::SendInvitation { user_id },
        OutboxMessage::SendEmailConfirmation { user_id, address: address.clone() },
        OutboxMessage::TellOfChangedEmail { user_id, old_address: address, new_masked: "z***@\"é.ma".to_owned() },
    ];
    let mut unit = backend.begin().await;
    for message in &messages {
        unit.outbox().enqueue(message.clone(), later(5)).await.unwrap();
    }
    unit.commit().await.unwrap();
    let leased = lease(backend, later(9), 10).await;
    assert!(leased.iter().all(|leased| leased.enqueued_at == later(5)));
    assert_eq!(leased.into_iter().map(|leased| leased.message).collect::<Vec<_>>(), messages);
}

/// Every message goes to exactly one of them.
pub async fn parallel_workers_never_get_the_same_message(backend: &Backend) {
    enqueue(backend, 60).await;
    let batches = at_once(6, |_| {
        let backend = backend.clone();
        async move {
            let mut mine = Vec::new();
            // An empty batch may only mean that others are choosing at this moment.
            for _ in 0..20 {
                let batch = lease(&backend, later(1), 5).await;
                assert!(batch.len() <= 5, "{} messages", batch.len());
                mine.extend(batch.into_iter().map(|leased| leased.id));
            }
            mine
        }
    });
    let leased: Vec<_> = batches.await.into_iter().flatten().collect();
    assert_eq!(leased.len(), 60);
    assert_eq!(leased.into_iter().collect::<BTreeSet<_>>().len(), 60);
}

/// Whatever it says.
pub async fn every_message_reads_back_as_it_was_written(backend: &Backend) {
    let messages = [message(7), OutboxMessage::WarnOfClosedAccount { user_id: UserId(7) }];
    let mut unit = backend.begin().await;
    for message in &messages {
        unit.outbox().enqueue(message.clone(), T0).await.unwrap();
    }
    unit.commit().await.unwrap();
    let leased: Vec<_> = lease(backend, T0, 10).await.into_iter().map(|leased| leased.message).collect();
    assert_eq!(leased, messages);
}

/// When there was one.
pub async fn a_message_remembers_the_trace_it_was_added_in(backend: &Backend) {
    let (trace, span) = (TraceId::from_bytes([0x4b; 16]), SpanId::from_bytes([7; 8]));
    let span = SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default());
    enqueue(backend, 1).with_context(Context::new().with_remote_span_context(span)).await;
    enqueue(backend, 1).await;
    let kept: Vec<_> = lease(backend, T0, 10).await.into_iter().map(|leased| leased.trace_parent).collect();
    let expected = format!("00-{}-{}-01", "4b".repeat(16), "07".repeat(8));
    assert_eq!(kept, [Some(expected), None]);
}
