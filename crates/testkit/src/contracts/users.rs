//! Users.

use mif_domain::customers::CustomerId;
use mif_domain::queries::UserScope;
use mif_domain::users::{Role, SignInName, User, UserId, Username};
use mif_domain::{Constraint, RepositoryError};

use super::{Backend, at_once};
use crate::{T0, a_customer, a_user, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! user_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => users:
            a_user_reads_back_as_it_was_stored,
            an_unknown_user_is_none,
            a_username_is_taken_once,
            an_address_is_taken_once_whatever_its_case,
            a_user_needs_a_known_customer,
            an_update_writes_every_field_and_bumps_the_version,
            an_update_meets_the_same_conflicts,
            a_stale_update_is_refused,
            of_parallel_updates_of_one_version_one_wins,
            a_sign_in_does_not_change_the_version,
            only_active_admins_are_counted,
            whom_a_notification_concerns_is_listed_by_age,
            of_parallel_first_users_one_is_stored,
            a_first_user_is_refused_when_there_is_one,
            credentials_are_found_by_both_names,
            a_renewed_hash_is_no_edit_and_replaces_only_what_was_read,
            the_four_newest_former_passwords_are_remembered,
        );
    };
}

/// Only active users of the role, of one customer if it is named.
pub async fn whom_a_notification_concerns_is_listed_by_age(backend: &Backend) {
    let own = a_customer(&*backend.work, "Cosumar").await.id;
    let other = a_customer(&*backend.work, "Lesieur").await.id;
    let first = backend.insert_user(a_user("zineb").role(Role::Customer).customer(own).build()).await.id;
    let second = backend.insert_user(a_user("amina").role(Role::Customer).customer(own).build()).await.id;
    let third = backend.insert_user(a_user("omar").role(Role::Customer).customer(other).build()).await.id;
    let manager = backend.insert_user(a_user("fatima").role(Role::Manager).customer(own).build()).await.id;
    let gone = backend.insert_user(a_user("driss").role(Role::Customer).customer(own).build()).await;
    let mut unit = backend.begin().await;
    unit.users().update(&User { is_active: false, ..gone }, T0).await.unwrap();
    for (role, customer, expected) in [
        (Role::Customer, None, vec![first, second, third]),
        (Role::Customer, Some(own), vec![first, second]),
        (Role::Manager, None, vec![manager]),
        (Role::Technician, None, vec![]),
    ] {
        assert_eq!(unit.users().list_active(role, customer).await, Ok(expected), "{role:?} {customer:?}");
    }
}

/// Every field survives.
pub async fn a_user_reads_back_as_it_was_stored(backend: &Backend) {
    let customer = a_customer(&*backend.work, "Cosumar").await;
    let new = a_user("karim").role(Role::Customer).customer(customer.id).must_change_password().build();
    let stored = backend.insert_user(new.clone()).await;
    assert_eq!((stored.version, stored.is_active, stored.last_login_at), (1, true, None));
    assert_eq!((stored.created_at, stored.updated_at, stored.password_changed_at), (T0, T0, T0));
    assert_eq!(stored.password_hash, new.password_hash);
    assert_eq!((stored.customer_id, stored.must_change_password), (Some(customer.id), true));
    let mut unit = backend.begin().await;
    assert_eq!(unit.users().find_for_update(stored.id).await.unwrap().as_ref(), Some(&stored));
    drop(unit);
    let view = backend.queries.find_user(stored.id, UserScope::Only(stored.id)).await.unwrap();
    assert_eq!(view, Some(stored.clone().into()));
    assert_eq!(backend.queries.find_user(stored.id, UserScope::Only(UserId(stored.id.0 + 1))).await, Ok(None));
}

/// Not found is not an error.
pub async fn an_unknown_user_is_none(backend: &Backend) {
    let mut unit = backend.begin().await;
    assert_eq!(unit.users().find_for_update(UserId(404)).await, Ok(None));
    unit.commit().await.unwrap();
}

/// Two users with one username.
pub async fn a_username_is_taken_once(backend: &Backend) {
    backend.insert_user(a_user("karim").build()).await;
    let mut unit = backend.begin().await;
    assert!(unit.users().username_exists(&Username::parse("KARIM").unwrap()).await.unwrap());
    let refused = unit.users().insert(a_user("karim").email("autre@mif.ma").build(), T0).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::UsernameTaken)));
}

/// `A@B` and `a@b` are one mailbox.
pub async fn an_address_is_taken_once_whatever_its_case(backend: &Backend) {
    backend.insert_user(a_user("karim").email("Karim.Élan@mif.ma").build()).await;
    let mut unit = backend.begin().await;
    let refused = unit.users().insert(a_user("autre").email("KARIM.éLAN@MIF.MA").build(), T0).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::EmailTaken)));
}

/// The reference is checked.
pub async fn a_user_needs_a_known_customer(backend: &Backend) {
    let mut unit = backend.begin().await;
    let refused = unit.users().insert(a_user("karim").customer(CustomerId(404)).build(), T0).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::UnknownCustomer)));
}

/// What is written is what is read.
pub async fn an_update_writes_every_field_and_bumps_the_version(backend: &Backend) {
    let user = backend.insert_user(a_user("karim").build()).await;
    let other = a_user("fatima").role(Role::Manager).full_name("Fatima Zahra").build();
    let mut changed = User {
        username: other.username,
        email: other.email,
        full_name: other.full_name,
        role: other.role,
        is_active: false,
        language: mif_domain::users::Language::English,
        ..user.clone()
    };
    changed.set_password(crate::FastHasher::stored("autre"), true, later(5));
    let mut unit = backend.begin().await;
    let stored = unit.users().update(&changed, later(9)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(stored, User { version: 2, updated_at: later(9), ..changed });
    let mut unit = backend.begin().await;
    assert_eq!(unit.users().find_for_update(user.id).await.unwrap(), Some(stored));
}

/// Renaming is no way round.
pub async fn an_update_meets_the_same_conflicts(backend: &Backend) {
    let karim = backend.insert_user(a_user("karim").build()).await;
    let fatima = backend.insert_user(a_user("fatima").build()).await;
    let cases = [
        (User { username: karim.username.clone(), ..fatima.clone() }, Constraint::UsernameTaken),
        (User { email: karim.email.clone(), ..fatima.clone() }, Constraint::EmailTaken),
        (User { customer_id: Some(CustomerId(404)), ..fatima.clone() }, Constraint::UnknownCustomer),
    ];
    for (changed, constraint) in cases {
        let mut unit = backend.begin().await;
        assert_eq!(unit.users().update(&changed, T0).await, Err(RepositoryError::Conflict(constraint)));
    }
}

/// Nobody overwrites what they have not seen.
pub async fn a_stale_update_is_refused(backend: &Backend) {
    let user = backend.insert_user(a_user("karim").build()).await;
    let mut unit = backend.begin().await;
    unit.users().update(&user, later(1)).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = backend.begin().await;
    assert_eq!(unit.users().update(&user, later(2)).await, Err(RepositoryError::Stale));
}

/// The version decides between callers that read the same row.
pub async fn of_parallel_updates_of_one_version_one_wins(backend: &Backend) {
    let user = backend.insert_user(a_user("karim").build()).await;
    let results = at_once(8, |caller| {
        let (backend, user) = (backend.clone(), user.clone());
        async move {
            let mut unit = backend.begin().await;
            let result = unit.users().update(&user, later(i64::from(caller))).await;
            if result.is_ok() {
                unit.commit().await.unwrap();
            }
            result
        }
    });
    let results = results.await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(RepositoryError::Stale))), "{results:?}");
}

/// Signing in is not an edit.
pub async fn a_sign_in_does_not_change_the_version(backend: &Backend) {
    let user = backend.insert_user(a_user("karim").build()).await;
    let mut unit = backend.begin().await;
    unit.users().record_login(user.id, later(3)).await.unwrap();
    unit.users().record_login(UserId(404), later(3)).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = backend.begin().await;
    let stored = unit.users().find_for_update(user.id).await.unwrap();
    assert_eq!(stored, Some(User { last_login_at: Some(later(3)), ..user }));
}

/// Others cannot administrate, and the deactivated cannot sign in.
pub async fn only_active_admins_are_counted(backend: &Backend) {
    backend.insert_user(a_user("admin").role(Role::Admin).build()).await;
    backend.insert_user(a_user("chef").role(Role::Manager).build()).await;
    let gone = backend.insert_user(a_user("ancien").role(Role::Admin).build()).await;
    let mut unit = backend.begin().await;
    unit.users().update(&User { is_active: false, ..gone }, T0).await.unwrap();
    assert_eq!(unit.users().count_active_admins().await, Ok(1));
}

/// Replicas that start at once, even with different settings, make one administrator.
pub async fn of_parallel_first_users_one_is_stored(backend: &Backend) {
    let results = at_once(8, |caller| {
        let backend = backend.clone();
        async move {
            let mut unit = backend.begin().await;
            let user = a_user(&format!("admin{caller}")).role(Role::Admin).build();
            let stored = unit.users().insert_first(user, T0).await.unwrap();
            // The others decide while nobody has committed yet.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            unit.commit().await.unwrap();
            stored
        }
    });
    let stored: Vec<_> = results.await.into_iter().flatten().collect();
    assert_eq!(stored.len(), 1, "{stored:?}");
    let mut unit = backend.begin().await;
    assert!(unit.users().find_for_update(stored[0]).await.unwrap().is_some());
    assert_eq!(unit.users().count_active_admins().await, Ok(1));
}

/// There is a first user only once.
pub async fn a_first_user_is_refused_when_there_is_one(backend: &Backend) {
    backend.insert_user(a_user("karim").build()).await;
    let mut unit = backend.begin().await;
    assert_eq!(unit.users().insert_first(a_user("admin").role(Role::Admin).build(), T0).await, Ok(None));
    unit.commit().await.unwrap();
}

/// By username and by address, in any case.
pub async fn credentials_are_found_by_both_names(backend: &Backend) {
    let user = backend.insert_user(a_user("karim").email("Karim@mif.ma").build()).await;
    for name in ["karim", " KARIM ", "karim@mif.ma", "KARIM@MIF.MA"] {
        let found = backend.states.find_credentials(&SignInName::parse(name).unwrap()).await.unwrap().unwrap();
        assert_eq!((found.user_id, found.is_active), (user.id, true), "{name}");
        assert_eq!(found.password_hash, user.password_hash);
    }
    for name in ["fatima", "karim@mif.com"] {
        assert_eq!(backend.states.find_credentials(&SignInName::parse(name).unwrap()).await, Ok(None), "{name}");
    }
}

/// Of parallel sign-ins that renew one hash, one does, and nothing else of the account changes.
pub async fn a_renewed_hash_is_no_edit_and_replaces_only_what_was_read(backend: &Backend) {
    let user = backend.insert_user(a_user("karim").build()).await;
    let replaced = at_once(8, |caller| {
        let (backend, user) = (backend.clone(), user.clone());
        async move {
            let renewed = crate::FastHasher::stored(&format!("renewed {caller}"));
            let mut unit = backend.begin().await;
            let done = unit.users().replace_password_hash(user.id, &user.password_hash, &renewed).await.unwrap();
            unit.commit().await.unwrap();
            done.then_some(renewed)
        }
    });
    let mut replaced: Vec<_> = replaced.await.into_iter().flatten().collect();
    assert_eq!(replaced.len(), 1);
    let password_hash = replaced.remove(0);
    let mut unit = backend.begin().await;
    let stored = unit.users().find_for_update(user.id).await.unwrap().unwrap();
    assert_eq!(stored, User { password_hash, ..user });
}

/// Four a user, the newest first, however often the password changes.
pub async fn the_four_newest_former_passwords_are_remembered(backend: &Backend) {
    let user = backend.insert_user(a_user("karim").build()).await.id;
    let other = backend.insert_user(a_user("fatima").build()).await.id;
    let hash = |n: i64| crate::FastHasher::stored(&format!("password {n}"));
    for n in 1..=6 {
        let mut unit = backend.begin().await;
        unit.users().remember_password(user, &hash(n), later(n)).await.unwrap();
        unit.users().remember_password(other, &hash(100 + n), later(n)).await.unwrap();
        unit.commit().await.unwrap();
    }
    let mut unit = backend.begin().await;
    assert_eq!(unit.users().list_former_passwords(user).await, Ok([6, 5, 4, 3].map(hash).to_vec()));
    assert_eq!(unit.users().list_former_passwords(UserId(404)).await, Ok(Vec::new()));
    let refused = unit.users().remember_password(UserId(404), &hash(1), T0).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::Other)));
}
