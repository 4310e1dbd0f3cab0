//! Sessions and the five rules of rotation, rule by rule.

use chrono::TimeDelta;
use mif_domain::Instant;
use mif_domain::sessions::{RevokeReason, Rotated, Rotation, SessionId, SessionLimits, TokenHash};
use mif_domain::users::{Role, User, UserId};

use super::{Backend, at_once};
use crate::{T0, a_session, a_user, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! session_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => sessions:
            the_current_token_rotates,
            of_64_parallel_rotations_of_one_token_one_succeeds,
            an_ended_expired_or_closed_session_does_not_rotate,
            the_number_of_rotations_is_bounded,
            the_previous_token_gets_the_same_successor_for_ten_seconds,
            a_lost_answer_is_repeated_for_five_minutes_while_unused,
            an_acknowledged_successor_is_not_repeated_after_ten_seconds,
            an_old_previous_token_with_an_unused_successor_ends_nothing,
            a_previous_token_whose_successor_was_used_ends_the_session,
            a_spent_token_ends_the_session_at_once,
            of_parallel_reuses_one_ends_the_session,
            an_unknown_token_ends_nothing,
            a_clock_that_is_set_back_opens_no_window,
            acknowledging_never_goes_back_nor_ahead,
            a_session_state_is_that_of_a_live_session_and_its_user,
            revoking_is_for_the_owner_and_works_once,
            revoking_all_can_spare_one,
            the_oldest_sessions_give_way,
            a_live_session_is_told_from_one_that_ended,
            purging_forgets_ended_sessions_and_their_spent_tokens,
            purging_wipes_successors_that_no_rule_needs_and_counts_them,
            sessions_are_listed_with_the_newest_first,
        );
    };
}

const fn hash(n: u8) -> TokenHash {
    TokenHash([n; 32])
}

async fn open(backend: &Backend, user: UserId, token: TokenHash, at: Instant) -> SessionId {
    let mut unit = backend.begin().await;
    let id = unit.sessions().insert(a_session(user, token, at)).await.unwrap();
    unit.commit().await.unwrap();
    id
}

/// A user with one session whose first token is `hash(1)`.
async fn signed_in(backend: &Backend) -> (User, SessionId) {
    let user = backend.insert_user(a_user("karim").build()).await;
    let session = open(backend, user.id, hash(1), T0).await;
    (user, session)
}

/// The `n`-th token for the one after it.
async fn rotate(backend: &Backend, n: u8, at: Instant) -> Option<Rotated> {
    let rotation = Rotation { presented: hash(n), successor: hash(n + 1), sealed_successor: vec![n; 48], at };
    let mut unit = backend.begin().await;
    let rotated = unit.sessions().rotate(&rotation).await.unwrap();
    unit.commit().await.unwrap();
    rotated
}

/// The sealed successor and its generation, if the `n`-th token gets one.
async fn successor(backend: &Backend, n: u8, at: Instant) -> Option<(Vec<u8>, i64)> {
    let mut unit = backend.begin().await;
    let found = unit.sessions().find_successor(&hash(n), at).await.unwrap();
    found.map(|found| (found.sealed, found.session.generation))
}

async fn reuse(backend: &Backend, n: u8, at: Instant) -> Option<(SessionId, UserId)> {
    let mut unit = backend.begin().await;
    let ended = unit.sessions().revoke_if_reused(&hash(n), at).await.unwrap();
    unit.commit().await.unwrap();
    ended
}

async fn acknowledge(backend: &Backend, id: SessionId, generation: i64, at: Instant) {
    let mut unit = backend.begin().await;
    unit.sessions().acknowledge(id, generation, at).await.unwrap();
    unit.commit().await.unwrap();
}

async fn is_live(backend: &Backend, id: SessionId, at: Instant) -> bool {
    backend.states.find_session_state(id, at).await.unwrap().is_some()
}

/// Rule 1.
pub async fn the_current_token_rotates(backend: &Backend) {
    let (user, session) = signed_in(backend).await;
    let expected =
        |generation| Some(Rotated { session_id: session, user_id: user.id, role: Role::Technician, generation });
    assert_eq!(rotate(backend, 1, later(60)).await, expected(2));
    assert_eq!(rotate(backend, 1, later(61)).await, None);
    assert_eq!(rotate(backend, 2, later(62)).await, expected(3));
}

/// Rule 1 between callers: the database decides.
pub async fn of_64_parallel_rotations_of_one_token_one_succeeds(backend: &Backend) {
    let (_, session) = signed_in(backend).await;
    let results = at_once(64, |caller| {
        let backend = backend.clone();
        async move {
            let successor = hash(u8::try_from(caller + 100).unwrap());
            let sealed_successor = vec![u8::try_from(caller).unwrap(); 48];
            let rotation = Rotation { presented: hash(1), successor, sealed_successor, at: later(60) };
            let mut unit = backend.begin().await;
            let rotated = unit.sessions().rotate(&rotation).await.unwrap();
            let found = match rotated {
                Some(_) => None,
                None => unit.sessions().find_successor(&hash(1), later(60)).await.unwrap(),
            };
            unit.commit().await.unwrap();
            (rotated.is_some(), found, caller)
        }
    });
    let results = results.await;
    let winners: Vec<_> = results.iter().filter(|(won, ..)| *won).map(|(_, _, caller)| *caller).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    let sealed = vec![u8::try_from(*winners.first().unwrap()).unwrap(); 48];
    let losers: Vec<_> = results.into_iter().filter(|(won, ..)| !won).collect();
    assert!(losers.iter().all(|(_, found, _)| found.as_ref().is_some_and(|found| found.sealed == sealed)));
    assert!(is_live(backend, session, later(61)).await);
}

/// Live means: not revoked, not expired, user active.
pub async fn an_ended_expired_or_closed_session_does_not_rotate(backend: &Backend) {
    let (user, session) = signed_in(backend).await;
    let end = T0 + SessionLimits::LIFETIME;
    assert_eq!(rotate(backend, 1, end).await, None);
    assert!(rotate(backend, 1, end - TimeDelta::seconds(2)).await.is_some());
    assert!(successor(backend, 1, end - TimeDelta::seconds(1)).await.is_some());
    assert_eq!(successor(backend, 1, end).await, None);

    let mut unit = backend.begin().await;
    let closed = unit.users().update(&User { is_active: false, ..user.clone() }, T0).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(rotate(backend, 2, later(60)).await, None);
    assert_eq!(successor(backend, 1, later(60)).await, None);
    assert!(!is_live(backend, session, later(60)).await);

    let mut unit = backend.begin().await;
    unit.users().update(&User { is_active: true, ..closed }, T0).await.unwrap();
    assert!(unit.sessions().revoke(user.id, session, RevokeReason::LoggedOut, later(60)).await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(rotate(backend, 2, later(61)).await, None);
    assert_eq!(successor(backend, 1, later(61)).await, None);
}

/// Nothing grows without bound: the last rotation allowed is the 10 000th.
pub async fn the_number_of_rotations_is_bounded(backend: &Backend) {
    signed_in(backend).await;
    let numbered = |n: i64| {
        let mut hash = [7; 32];
        hash[..8].copy_from_slice(&n.to_be_bytes());
        TokenHash(hash)
    };
    let mut unit = backend.begin().await;
    let mut presented = hash(1);
    for n in 0..SessionLimits::MAX_ROTATIONS {
        let rotation = Rotation { presented, successor: numbered(n), sealed_successor: vec![1], at: later(1) };
        assert!(unit.sessions().rotate(&rotation).await.unwrap().is_some(), "rotation {n}");
        presented = rotation.successor;
    }
    let rotation = Rotation { presented, successor: hash(2), sealed_successor: vec![1], at: later(1) };
    assert_eq!(unit.sessions().rotate(&rotation).await, Ok(None));
}

/// Rule 2, two tabs: even when the successor was used meanwhile.
pub async fn the_previous_token_gets_the_same_successor_for_ten_seconds(backend: &Backend) {
    let (_, session) = signed_in(backend).await;
    rotate(backend, 1, later(60)).await;
    acknowledge(backend, session, 2, later(61)).await;
    assert_eq!(successor(backend, 1, later(69)).await, Some((vec![1; 48], 2)));
    assert_eq!(successor(backend, 1, later(70)).await, None);
    assert_eq!(reuse(backend, 1, later(69)).await, None);
}

/// Rule 2, a lost answer.
pub async fn a_lost_answer_is_repeated_for_five_minutes_while_unused(backend: &Backend) {
    signed_in(backend).await;
    rotate(backend, 1, later(60)).await;
    assert_eq!(successor(backend, 1, later(359)).await, Some((vec![1; 48], 2)));
    assert_eq!(successor(backend, 1, later(360)).await, None);
    assert_eq!(successor(backend, 2, later(61)).await, None);
}

/// A rotation that seems to lie ahead is no recent one; a little ahead is the clock of another replica.
pub async fn a_clock_that_is_set_back_opens_no_window(backend: &Backend) {
    let (_, session) = signed_in(backend).await;
    rotate(backend, 1, later(3600)).await;
    assert!(successor(backend, 1, later(3591)).await.is_some());
    assert_eq!(successor(backend, 1, later(3300)).await, None);
    assert_eq!(reuse(backend, 1, later(60)).await, None);
    acknowledge(backend, session, 2, later(60)).await;
    assert!(rotate(backend, 2, later(61)).await.is_some(), "the current token goes on");
    acknowledge(backend, session, 3, later(62)).await;
    assert!(reuse(backend, 2, later(45)).await.is_some(), "the previous one is a copy");
}

/// Rule 2 ends where the successor is known to have arrived.
pub async fn an_acknowledged_successor_is_not_repeated_after_ten_seconds(backend: &Backend) {
    let (_, session) = signed_in(backend).await;
    rotate(backend, 1, later(60)).await;
    assert!(successor(backend, 1, later(80)).await.is_some());
    acknowledge(backend, session, 2, later(81)).await;
    assert_eq!(successor(backend, 1, later(82)).await, None);
}

/// Rule 3: a phone back from a tunnel.
pub async fn an_old_previous_token_with_an_unused_successor_ends_nothing(backend: &Backend) {
    let (_, session) = signed_in(backend).await;
    rotate(backend, 1, later(60)).await;
    assert_eq!(successor(backend, 1, later(3600)).await, None);
    assert_eq!(reuse(backend, 1, later(3600)).await, None);
    assert!(is_live(backend, session, later(3600)).await);
    assert!(rotate(backend, 2, later(3601)).await.is_some());
}

/// Rule 4, first half: used by an access token.
pub async fn a_previous_token_whose_successor_was_used_ends_the_session(backend: &Backend) {
    let (user, session) = signed_in(backend).await;
    rotate(backend, 1, later(60)).await;
    acknowledge(backend, session, 2, later(61)).await;
    assert_eq!(reuse(backend, 1, later(70)).await, Some((session, user.id)));
    assert!(!is_live(backend, session, later(70)).await);
    assert_eq!(rotate(backend, 2, later(71)).await, None);
    assert_eq!(reuse(backend, 1, later(72)).await, None);
}

/// Rule 4, second half: two rotations ago is theft however short the time.
pub async fn a_spent_token_ends_the_session_at_once(backend: &Backend) {
    let (user, session) = signed_in(backend).await;
    rotate(backend, 1, later(60)).await;
    rotate(backend, 2, later(60)).await;
    assert_eq!(successor(backend, 1, later(60)).await, None);
    assert_eq!(reuse(backend, 1, later(60)).await, Some((session, user.id)));
    assert!(!is_live(backend, session, later(60)).await);
}

/// Rule 4 between callers: one alarm.
pub async fn of_parallel_reuses_one_ends_the_session(backend: &Backend) {
    signed_in(backend).await;
    rotate(backend, 1, later(60)).await;
    rotate(backend, 2, later(60)).await;
    let ended = at_once(8, |_| {
        let backend = backend.clone();
        async move { reuse(&backend, 1, later(61)).await }
    });
    assert_eq!(ended.await.into_iter().flatten().count(), 1);
}

/// Rule 5.
pub async fn an_unknown_token_ends_nothing(backend: &Backend) {
    let (_, session) = signed_in(backend).await;
    rotate(backend, 1, later(60)).await;
    assert_eq!(rotate(backend, 99, later(61)).await, None);
    assert_eq!(successor(backend, 99, later(61)).await, None);
    assert_eq!(reuse(backend, 99, later(61)).await, None);
    assert_eq!(reuse(backend, 2, later(61)).await, None);
    assert!(is_live(backend, session, later(61)).await);
}

/// An old access token that comes late changes nothing, nor does one of a generation that was never handed out.
pub async fn acknowledging_never_goes_back_nor_ahead(backend: &Backend) {
    let (_, session) = signed_in(backend).await;
    rotate(backend, 1, later(60)).await;
    acknowledge(backend, session, 3, later(61)).await;
    assert!(successor(backend, 1, later(100)).await.is_some());
    acknowledge(backend, session, 2, later(62)).await;
    acknowledge(backend, session, 1, later(63)).await;
    let state = backend.states.find_session_state(session, later(64)).await.unwrap().unwrap();
    assert_eq!((state.generation, state.acked_generation), (2, 2));
}

/// One row says it all.
pub async fn a_session_state_is_that_of_a_live_session_and_its_user(backend: &Backend) {
    let (user, session) = signed_in(backend).await;
    let state = backend.states.find_session_state(session, later(1)).await.unwrap().unwrap();
    assert_eq!((state.session_id, state.user_id, state.role), (session, user.id, user.role));
    assert_eq!((state.username.as_str(), state.customer_id, state.language), ("karim", None, user.language));
    assert_eq!((state.generation, state.acked_generation, state.must_change_password), (1, 0, false));
    assert!(!is_live(backend, session, T0 + SessionLimits::LIFETIME).await);
    assert!(!is_live(backend, SessionId(404), later(1)).await);
}

/// Nobody closes what is not theirs, and nothing ends twice.
pub async fn revoking_is_for_the_owner_and_works_once(backend: &Backend) {
    let (user, session) = signed_in(backend).await;
    let other = backend.insert_user(a_user("fatima").build()).await;
    let mut unit = backend.begin().await;
    let closed = RevokeReason::Closed;
    assert_eq!(unit.sessions().revoke(other.id, session, closed, later(1)).await, Ok(false));
    assert_eq!(unit.sessions().revoke(user.id, session, closed, T0 + SessionLimits::LIFETIME).await, Ok(false));
    assert_eq!(unit.sessions().revoke(user.id, session, closed, later(1)).await, Ok(true));
    assert_eq!(unit.sessions().revoke(user.id, session, closed, later(2)).await, Ok(false));
    unit.commit().await.unwrap();
    assert!(!is_live(backend, session, later(2)).await);
}

/// The session in which the password was changed goes on.
pub async fn revoking_all_can_spare_one(backend: &Backend) {
    let (user, first) = signed_in(backend).await;
    let second = open(backend, user.id, hash(20), later(1)).await;
    let third = open(backend, user.id, hash(30), later(2)).await;
    let other = backend.insert_user(a_user("fatima").build()).await;
    let others = open(backend, other.id, hash(40), later(2)).await;
    let mut unit = backend.begin().await;
    let reason = RevokeReason::PasswordChanged;
    assert_eq!(unit.sessions().revoke_all(user.id, Some(second), reason, later(3)).await, Ok(2));
    unit.commit().await.unwrap();
    for (session, live) in [(first, false), (second, true), (third, false), (others, true)] {
        assert_eq!(is_live(backend, session, later(4)).await, live, "{session:?}");
    }
    let mut unit = backend.begin().await;
    assert_eq!(unit.sessions().revoke_all(user.id, None, reason, later(5)).await, Ok(1));
}

/// By age, then by identifier; ended ones do not count.
pub async fn the_oldest_sessions_give_way(backend: &Backend) {
    let (user, first) = signed_in(backend).await;
    let second = open(backend, user.id, hash(20), T0).await;
    let third = open(backend, user.id, hash(30), later(1)).await;
    let mut unit = backend.begin().await;
    assert_eq!(unit.sessions().revoke_oldest(user.id, 3, later(2)).await, Ok(0));
    assert_eq!(unit.sessions().revoke_oldest(user.id, 2, later(2)).await, Ok(1));
    assert_eq!(unit.sessions().revoke_oldest(user.id, 2, later(2)).await, Ok(0));
    unit.commit().await.unwrap();
    for (session, live) in [(first, false), (second, true), (third, true)] {
        assert_eq!(is_live(backend, session, later(3)).await, live, "{session:?}");
    }
}

/// Whatever became of its user.
pub async fn a_live_session_is_told_from_one_that_ended(backend: &Backend) {
    let (user, revoked) = signed_in(backend).await;
    let live = open(backend, user.id, hash(20), T0).await;
    let mut unit = backend.begin().await;
    unit.users().update(&User { is_active: false, ..user.clone() }, T0).await.unwrap();
    unit.sessions().revoke(user.id, revoked, RevokeReason::LoggedOut, later(1)).await.unwrap();
    let end = T0 + SessionLimits::LIFETIME;
    for (session, at, expected) in [
        (live, later(2), true),
        (live, end - TimeDelta::microseconds(1), true),
        (live, end, false),
        (revoked, later(2), false),
        (SessionId(404), later(2), false),
    ] {
        assert_eq!(unit.sessions().is_live(session, at).await, Ok(expected), "{session:?} at {at}");
    }
}

/// What ended long ago is deleted; what lives stays.
pub async fn purging_forgets_ended_sessions_and_their_spent_tokens(backend: &Backend) {
    let (user, ended) = signed_in(backend).await;
    rotate(backend, 1, later(1)).await;
    rotate(backend, 2, later(2)).await;
    let live = open(backend, user.id, hash(20), later(3)).await;
    let mut unit = backend.begin().await;
    unit.sessions().revoke(user.id, ended, RevokeReason::LoggedOut, later(10)).await.unwrap();
    assert_eq!(unit.sessions().purge(later(10), later(11)).await, Ok(0));
    assert_eq!(unit.sessions().purge(later(11), later(11)).await, Ok(1));
    unit.commit().await.unwrap();
    assert_eq!(reuse(backend, 1, later(12)).await, None);
    assert!(is_live(backend, live, later(12)).await);
    // The spent hashes are free again.
    open(backend, user.id, hash(1), later(13)).await;
    assert!(rotate(backend, 1, later(14)).await.is_some());
}

/// Wiping counts as work done, so that whoever purges knows whether to come back.
pub async fn purging_wipes_successors_that_no_rule_needs_and_counts_them(backend: &Backend) {
    signed_in(backend).await;
    rotate(backend, 1, later(1)).await;
    let over = later(1) + SessionLimits::LOST_ANSWER;
    let mut unit = backend.begin().await;
    assert_eq!(unit.sessions().purge(T0, over - TimeDelta::microseconds(1)).await, Ok(0));
    assert_eq!(unit.sessions().purge(T0, over).await, Ok(1));
    assert_eq!(unit.sessions().purge(T0, over).await, Ok(0));
}

/// As their owner sees them.
pub async fn sessions_are_listed_with_the_newest_first(backend: &Backend) {
    let (user, first) = signed_in(backend).await;
    let second = open(backend, user.id, hash(20), later(1)).await;
    let ended = open(backend, user.id, hash(30), later(2)).await;
    let mut unit = backend.begin().await;
    unit.sessions().revoke(user.id, ended, RevokeReason::Closed, later(3)).await.unwrap();
    unit.commit().await.unwrap();
    rotate(backend, 1, later(4)).await;
    let views = backend.queries.list_sessions(user.id, later(5)).await.unwrap();
    assert_eq!(views.iter().map(|view| view.id).collect::<Vec<_>>(), [second, first]);
    let oldest = views.last().unwrap();
    assert_eq!((oldest.device.as_str(), oldest.ip.as_deref()), ("Android", Some("196.200.131.7")));
    assert_eq!((oldest.created_at, oldest.last_used_at), (T0, later(4)));
    assert_eq!(oldest.expires_at, T0 + SessionLimits::LIFETIME);
}
