//! Guesses at passwords.

use chrono::TimeDelta;
use mif_domain::guesses::{AddressKey, GuessLimits, Reservation};
use mif_domain::users::UserId;
use mif_domain::{Constraint, Instant, RepositoryError};

use super::{Backend, at_once};
use crate::{T0, a_user, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! guess_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => guesses:
            the_fifth_failure_locks_and_each_further_five_lock_longer,
            a_day_without_a_failure_forgets_everything,
            success_forgets_the_pair_and_the_account_count,
            pairs_of_other_addresses_and_accounts_are_free,
            what_is_refused_while_locked_counts_nowhere,
            of_parallel_guesses_five_are_allowed,
            parallel_guesses_after_a_lock_get_the_next_allowance,
            the_hundredth_failure_over_all_addresses_closes_the_account,
            of_parallel_guesses_from_many_addresses_a_hundred_are_allowed,
            a_closed_account_is_told_about_once,
            an_unlocked_account_begins_anew,
            what_was_never_looked_at_is_given_back,
            a_closed_account_is_not_opened_by_giving_back,
            unknown_accounts_have_five_failures_in_fifteen_minutes,
            of_parallel_guesses_at_nobody_five_are_allowed,
            what_begins_anew_anyway_is_purged,
            a_rolled_back_reservation_never_was,
            a_guess_needs_a_known_user,
        );
    };
}

const DAY: i64 = 24 * 3600;

fn address(n: u32) -> AddressKey {
    AddressKey::of(std::net::Ipv4Addr::from(0xCB00_7100 + n).into())
}

async fn user(backend: &Backend) -> UserId {
    backend.insert_user(a_user("karim").build()).await.id
}

async fn reserve(backend: &Backend, user: UserId, from: u32, at: Instant) -> Reservation {
    let mut unit = backend.begin().await;
    let reservation = unit.guesses().reserve(user, &address(from), at).await.unwrap();
    unit.commit().await.unwrap();
    reservation
}

async fn reserve_unknown(backend: &Backend, from: u32, at: Instant) -> Reservation {
    let mut unit = backend.begin().await;
    let reservation = unit.guesses().reserve_unknown(&address(from), at).await.unwrap();
    unit.commit().await.unwrap();
    reservation
}

async fn succeed(backend: &Backend, user: UserId, from: u32) {
    let mut unit = backend.begin().await;
    unit.guesses().succeed(user, &address(from)).await.unwrap();
    unit.commit().await.unwrap();
}

async fn give_back(backend: &Backend, user: UserId, from: u32) {
    let mut unit = backend.begin().await;
    unit.guesses().give_back(user, &address(from)).await.unwrap();
    unit.commit().await.unwrap();
}

async fn unlock(backend: &Backend, user: UserId) {
    let mut unit = backend.begin().await;
    unit.guesses().unlock(user).await.unwrap();
    unit.commit().await.unwrap();
}

async fn claim_closing(backend: &Backend, user: UserId) -> bool {
    let mut unit = backend.begin().await;
    let claimed = unit.guesses().claim_closing(user).await.unwrap();
    unit.commit().await.unwrap();
    claimed
}

fn allowed(nth: u32) -> Reservation {
    Reservation::Allowed { nth, locked_until: None }
}

fn locking(at: Instant, minutes: i64) -> Reservation {
    Reservation::Allowed { nth: 5, locked_until: Some(at + TimeDelta::minutes(minutes)) }
}

/// Fails five times, which locks the pair for so long.
async fn fail_until_locked(backend: &Backend, user: UserId, from: u32, at: Instant, minutes: i64) {
    for nth in 1..=4 {
        assert_eq!(reserve(backend, user, from, at).await, allowed(nth));
    }
    assert_eq!(reserve(backend, user, from, at).await, locking(at, minutes));
}

fn count(reservations: &[Reservation]) -> usize {
    reservations.iter().filter(|reservation| **reservation != Reservation::Locked).count()
}

/// 5, 10, 20, 40, 40 minutes; the lock ends to the second.
pub async fn the_fifth_failure_locks_and_each_further_five_lock_longer(backend: &Backend) {
    let user = user(backend).await;
    let mut at = T0;
    for minutes in [5, 10, 20, 40, 40, 40] {
        fail_until_locked(backend, user, 1, at, minutes).await;
        let end = at + TimeDelta::minutes(minutes);
        assert_eq!(reserve(backend, user, 1, end - TimeDelta::microseconds(1)).await, Reservation::Locked);
        at = end;
    }
}

/// Count and level; a second less and both stay.
pub async fn a_day_without_a_failure_forgets_everything(backend: &Backend) {
    let user = user(backend).await;
    fail_until_locked(backend, user, 1, T0, 5).await;
    assert_eq!(reserve(backend, user, 1, later(DAY - 1)).await, allowed(1), "the level stays");
    let at = later(2 * DAY - 2);
    for nth in 2..=4 {
        assert_eq!(reserve(backend, user, 1, at).await, allowed(nth));
    }
    assert_eq!(reserve(backend, user, 1, at).await, locking(at, 10));
    fail_until_locked(backend, user, 1, later(3 * DAY - 2), 5).await;
    assert_eq!(reserve(backend, user, 2, T0).await, allowed(1));
    assert_eq!(reserve(backend, user, 2, later(DAY)).await, allowed(1));
}

/// The next failure is a first one, and its lock the shortest.
pub async fn success_forgets_the_pair_and_the_account_count(backend: &Backend) {
    let user = user(backend).await;
    fail_until_locked(backend, user, 1, T0, 5).await;
    for round in 0..30 {
        let at = later(300 + round);
        for nth in 1..=4 {
            assert_eq!(reserve(backend, user, 1, at).await, allowed(nth), "round {round}: 120 failures, not in a row");
        }
        succeed(backend, user, 1).await;
    }
    fail_until_locked(backend, user, 1, later(400), 5).await;
}

/// A lock is nobody else's.
pub async fn pairs_of_other_addresses_and_accounts_are_free(backend: &Backend) {
    let karim = user(backend).await;
    let fatima = backend.insert_user(a_user("fatima").build()).await.id;
    fail_until_locked(backend, karim, 1, T0, 5).await;
    assert_eq!(reserve(backend, karim, 2, T0).await, allowed(1));
    assert_eq!(reserve(backend, fatima, 1, T0).await, allowed(1));
    succeed(backend, karim, 2).await;
    assert_eq!(reserve(backend, karim, 1, T0).await, Reservation::Locked, "success elsewhere frees no pair");
}

/// Neither for the pair nor for the account.
pub async fn what_is_refused_while_locked_counts_nowhere(backend: &Backend) {
    let user = user(backend).await;
    fail_until_locked(backend, user, 1, T0, 5).await;
    for _ in 0..200 {
        assert_eq!(reserve(backend, user, 1, later(1)).await, Reservation::Locked);
    }
    fail_until_locked(backend, user, 1, later(300), 10).await;
    assert_eq!(reserve(backend, user, 2, later(301)).await, allowed(1), "the account is open");
}

/// However many ask at once.
pub async fn of_parallel_guesses_five_are_allowed(backend: &Backend) {
    let user = user(backend).await;
    let guesses = at_once(40, |_| {
        let backend = backend.clone();
        async move { reserve(&backend, user, 1, T0).await }
    });
    let guesses = guesses.await;
    assert_eq!(count(&guesses), 5);
    assert_eq!(guesses.iter().filter(|guess| **guess == locking(T0, 5)).count(), 1);
}

/// The same at a higher level.
pub async fn parallel_guesses_after_a_lock_get_the_next_allowance(backend: &Backend) {
    let user = user(backend).await;
    fail_until_locked(backend, user, 1, T0, 5).await;
    let guesses = at_once(20, |_| {
        let backend = backend.clone();
        async move { reserve(&backend, user, 1, later(300)).await }
    });
    let guesses = guesses.await;
    assert_eq!(count(&guesses), 5);
    assert_eq!(guesses.iter().filter(|guess| **guess == locking(later(300), 10)).count(), 1);
}

/// For every address and for good; what comes then counts for no pair.
pub async fn the_hundredth_failure_over_all_addresses_closes_the_account(backend: &Backend) {
    let user = user(backend).await;
    for n in 0..100 {
        assert!(!claim_closing(backend, user).await, "open after {n}");
        assert_ne!(reserve(backend, user, n / 5, T0).await, Reservation::Locked);
    }
    for at in [T0, later(400 * DAY)] {
        for from in [0, 19, 99] {
            for _ in 0..6 {
                assert_eq!(reserve(backend, user, from, at).await, Reservation::Locked);
            }
        }
    }
    unlock(backend, user).await;
    assert_eq!(reserve(backend, user, 99, T0).await, allowed(1));
}

/// However many ask at once.
pub async fn of_parallel_guesses_from_many_addresses_a_hundred_are_allowed(backend: &Backend) {
    let user = user(backend).await;
    let guesses = at_once(120, |caller| {
        let backend = backend.clone();
        async move { reserve(&backend, user, caller, T0).await }
    });
    assert_eq!(count(&guesses.await), 100);
}

/// Of any number of callers one tells the owner, each time the account is closed.
pub async fn a_closed_account_is_told_about_once(backend: &Backend) {
    let user = user(backend).await;
    for _ in 0..2 {
        for n in 0..100 {
            reserve(backend, user, n / 5, T0).await;
        }
        let claims = at_once(8, |_| {
            let backend = backend.clone();
            async move { claim_closing(&backend, user).await }
        });
        assert_eq!(claims.await.iter().filter(|claimed| **claimed).count(), 1);
        unlock(backend, user).await;
        assert!(!claim_closing(backend, user).await);
    }
}

/// From every address, at the lowest level, and nobody else.
pub async fn an_unlocked_account_begins_anew(backend: &Backend) {
    let karim = user(backend).await;
    let fatima = backend.insert_user(a_user("fatima").build()).await.id;
    for user in [karim, fatima] {
        for from in [1, 2] {
            fail_until_locked(backend, user, from, T0, 5).await;
        }
    }
    unlock(backend, karim).await;
    for from in [1, 2] {
        fail_until_locked(backend, karim, from, T0, 5).await;
        assert_eq!(reserve(backend, fatima, from, T0).await, Reservation::Locked);
    }
}

/// Also when it had locked the pair, which then has one more try; the level is what it was.
pub async fn what_was_never_looked_at_is_given_back(backend: &Backend) {
    let user = user(backend).await;
    give_back(backend, user, 1).await;
    assert_eq!(reserve(backend, user, 1, T0).await, allowed(1));
    give_back(backend, user, 1).await;
    fail_until_locked(backend, user, 1, T0, 5).await;
    give_back(backend, user, 1).await;
    assert_eq!(reserve(backend, user, 1, T0).await, locking(T0, 5));
    fail_until_locked(backend, user, 1, later(300), 10).await;
    for n in 0..98 {
        reserve(backend, user, 100 + n, T0).await;
        give_back(backend, user, 100 + n).await;
    }
    assert_eq!(reserve(backend, user, 2, T0).await, allowed(1), "nor did the account count it");
}

/// Somebody may have been told already.
pub async fn a_closed_account_is_not_opened_by_giving_back(backend: &Backend) {
    let user = user(backend).await;
    for n in 0..100 {
        reserve(backend, user, n / 5, T0).await;
    }
    give_back(backend, user, 19).await;
    assert_eq!(reserve(backend, user, 19, T0).await, Reservation::Locked);
    assert_eq!(reserve(backend, user, 99, T0).await, Reservation::Locked);
}

/// The window begins with the first of them.
pub async fn unknown_accounts_have_five_failures_in_fifteen_minutes(backend: &Backend) {
    for nth in 1..=5 {
        assert_eq!(reserve_unknown(backend, 1, later(i64::from(nth))).await, allowed(nth));
    }
    for _ in 0..3 {
        assert_eq!(reserve_unknown(backend, 1, later(900)).await, Reservation::Locked);
    }
    assert_eq!(reserve_unknown(backend, 2, later(900)).await, allowed(1));
    for nth in 1..=5 {
        assert_eq!(reserve_unknown(backend, 1, later(901)).await, allowed(nth));
    }
    assert_eq!(reserve_unknown(backend, 1, later(901)).await, Reservation::Locked);
}

/// However many ask at once.
pub async fn of_parallel_guesses_at_nobody_five_are_allowed(backend: &Backend) {
    let guesses = at_once(40, |_| {
        let backend = backend.clone();
        async move { reserve_unknown(&backend, 1, T0).await }
    });
    let limit = usize::try_from(GuessLimits::UNKNOWN).unwrap();
    assert_eq!(count(&guesses.await), limit);
}

/// And nothing else: the level of a pair is kept for its day.
pub async fn what_begins_anew_anyway_is_purged(backend: &Backend) {
    let user = user(backend).await;
    fail_until_locked(backend, user, 1, T0, 5).await;
    fail_until_locked(backend, user, 2, later(60), 5).await;
    reserve_unknown(backend, 1, T0).await;
    reserve_unknown(backend, 2, later(60)).await;
    for (at, purged) in [(899, 0), (900, 1), (960, 1), (DAY - 1, 0), (DAY, 1)] {
        let mut unit = backend.begin().await;
        assert_eq!(unit.guesses().purge(later(at)).await, Ok(purged), "{at}");
        unit.commit().await.unwrap();
    }
    fail_until_locked(backend, user, 2, later(DAY), 10).await;
}

/// Like everything in a unit.
pub async fn a_rolled_back_reservation_never_was(backend: &Backend) {
    let user = user(backend).await;
    for _ in 0..10 {
        let mut unit = backend.begin().await;
        assert_eq!(unit.guesses().reserve(user, &address(1), T0).await, Ok(allowed(1)));
        drop(unit);
    }
}

/// The reference is checked.
pub async fn a_guess_needs_a_known_user(backend: &Backend) {
    let mut unit = backend.begin().await;
    let refused = unit.guesses().reserve(UserId(404), &address(1), T0).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::Other)));
}
