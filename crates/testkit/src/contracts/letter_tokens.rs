//! Tokens that reach people by letter.

use chrono::TimeDelta;
use mif_domain::letter_tokens::{ConfirmationIssued, LetterTokenHash, PasswordReset};
use mif_domain::outbox::OutboxId;
use mif_domain::repository::PURGED;
use mif_domain::users::{EmailAddress, UserId};
use mif_domain::{Constraint, Instant, RepositoryError};

use super::{Backend, at_once};
use crate::{T0, a_user, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! letter_token_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => letter_tokens:
            a_reset_is_used_up_by_one_of_many,
            a_reset_ends_on_time,
            a_further_attempt_replaces_the_token,
            another_letter_waits_for_its_time,
            a_wanted_address_is_confirmed_once,
            another_wanted_address_voids_the_token_before,
            confirmations_keep_their_distance,
            what_is_forgotten_opens_nothing,
            what_has_expired_is_purged,
            many_expired_tokens_go_in_portions,
            an_address_that_somebody_else_has_is_known,
            letter_tokens_need_a_known_user,
        );
    };
}

const PAUSE: TimeDelta = TimeDelta::seconds(60);

fn token(n: u8) -> LetterTokenHash {
    LetterTokenHash([n; 32])
}

fn email(address: &str) -> EmailAddress {
    EmailAddress::parse(address).unwrap()
}

/// Sent at so many seconds, good for half an hour.
fn reset(user_id: UserId, letter: i64, hash: u8, seconds: i64) -> PasswordReset {
    let (letter, sent_at) = (OutboxId(letter), later(seconds));
    PasswordReset { user_id, token_hash: token(hash), letter, sent_at, expires_at: later(seconds + 1800) }
}

async fn karim(backend: &Backend) -> UserId {
    backend.insert_user(a_user("karim").build()).await.id
}

async fn issue(backend: &Backend, reset: &PasswordReset, unless_since: Option<Instant>) -> bool {
    let mut unit = backend.begin().await;
    let issued = unit.letter_tokens().issue_reset(reset, unless_since).await.unwrap();
    unit.commit().await.unwrap();
    issued
}

async fn found(backend: &Backend, hash: u8, seconds: i64) -> Option<UserId> {
    backend.begin().await.letter_tokens().find_reset(&token(hash), later(seconds)).await.unwrap()
}

async fn request(backend: &Backend, user: UserId, address: &str, seconds: i64) {
    let mut unit = backend.begin().await;
    unit.letter_tokens().request_email(user, &email(address), later(seconds + 86_400)).await.unwrap();
    unit.commit().await.unwrap();
}

async fn confirmation(backend: &Backend, user: UserId, to: &str, hash: u8, seconds: i64) -> ConfirmationIssued {
    let mut unit = backend.begin().await;
    let issued = unit.letter_tokens().issue_confirmation(user, &email(to), &token(hash), later(seconds), PAUSE).await;
    unit.commit().await.unwrap();
    issued.unwrap()
}

async fn confirmed(backend: &Backend, hash: u8, seconds: i64) -> Option<(UserId, EmailAddress)> {
    let mut unit = backend.begin().await;
    let confirmed = unit.letter_tokens().consume_confirmation(&token(hash), later(seconds)).await.unwrap();
    unit.commit().await.unwrap();
    confirmed
}

/// Whoever is first.
pub async fn a_reset_is_used_up_by_one_of_many(backend: &Backend) {
    let user = karim(backend).await;
    assert!(issue(backend, &reset(user, 1, 1, 0), None).await);
    assert_eq!(found(backend, 1, 1).await, Some(user));
    assert_eq!(found(backend, 2, 1).await, None);
    let takers = at_once(8, |_| {
        let backend = backend.clone();
        async move {
            let mut unit = backend.begin().await;
            let taken = unit.letter_tokens().consume_reset(&token(1), later(1)).await.unwrap();
            unit.commit().await.unwrap();
            taken
        }
    });
    let taken: Vec<_> = takers.await.into_iter().flatten().collect();
    assert_eq!(taken, [user]);
    assert_eq!(found(backend, 1, 1).await, None);
}

/// To the second.
pub async fn a_reset_ends_on_time(backend: &Backend) {
    let user = karim(backend).await;
    issue(backend, &reset(user, 1, 1, 0), None).await;
    assert_eq!(found(backend, 1, 1799).await, Some(user));
    assert_eq!(found(backend, 1, 1800).await, None);
    let mut unit = backend.begin().await;
    assert_eq!(unit.letter_tokens().consume_reset(&token(1), later(1800)).await, Ok(None));
}

/// Whatever the distance: the letter before may never have arrived.
pub async fn a_further_attempt_replaces_the_token(backend: &Backend) {
    let user = karim(backend).await;
    assert!(issue(backend, &reset(user, 1, 1, 0), Some(T0)).await);
    assert!(issue(backend, &reset(user, 1, 2, 1), Some(later(-59))).await);
    assert_eq!((found(backend, 1, 2).await, found(backend, 2, 2).await), (None, Some(user)));
}

/// A letter that came in between makes it superfluous.
pub async fn another_letter_waits_for_its_time(backend: &Backend) {
    let user = karim(backend).await;
    assert!(issue(backend, &reset(user, 1, 1, 60), Some(T0)).await);
    assert!(!issue(backend, &reset(user, 2, 2, 70), Some(later(59))).await);
    assert_eq!((found(backend, 1, 70).await, found(backend, 2, 70).await), (Some(user), None));
    assert!(issue(backend, &reset(user, 2, 2, 120), Some(later(60))).await);
    assert!(issue(backend, &reset(user, 3, 3, 121), None).await, "nobody asked for a distance");
    assert_eq!((found(backend, 2, 130).await, found(backend, 3, 130).await), (None, Some(user)));
}

/// Nobody sees it as theirs before, and it is gone afterwards.
pub async fn a_wanted_address_is_confirmed_once(backend: &Backend) {
    let user = karim(backend).await;
    request(backend, user, "Neuf@mif.ma", 0).await;
    assert_eq!(backend.queries.find_wanted_email(user, later(1)).await, Ok(Some(email("Neuf@mif.ma"))));
    assert_eq!(backend.queries.find_wanted_email(user, later(86_400)).await, Ok(None));
    assert_eq!(confirmation(backend, user, "Neuf@mif.ma", 1, 1).await, ConfirmationIssued::Yes);
    let whose = backend.begin().await.letter_tokens().find_confirmation(&token(1), later(2)).await;
    assert_eq!(whose, Ok(Some(user)));
    assert_eq!(confirmed(backend, 2, 2).await, None);
    assert_eq!(confirmed(backend, 1, 86_400).await, None, "too late");
    assert_eq!(confirmed(backend, 1, 2).await, Some((user, email("Neuf@mif.ma"))));
    assert_eq!(confirmed(backend, 1, 2).await, None);
    assert_eq!(backend.queries.find_wanted_email(user, later(3)).await, Ok(None));
}

/// Only the last wish counts.
pub async fn another_wanted_address_voids_the_token_before(backend: &Backend) {
    let user = karim(backend).await;
    request(backend, user, "neuf@mif.ma", 0).await;
    confirmation(backend, user, "neuf@mif.ma", 1, 1).await;
    request(backend, user, "autre@mif.ma", 2).await;
    assert_eq!(confirmed(backend, 1, 3).await, None);
    assert_eq!(confirmation(backend, user, "neuf@mif.ma", 2, 100).await, ConfirmationIssued::NotWanted);
    assert_eq!(confirmation(backend, user, "autre@mif.ma", 3, 90_000).await, ConfirmationIssued::NotWanted);
    assert_eq!(confirmation(backend, user, "autre@mif.ma", 3, 100).await, ConfirmationIssued::Yes);
}

/// Whatever the address: nobody is flooded by somebody who keeps changing their mind.
pub async fn confirmations_keep_their_distance(backend: &Backend) {
    let user = karim(backend).await;
    request(backend, user, "neuf@mif.ma", 0).await;
    assert_eq!(confirmation(backend, user, "neuf@mif.ma", 1, 10).await, ConfirmationIssued::Yes);
    request(backend, user, "autre@mif.ma", 20).await;
    let early = confirmation(backend, user, "autre@mif.ma", 2, 69).await;
    assert_eq!(early, ConfirmationIssued::NotBefore(later(70)));
    assert_eq!(confirmed(backend, 2, 69).await, None);
    assert_eq!(confirmation(backend, user, "autre@mif.ma", 2, 70).await, ConfirmationIssued::Yes);
}

/// And nobody else's is touched.
pub async fn what_is_forgotten_opens_nothing(backend: &Backend) {
    let user = karim(backend).await;
    let other = backend.insert_user(a_user("fatima").build()).await.id;
    issue(backend, &reset(user, 1, 1, 0), None).await;
    issue(backend, &reset(other, 2, 2, 0), None).await;
    request(backend, user, "neuf@mif.ma", 0).await;
    confirmation(backend, user, "neuf@mif.ma", 3, 1).await;
    let mut unit = backend.begin().await;
    unit.letter_tokens().forget(user).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!((found(backend, 1, 1).await, found(backend, 2, 1).await), (None, Some(other)));
    assert_eq!(confirmed(backend, 3, 2).await, None);
}

/// Nothing else is.
pub async fn what_has_expired_is_purged(backend: &Backend) {
    let user = karim(backend).await;
    issue(backend, &reset(user, 1, 1, 0), None).await;
    request(backend, user, "neuf@mif.ma", 0).await;
    for (seconds, purged) in [(1799, 0), (1800, 1), (86_399, 0), (86_400, 1), (86_400, 0)] {
        let mut unit = backend.begin().await;
        assert_eq!(unit.letter_tokens().purge(later(seconds)).await, Ok(purged), "after {seconds} s");
        unit.commit().await.unwrap();
    }
}

/// In any case, and one's own does not count.
pub async fn an_address_that_somebody_else_has_is_known(backend: &Backend) {
    let user = karim(backend).await;
    let mut unit = backend.begin().await;
    let address = email("KARIM@mif.ma");
    assert_eq!(unit.users().email_exists(&address, user).await, Ok(false));
    assert_eq!(unit.users().email_exists(&address, UserId(user.0 + 1)).await, Ok(true));
    assert_eq!(unit.users().email_exists(&email("libre@mif.ma"), UserId(0)).await, Ok(false));
}

/// The references are checked.
pub async fn letter_tokens_need_a_known_user(backend: &Backend) {
    let unknown = UserId(404);
    let refused = Err(RepositoryError::Conflict(Constraint::Other));
    let mut unit = backend.begin().await;
    assert_eq!(unit.letter_tokens().issue_reset(&reset(unknown, 1, 1, 0), None).await.map(|_| ()), refused);
    drop(unit);
    let mut unit = backend.begin().await;
    assert_eq!(unit.letter_tokens().request_email(unknown, &email("x@mif.ma"), later(1)).await, refused);
}

/// So that others can write in between.
pub async fn many_expired_tokens_go_in_portions(backend: &Backend) {
    let mut unit = backend.begin().await;
    for n in 0..=PURGED {
        let user = unit.users().insert(a_user(&format!("karim{n}")).build(), T0).await.unwrap().id;
        unit.letter_tokens().request_email(user, &email("neuf@mif.ma"), later(60)).await.unwrap();
    }
    assert_eq!(unit.letter_tokens().purge(later(60)).await, Ok(PURGED));
    assert_eq!(unit.letter_tokens().purge(later(60)).await, Ok(1));
}
