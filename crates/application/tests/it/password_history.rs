//! The last five passwords do not come back.

use mif_application::Change;
use mif_application::access::{Actor, ExpectedVersion};
use mif_application::auth::{ChangePassword, ChangePasswordError};
use mif_application::bootstrap::{NamedAccountError, ResetPassword};
use mif_application::users::{SetPassword, SetPasswordError, UpdateProfile, UpdateProfileError};
use mif_domain::users::{PasswordRule, Role};
use mif_testkit::{FastHasher, PASSWORD, a_user, password};

use crate::world::World;

const REUSED: [PasswordRule; 1] = [PasswordRule::Reused];

fn numbered(n: usize) -> String {
    format!("Courroie-Verte-{n}?")
}

fn reused() -> SetPasswordError {
    SetPasswordError::Weak(REUSED.to_vec())
}

fn change(current: &str, new: &str) -> ChangePassword {
    ChangePassword { current: password(current), new: password(new) }
}

async fn karim() -> (World, Actor) {
    let world = World::new();
    world.insert(a_user("karim").build()).await;
    let actor = world.actor("karim").await;
    (world, actor)
}

#[tokio::test]
async fn the_last_five_are_refused_and_the_sixth_is_free_again() {
    let (world, actor) = karim().await;
    let mut current = PASSWORD.to_owned();
    for n in 1..=4 {
        change(&current, &numbered(n)).run(&world.core, &actor).await.unwrap();
        current = numbered(n);
    }
    for last in [PASSWORD.to_owned(), numbered(1), numbered(2), numbered(3), numbered(4)] {
        let refused = change(&current, &last).run(&world.core, &actor).await.unwrap_err();
        assert_eq!(refused, ChangePasswordError::Weak(REUSED.to_vec()), "{last}");
    }
    change(&current, &numbered(5)).run(&world.core, &actor).await.unwrap();
    change(&numbered(5), PASSWORD).run(&world.core, &actor).await.unwrap();
}

#[tokio::test]
async fn whoever_sets_it_the_password_before_is_refused() {
    let (world, actor) = karim().await;
    let admin = world.actor_of(Role::Admin).await;
    let set = |typed: &str| SetPassword { id: actor.user_id(), password: password(typed) };
    let reset = |typed: &str| ResetPassword { name: "karim".to_owned(), password: password(typed) };
    let update = |current: &str, new: &str| UpdateProfile {
        expected_version: ExpectedVersion::Any,
        full_name: Change::Keep,
        email: Change::Keep,
        language: Change::Keep,
        current_password: Some(password(current)),
        new_password: Some(password(new)),
    };
    update(PASSWORD, &numbered(1)).run(&world.core, &actor).await.unwrap();
    let refused = update(&numbered(1), PASSWORD).run(&world.core, &actor).await.unwrap_err();
    assert_eq!(refused, UpdateProfileError::Password(ChangePasswordError::Weak(REUSED.to_vec())));

    for former in [PASSWORD.to_owned(), numbered(1)] {
        let refused = set(&former).run(&world.core, &admin).await.unwrap_err();
        assert_eq!(refused, reused());
    }
    set(&numbered(2)).run(&world.core, &admin).await.unwrap();
    for former in [numbered(1), numbered(2)] {
        assert_eq!(reset(&former).run(&world.core).await.unwrap_err(), NamedAccountError::Password(reused()));
    }
    reset(&numbered(3)).run(&world.core).await.unwrap();
    assert_eq!(reset(PASSWORD).run(&world.core).await.unwrap_err(), NamedAccountError::Password(reused()));
}

#[tokio::test]
async fn a_password_of_the_old_system_is_refused_too() {
    let world = World::new();
    world.insert(a_user("karim").password_hash(FastHasher::outdated(PASSWORD)).build()).await;
    let reset = |typed: &str| ResetPassword { name: "karim".to_owned(), password: password(typed) };
    for typed in [PASSWORD, &numbered(1)] {
        let outcome = reset(typed).run(&world.core).await;
        assert_eq!(outcome.is_err(), typed == PASSWORD);
    }
    assert_eq!(reset(PASSWORD).run(&world.core).await.unwrap_err(), NamedAccountError::Password(reused()));
}

#[tokio::test]
async fn a_password_that_breaks_another_rule_is_not_compared_with_the_last() {
    let (world, actor) = karim().await;
    let before = world.hasher.verified();
    change(PASSWORD, "court").run(&world.core, &actor).await.unwrap_err();
    assert_eq!(world.hasher.verified(), before + 1, "the current password alone");
}
