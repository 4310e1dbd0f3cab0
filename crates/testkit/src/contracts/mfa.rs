//! Second factors.

use mif_domain::mfa::{Challenge, ChallengeHash, MfaLimits, RecoveryCodeHash};
use mif_domain::repository::PURGED;
use mif_domain::secrets::SealedSecret;
use mif_domain::sessions::TokenHash;
use mif_domain::users::UserId;

use super::{Backend, at_once};
use crate::{T0, a_user, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! mfa_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => mfa:
            a_waiting_secret_is_replaced_and_a_confirmed_one_is_not,
            only_the_secret_that_waits_is_confirmed,
            a_time_step_counts_for_one_of_many,
            a_recovery_code_is_used_up_by_one_of_many,
            new_recovery_codes_void_the_old_ones,
            a_challenge_has_five_tries_among_many,
            a_challenge_ends_on_time_and_once,
            many_old_challenges_go_in_portions,
            what_is_removed_opens_nothing,
            secrets_are_resealed_where_they_were_not_changed_meanwhile,
            whether_it_is_active_is_seen_by_sessions_and_lists,
        );
    };
}

fn secret(key_id: &str, n: u8) -> SealedSecret {
    SealedSecret { key_id: key_id.to_owned(), bytes: vec![n; 48] }
}

fn challenge(user_id: UserId, n: u8) -> Challenge {
    Challenge { token_hash: ChallengeHash([n; 32]), user_id, password_set_at: T0, expires_at: later(300) }
}

async fn karim(backend: &Backend) -> UserId {
    backend.insert_user(a_user("karim").build()).await.id
}

/// With a confirmed factor whose step 10 is used.
async fn enrolled(backend: &Backend, user: UserId) {
    let mut unit = backend.begin().await;
    assert!(unit.mfa().enrol(user, &secret("k1", 1)).await.unwrap());
    assert!(unit.mfa().confirm(user, &secret("k1", 1), 10).await.unwrap());
    unit.commit().await.unwrap();
}

async fn used(backend: &Backend, user: UserId, step: i64) -> bool {
    let mut unit = backend.begin().await;
    let counts = unit.mfa().use_step(user, step).await.unwrap();
    unit.commit().await.unwrap();
    counts
}

async fn tried(backend: &Backend, n: u8, seconds: i64) -> Option<Challenge> {
    let mut unit = backend.begin().await;
    let tried = unit.mfa().try_challenge(&ChallengeHash([n; 32]), later(seconds)).await.unwrap();
    unit.commit().await.unwrap();
    tried
}

/// Scanning the code twice is no mistake; losing a factor to a second scan would be.
pub async fn a_waiting_secret_is_replaced_and_a_confirmed_one_is_not(backend: &Backend) {
    let user = karim(backend).await;
    let mut unit = backend.begin().await;
    assert_eq!(unit.mfa().find(user).await.unwrap(), None);
    for n in [1, 2] {
        assert!(unit.mfa().enrol(user, &secret("k1", n)).await.unwrap());
        let found = unit.mfa().find(user).await.unwrap().unwrap();
        assert_eq!((found.secret, found.is_confirmed), (secret("k1", n), false));
    }
    assert!(unit.mfa().confirm(user, &secret("k1", 2), 10).await.unwrap());
    assert!(!unit.mfa().enrol(user, &secret("k1", 3)).await.unwrap());
    let found = unit.mfa().find(user).await.unwrap().unwrap();
    assert_eq!((found.secret, found.is_confirmed), (secret("k1", 2), true));
}

/// And only once.
pub async fn only_the_secret_that_waits_is_confirmed(backend: &Backend) {
    let user = karim(backend).await;
    let mut unit = backend.begin().await;
    assert!(!unit.mfa().confirm(user, &secret("k1", 1), 10).await.unwrap());
    unit.mfa().enrol(user, &secret("k1", 1)).await.unwrap();
    assert!(!unit.mfa().use_step(user, 10).await.unwrap());
    assert!(!unit.mfa().confirm(user, &secret("k1", 2), 10).await.unwrap());
    assert!(unit.mfa().confirm(user, &secret("k1", 1), 10).await.unwrap());
    assert!(!unit.mfa().confirm(user, &secret("k1", 1), 11).await.unwrap());
}

/// Whoever is first; and nobody gets an earlier one any more.
pub async fn a_time_step_counts_for_one_of_many(backend: &Backend) {
    let user = karim(backend).await;
    enrolled(backend, user).await;
    assert!(!used(backend, user, 10).await);
    let users = at_once(8, |_| {
        let backend = backend.clone();
        async move { used(&backend, user, 12).await }
    });
    assert_eq!(users.await.into_iter().filter(|used| *used).count(), 1);
    assert!(!used(backend, user, 11).await);
    assert!(used(backend, user, 13).await);
}

/// Whoever is first.
pub async fn a_recovery_code_is_used_up_by_one_of_many(backend: &Backend) {
    let user = karim(backend).await;
    let other = backend.insert_user(a_user("said").build()).await.id;
    let codes = [RecoveryCodeHash([1; 32]), RecoveryCodeHash([2; 32])];
    let mut unit = backend.begin().await;
    unit.mfa().replace_recovery_codes(user, &codes).await.unwrap();
    assert!(!unit.mfa().consume_recovery_code(other, &codes[0]).await.unwrap());
    unit.commit().await.unwrap();
    let takers = at_once(8, |_| {
        let (backend, code) = (backend.clone(), codes[0]);
        async move {
            let mut unit = backend.begin().await;
            let taken = unit.mfa().consume_recovery_code(user, &code).await.unwrap();
            unit.commit().await.unwrap();
            taken
        }
    });
    assert_eq!(takers.await.into_iter().filter(|taken| *taken).count(), 1);
    let mut unit = backend.begin().await;
    assert!(unit.mfa().consume_recovery_code(user, &codes[1]).await.unwrap());
}

/// All of them.
pub async fn new_recovery_codes_void_the_old_ones(backend: &Backend) {
    let user = karim(backend).await;
    let mut unit = backend.begin().await;
    unit.mfa().replace_recovery_codes(user, &[RecoveryCodeHash([1; 32])]).await.unwrap();
    unit.mfa().replace_recovery_codes(user, &[RecoveryCodeHash([2; 32])]).await.unwrap();
    assert!(!unit.mfa().consume_recovery_code(user, &RecoveryCodeHash([1; 32])).await.unwrap());
    assert!(unit.mfa().consume_recovery_code(user, &RecoveryCodeHash([2; 32])).await.unwrap());
}

/// However many try at once.
pub async fn a_challenge_has_five_tries_among_many(backend: &Backend) {
    let user = karim(backend).await;
    let mut unit = backend.begin().await;
    unit.mfa().challenge(&challenge(user, 1)).await.unwrap();
    unit.commit().await.unwrap();
    let tries = at_once(12, |_| {
        let backend = backend.clone();
        async move { tried(&backend, 1, 1).await }
    });
    let allowed: Vec<_> = tries.await.into_iter().flatten().collect();
    assert_eq!(allowed.len(), MfaLimits::TRIES as usize);
    assert!(allowed.iter().all(|allowed| *allowed == challenge(user, 1)));
}

/// A challenge that was met is gone.
pub async fn a_challenge_ends_on_time_and_once(backend: &Backend) {
    let user = karim(backend).await;
    let mut unit = backend.begin().await;
    unit.mfa().challenge(&challenge(user, 1)).await.unwrap();
    unit.mfa().challenge(&challenge(user, 2)).await.unwrap();
    unit.commit().await.unwrap();
    assert!(tried(backend, 1, 299).await.is_some());
    assert!(tried(backend, 1, 300).await.is_none());
    assert!(tried(backend, 3, 0).await.is_none());
    let mut unit = backend.begin().await;
    assert!(unit.mfa().close_challenge(&ChallengeHash([1; 32])).await.unwrap());
    assert!(!unit.mfa().close_challenge(&ChallengeHash([1; 32])).await.unwrap());
    assert!(unit.mfa().try_challenge(&ChallengeHash([1; 32]), later(1)).await.unwrap().is_none());
    assert_eq!(unit.mfa().purge(later(299)).await.unwrap(), 0);
    assert_eq!(unit.mfa().purge(later(300)).await.unwrap(), 1);
}

/// Neither code, nor recovery code, nor a sign-in on its way.
pub async fn what_is_removed_opens_nothing(backend: &Backend) {
    let user = karim(backend).await;
    enrolled(backend, user).await;
    let code = RecoveryCodeHash([1; 32]);
    let mut unit = backend.begin().await;
    unit.mfa().replace_recovery_codes(user, &[code]).await.unwrap();
    unit.mfa().challenge(&challenge(user, 1)).await.unwrap();
    assert!(unit.mfa().remove(user).await.unwrap());
    assert!(!unit.mfa().remove(user).await.unwrap());
    assert_eq!(unit.mfa().find(user).await.unwrap(), None);
    assert!(!unit.mfa().use_step(user, 99).await.unwrap());
    assert!(!unit.mfa().consume_recovery_code(user, &code).await.unwrap());
    assert!(unit.mfa().try_challenge(&ChallengeHash([1; 32]), later(1)).await.unwrap().is_none());
}

/// So that a key can go while people enrol.
pub async fn secrets_are_resealed_where_they_were_not_changed_meanwhile(backend: &Backend) {
    let user = karim(backend).await;
    let other = backend.insert_user(a_user("said").build()).await.id;
    let mut unit = backend.begin().await;
    unit.mfa().enrol(user, &secret("k1", 1)).await.unwrap();
    unit.mfa().enrol(other, &secret("k1", 2)).await.unwrap();
    unit.commit().await.unwrap();
    let needed = backend.queries.key_uses().await.unwrap();
    assert_eq!(
        needed.iter().map(|used| (used.key_id.as_str(), used.documents, used.secrets)).collect::<Vec<_>>(),
        [("k1", 0, 2)]
    );
    let mut unit = backend.begin().await;
    let next = unit.mfa().next_not_sealed_with("k2", None).await.unwrap();
    assert_eq!(next, Some((user, secret("k1", 1))));
    assert!(!unit.mfa().reseal(user, &secret("k1", 9), &secret("k2", 3)).await.unwrap());
    assert!(unit.mfa().reseal(user, &secret("k1", 1), &secret("k2", 3)).await.unwrap());
    assert_eq!(unit.mfa().find(user).await.unwrap().unwrap().secret, secret("k2", 3));
    let next = unit.mfa().next_not_sealed_with("k2", None).await.unwrap();
    assert_eq!(next, Some((other, secret("k1", 2))));
    assert_eq!(unit.mfa().next_not_sealed_with("k2", Some(other)).await.unwrap(), None);
}

/// It is a part of the account.
pub async fn whether_it_is_active_is_seen_by_sessions_and_lists(backend: &Backend) {
    let user = backend.insert_user(a_user("karim").build()).await;
    assert!(!user.mfa_active);
    let mut unit = backend.begin().await;
    let session = unit.sessions().insert(crate::a_session(user.id, TokenHash([1; 32]), T0)).await.unwrap();
    let changed = mif_domain::users::User { mfa_active: true, ..user };
    assert!(unit.users().update(&changed, T0).await.unwrap().mfa_active);
    unit.commit().await.unwrap();
    let scope = mif_domain::queries::UserScope::All;
    assert!(backend.queries.find_user(changed.id, scope).await.unwrap().unwrap().mfa_active);
    assert!(backend.states.find_session_state(session, later(1)).await.unwrap().unwrap().mfa_active);
}

/// So that others can write in between.
pub async fn many_old_challenges_go_in_portions(backend: &Backend) {
    let user = karim(backend).await;
    let mut unit = backend.begin().await;
    for n in 0..=PURGED {
        let mut hash = [0; 32];
        hash.iter_mut().zip(n.to_be_bytes()).for_each(|(byte, of)| *byte = of);
        let one = Challenge { token_hash: ChallengeHash(hash), ..challenge(user, 1) };
        unit.mfa().challenge(&one).await.unwrap();
    }
    assert_eq!(unit.mfa().purge(later(300)).await, Ok(PURGED));
    assert_eq!(unit.mfa().purge(later(300)).await, Ok(1));
}
