//! The chain over the audit trail, as its linker sees it.

use std::sync::Arc;

use mif_domain::audit::{
    AuditChain, AuditEvent, AuditKind, AuditOrigin, ChainHash, Link, Mark, MarkKind, MarkSigner as _, RowEvent,
    SignedMark,
};
use mif_domain::{Constraint, RepositoryError};

use super::{Backend, at_once};
use crate::{FakeMarkSigner, T0, later};

/// A store and the chain over its audit trail.
#[derive(Debug, Clone)]
pub struct ChainBackend {
    /// The store.
    pub store: Backend,
    /// The chain.
    pub chain: Arc<dyn AuditChain>,
}

/// Names every case of this suite.
#[macro_export]
macro_rules! audit_chain_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => audit_chain:
            one_linker_at_a_time_holds_the_lease,
            a_lease_ends_by_itself_and_can_be_given_back,
            of_many_that_want_the_lease_one_gets_it,
            what_is_not_linked_is_found_whatever_its_place,
            of_two_linkers_at_one_place_one_goes_away_empty_handed,
            links_are_appended_all_or_none,
            a_checkpoint_never_goes_back,
            pruning_takes_links_and_events_together_or_not_at_all,
            a_snapshot_stands_still,
        );
    };
}

/// Appends events at [`T0`] and the seconds after it.
async fn append(backend: &ChainBackend, count: i64) {
    let mut unit = backend.store.begin().await;
    for second in 0..count {
        let event = AuditEvent::success(AuditKind::ConfigStarted, AuditOrigin::default(), later(second));
        unit.audit().append(event.with("n", second.to_string())).await.unwrap();
    }
    unit.commit().await.unwrap();
}

fn hash(seq: i64) -> ChainHash {
    let mut hash = [0; 32];
    hash.last_chunk_mut::<8>().unwrap().copy_from_slice(&seq.to_be_bytes());
    ChainHash(hash)
}

/// The chain compares no hashes: any will do, as long as each is its own.
fn link(seq: i64, event_id: i64) -> Link {
    Link { seq, event_id, prev_hash: hash(seq - 1), hash: hash(seq) }
}

/// Links so many events, which are there already.
async fn linked(backend: &ChainBackend, count: i64) -> Vec<i64> {
    append(backend, count).await;
    let events = backend.chain.unlinked(0, 1000).await.unwrap().events;
    let links: Vec<_> = events.iter().zip(1..).map(|(event, seq)| link(seq, event.id)).collect();
    backend.chain.append(&links).await.unwrap();
    events.iter().map(|event| event.id).collect()
}

fn mark(kind: MarkKind, seq: i64, second: i64) -> SignedMark {
    FakeMarkSigner("k").sign(Mark { kind, seq, hash: hash(seq), at: later(second), events: seq })
}

async fn hold(backend: &ChainBackend, holder: &str, second: i64) -> bool {
    backend.chain.hold_lease(holder, later(second), later(second + 3)).await.unwrap()
}

/// And may prolong it.
pub async fn one_linker_at_a_time_holds_the_lease(backend: &ChainBackend) {
    assert!(hold(backend, "a", 0).await);
    assert!(!hold(backend, "b", 1).await);
    assert!(hold(backend, "a", 2).await);
    assert!(!hold(backend, "b", 4).await, "it was prolonged");
}

/// So a linker that died holds up nobody for long.
pub async fn a_lease_ends_by_itself_and_can_be_given_back(backend: &ChainBackend) {
    assert!(hold(backend, "a", 0).await);
    assert!(!hold(backend, "b", 2).await);
    assert!(hold(backend, "b", 3).await);
    backend.chain.release_lease("a").await.unwrap();
    assert!(!hold(backend, "a", 4).await, "it was not a's any more");
    backend.chain.release_lease("b").await.unwrap();
    assert!(hold(backend, "a", 4).await);
}

/// However close their questions come.
pub async fn of_many_that_want_the_lease_one_gets_it(backend: &ChainBackend) {
    let holders = at_once(8, |n| {
        let backend = backend.clone();
        async move { hold(&backend, &format!("linker-{n}"), 0).await }
    });
    assert_eq!(holders.await.into_iter().filter(|held| *held).count(), 1);
}

/// Also an event with a smaller identifier than those that were linked.
pub async fn what_is_not_linked_is_found_whatever_its_place(backend: &ChainBackend) {
    append(backend, 5).await;
    let events = backend.chain.unlinked(0, 1000).await.unwrap().events;
    assert_eq!(events.len(), 5);
    let second = events.get(1).unwrap();
    assert_eq!(
        (second.at, second.kind.as_str(), second.details.as_str()),
        (later(1), "config.started", r#"{"n":"1"}"#)
    );
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    let [first, second_id, third, fourth, fifth] = *ids.first_chunk::<5>().unwrap();
    backend.chain.append(&[link(1, fourth), link(2, first)]).await.unwrap();
    let found = async |after, limit| -> Vec<i64> {
        backend.chain.unlinked(after, limit).await.unwrap().events.iter().map(|event| event.id).collect()
    };
    assert_eq!(found(0, 1000).await, [second_id, third, fifth]);
    assert_eq!(found(0, 2).await, [second_id, third]);
    assert_eq!(found(second_id, 1000).await, [third, fifth]);
    let end = backend.chain.end().await.unwrap();
    assert_eq!((end.seq, end.hash, end.event_id), (2, hash(2), first));
}

/// A place, an event and a predecessor are each given away once.
pub async fn of_two_linkers_at_one_place_one_goes_away_empty_handed(backend: &ChainBackend) {
    linked(backend, 3).await;
    append(backend, 2).await;
    let new = backend.chain.unlinked(0, 1000).await.unwrap().events;
    let (one, other) = (new.first().unwrap().id, new.get(1).unwrap().id);
    let outcomes = at_once(2, |n| {
        let chain = Arc::clone(&backend.chain);
        async move { chain.append(&[link(4, if n == 0 { one } else { other })]).await }
    });
    let refused: Vec<_> = outcomes.await.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused, [RepositoryError::Conflict(Constraint::Other)]);
    let left = backend.chain.unlinked(0, 1000).await.unwrap().events;
    let left = left.first().unwrap().id;
    let fork = Link { prev_hash: hash(3), ..link(5, left) };
    assert_eq!(backend.chain.append(&[fork]).await, Err(RepositoryError::Conflict(Constraint::Other)));
    let linked = if left == one { other } else { one };
    assert_eq!(backend.chain.append(&[link(5, linked)]).await, Err(RepositoryError::Conflict(Constraint::Other)));
    backend.chain.append(&[link(5, left)]).await.unwrap();
}

/// A batch of any length, cut short by whatever is wrong in it.
pub async fn links_are_appended_all_or_none(backend: &ChainBackend) {
    append(backend, 301).await;
    let events = backend.chain.unlinked(0, 1000).await.unwrap().events;
    let mut links: Vec<_> = events.iter().zip(1..).map(|(event, seq)| link(seq, event.id)).collect();
    let last = links.pop().unwrap();
    links.push(Link { seq: 1, ..last });
    backend.chain.append(&links).await.unwrap_err();
    assert_eq!(backend.chain.end().await.unwrap().seq, 0);
    links.pop();
    links.push(last);
    backend.chain.append(&links).await.unwrap();
    assert_eq!(backend.chain.end().await.unwrap().seq, 301);
}

/// Whichever linker is late with it.
pub async fn a_checkpoint_never_goes_back(backend: &ChainBackend) {
    assert_eq!(backend.chain.checkpoint().await.unwrap(), None);
    for (seq, kept) in [(5, 5), (9, 9), (7, 9)] {
        backend.chain.keep_checkpoint(&mark(MarkKind::Checkpoint, seq, seq)).await.unwrap();
        assert_eq!(backend.chain.checkpoint().await.unwrap(), Some(mark(MarkKind::Checkpoint, kept, kept)));
    }
    assert_eq!(backend.chain.anchor().await.unwrap(), None);
    assert_eq!(backend.store.queries.newest_checkpoint().await.unwrap().map(|newest| newest.mark.seq), Some(9));
}

/// An anchor stays, and an event says what happened.
pub async fn pruning_takes_links_and_events_together_or_not_at_all(backend: &ChainBackend) {
    let ids = linked(backend, 5).await;
    let pruned = || AuditEvent::success(AuditKind::AuditPruned, AuditOrigin::default(), T0);
    let anchor = mark(MarkKind::Anchor, 3, 9);
    let refused = backend.chain.prune(&anchor, ids.split_at(2).0, pruned()).await;
    assert_eq!(refused, Err(RepositoryError::Stale));
    assert_eq!(backend.chain.anchor().await.unwrap(), None);
    assert_eq!(backend.chain.unlinked(0, 10).await.unwrap().rows(), 0);

    backend.chain.prune(&anchor, ids.split_at(3).0, pruned()).await.unwrap();
    assert_eq!(backend.chain.anchor().await.unwrap(), Some(anchor.clone()));
    let mut snapshot = backend.chain.snapshot().await.unwrap();
    let places: Vec<_> = snapshot.rows(0, 10).await.unwrap().iter().map(|row| row.link.seq).collect();
    drop(snapshot);
    assert_eq!(places, [4, 5]);
    let new = backend.chain.unlinked(0, 10).await.unwrap().events;
    assert_eq!(new.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["audit.pruned"]);
    assert_eq!(backend.chain.prune(&anchor, &[], pruned()).await, Err(RepositoryError::Stale), "twice");
}

/// Whoever verifies sees one moment.
pub async fn a_snapshot_stands_still(backend: &ChainBackend) {
    let [first, second, third] = *linked(backend, 3).await.first_chunk::<3>().unwrap();
    let mut snapshot = backend.chain.snapshot().await.unwrap();
    let rows = snapshot.rows(0, 2).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.link).collect::<Vec<_>>(), [link(1, first), link(2, second)]);
    assert!(rows.iter().all(|row| matches!(&row.event, RowEvent::Stored(event) if event.id == row.link.event_id)));
    append(backend, 1).await;
    assert_eq!(snapshot.unlinked(later(1000)).await.unwrap().events, 0);
    drop(snapshot);
    let mut now = backend.chain.snapshot().await.unwrap();
    let unlinked = now.unlinked(T0).await.unwrap();
    assert_eq!((unlinked.events, unlinked.overdue, unlinked.first_overdue), (1, 0, None));
    let unlinked = now.unlinked(later(1)).await.unwrap();
    assert_eq!((unlinked.overdue, unlinked.first_overdue), (1, Some(third + 1)));
}
