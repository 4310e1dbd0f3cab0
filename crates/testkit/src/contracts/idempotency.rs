//! Answered requests.

use chrono::TimeDelta;
use mif_domain::idempotency::{Claim, Fingerprint, IdempotencyKey, IdempotentRequest, StoredAnswer};
use mif_domain::repository::PURGED;
use mif_domain::users::UserId;
use mif_domain::{Constraint, RepositoryError};

use super::{Backend, at_once};
use crate::{T0, a_user, an_equipment, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! idempotency_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => idempotency:
            an_answer_is_kept_to_the_byte,
            another_request_under_the_same_key_is_a_mismatch,
            keys_of_different_users_never_meet,
            a_rolled_back_claim_is_free_again,
            of_parallel_twins_one_acts_and_the_others_get_its_answer,
            a_twin_of_a_unit_that_rolls_back_acts_itself,
            an_answer_has_its_day,
            many_old_answers_go_in_portions,
            a_claim_is_completed_once,
            a_key_needs_a_known_user,
        );
    };
}

fn request(user: UserId, key: &str, fingerprint: u8) -> IdempotentRequest {
    IdempotentRequest {
        user_id: user,
        key: IdempotencyKey::parse(key).unwrap(),
        fingerprint: Fingerprint([fingerprint; 32]),
    }
}

fn answer() -> StoredAnswer {
    StoredAnswer {
        status: 201,
        location: Some("/api/v1/equipements/1".to_owned()),
        etag: Some("\"1-abc\"".to_owned()),
        body: (0..=255).collect(),
    }
}

async fn user(backend: &Backend) -> UserId {
    backend.insert_user(a_user("karim").build()).await.id
}

async fn claim(backend: &Backend, request: &IdempotentRequest, seconds: i64) -> Claim {
    let mut unit = backend.begin().await;
    unit.idempotency().claim(request, later(seconds)).await.unwrap()
}

async fn do_it(backend: &Backend, request: &IdempotentRequest) {
    let mut unit = backend.begin().await;
    assert_eq!(unit.idempotency().claim(request, T0).await, Ok(Claim::Fresh));
    unit.idempotency().complete(request, &answer()).await.unwrap();
    unit.commit().await.unwrap();
}

/// Status, headers and body, even an empty one.
pub async fn an_answer_is_kept_to_the_byte(backend: &Backend) {
    let user = user(backend).await;
    let first = request(user, "commande 1 ~", 1);
    do_it(backend, &first).await;
    assert_eq!(claim(backend, &first, 1).await, Claim::Answered(answer()));

    let bare = StoredAnswer { status: 204, location: None, etag: None, body: Vec::new() };
    let second = request(user, "commande 2", 1);
    let mut unit = backend.begin().await;
    unit.idempotency().claim(&second, T0).await.unwrap();
    unit.idempotency().complete(&second, &bare).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(claim(backend, &second, 1).await, Claim::Answered(bare));
}

/// The fingerprint says what was asked.
pub async fn another_request_under_the_same_key_is_a_mismatch(backend: &Backend) {
    let user = user(backend).await;
    do_it(backend, &request(user, "k", 1)).await;
    assert_eq!(claim(backend, &request(user, "k", 2), 1).await, Claim::Mismatch);
}

/// The key alone means nothing.
pub async fn keys_of_different_users_never_meet(backend: &Backend) {
    let karim = user(backend).await;
    let fatima = backend.insert_user(a_user("fatima").build()).await.id;
    do_it(backend, &request(karim, "k", 1)).await;
    assert_eq!(claim(backend, &request(fatima, "k", 1), 1).await, Claim::Fresh);
}

/// What was not done may be done.
pub async fn a_rolled_back_claim_is_free_again(backend: &Backend) {
    let request = request(user(backend).await, "k", 1);
    assert_eq!(claim(backend, &request, 0).await, Claim::Fresh);
    assert_eq!(claim(backend, &request, 1).await, Claim::Fresh);
}

/// Twins wait for the one that acts.
pub async fn of_parallel_twins_one_acts_and_the_others_get_its_answer(backend: &Backend) {
    let request = request(user(backend).await, "k", 1);
    let claims = at_once(8, |_| {
        let (backend, request) = (backend.clone(), request.clone());
        async move {
            let mut unit = backend.begin().await;
            let claim = unit.idempotency().claim(&request, T0).await.unwrap();
            if claim == Claim::Fresh {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                unit.equipment().insert(an_equipment("Presse").code("UNE").build(), T0).await.unwrap();
                unit.idempotency().complete(&request, &answer()).await.unwrap();
                unit.commit().await.unwrap();
            }
            claim
        }
    });
    let claims = claims.await;
    assert_eq!(claims.iter().filter(|claim| **claim == Claim::Fresh).count(), 1, "{claims:?}");
    assert_eq!(claims.iter().filter(|claim| **claim == Claim::Answered(answer())).count(), 7, "{claims:?}");
}

/// Waiting for one that fails is not in vain.
pub async fn a_twin_of_a_unit_that_rolls_back_acts_itself(backend: &Backend) {
    let request = request(user(backend).await, "k", 1);
    let mut unit = backend.begin().await;
    assert_eq!(unit.idempotency().claim(&request, T0).await, Ok(Claim::Fresh));
    let twin = tokio::spawn({
        let (backend, request) = (backend.clone(), request.clone());
        async move { claim(&backend, &request, 0).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(!twin.is_finished(), "the twin did not wait");
    drop(unit);
    assert_eq!(twin.await.unwrap(), Claim::Fresh);
}

/// After a day the entry counts as absent, purged or not, and can be taken for something else.
pub async fn an_answer_has_its_day(backend: &Backend) {
    let user = user(backend).await;
    let (old, new) = (request(user, "k", 1), request(user, "k", 2));
    do_it(backend, &old).await;
    let day = StoredAnswer::KEPT.num_seconds();
    assert_eq!(claim(backend, &old, day - 1).await, Claim::Answered(answer()));
    let mut unit = backend.begin().await;
    assert_eq!(unit.idempotency().claim(&new, later(day)).await, Ok(Claim::Fresh));
    unit.idempotency().complete(&new, &answer()).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(claim(backend, &old, day + 1).await, Claim::Mismatch);
    let mut unit = backend.begin().await;
    assert_eq!(unit.idempotency().purge(later(2 * day - 1)).await, Ok(0));
    assert_eq!(unit.idempotency().purge(later(day) + TimeDelta::hours(24)).await, Ok(1));
}

/// An answer is never replaced, and never stored without a claim.
pub async fn a_claim_is_completed_once(backend: &Backend) {
    let request = request(user(backend).await, "k", 1);
    let mut unit = backend.begin().await;
    assert_eq!(unit.idempotency().complete(&request, &answer()).await, Err(RepositoryError::Stale));
    drop(unit);
    do_it(backend, &request).await;
    let mut unit = backend.begin().await;
    assert_eq!(unit.idempotency().complete(&request, &answer()).await, Err(RepositoryError::Stale));
}

/// The reference is checked.
pub async fn a_key_needs_a_known_user(backend: &Backend) {
    let mut unit = backend.begin().await;
    let refused = unit.idempotency().claim(&request(UserId(404), "k", 1), T0).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::Other)));
}

/// So that others can write in between.
pub async fn many_old_answers_go_in_portions(backend: &Backend) {
    let user = user(backend).await;
    let mut unit = backend.begin().await;
    for n in 0..=PURGED {
        assert_eq!(unit.idempotency().claim(&request(user, &n.to_string(), 1), T0).await, Ok(Claim::Fresh));
    }
    let old = T0 + StoredAnswer::KEPT;
    assert_eq!(unit.idempotency().purge(old).await, Ok(PURGED));
    assert_eq!(unit.idempotency().purge(old).await, Ok(1));
}
