//! Sign-in withstands guessing.

use chrono::TimeDelta;
use mif_application::access::{Action, Actor, ExpectedVersion, Refusal, RequestInfo};
use mif_application::auth::{ChangePassword, ChangePasswordError, LogIn, LogInError};
use mif_application::bootstrap::{NamedAccountError, ResetPassword, UnlockAccount};
use mif_application::housekeeping::Purge;
use mif_application::users::{DeactivateUser, UnlockUser};
use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::outbox::OutboxMessage;
use mif_domain::users::{HasherBusy, Role, UserId};
use mif_testkit::{PASSWORD, T0, a_user, password};

use crate::world::{World, attempt, request};

const NEW: &str = "Presse-Moule-93?";

fn attempt_from(ip: &str, name: &str, password: &str) -> LogIn {
    let request = RequestInfo { ip: Some(ip.to_owned()), ..request() };
    LogIn { request, ..attempt(name, password) }
}

async fn karim() -> (World, UserId) {
    let world = World::new();
    let user = world.insert(a_user("karim").build()).await;
    (world, user.id)
}

/// Fails so many times, each of them looked at.
async fn fail(world: &World, times: usize) {
    for _ in 0..times {
        let before = world.hasher.verified();
        attempt("karim", "mauvais").run(&world.core).await.unwrap_err();
        assert_eq!(world.hasher.verified(), before + 1);
    }
}

/// Fails without being looked at, with the right password.
async fn is_locked(world: &World) {
    let before = world.hasher.verified();
    assert_eq!(attempt("karim", PASSWORD).run(&world.core).await.unwrap_err(), LogInError::Refused);
    assert_eq!(world.hasher.verified(), before);
}

/// A hundred failures in a row, from twenty addresses.
async fn close(world: &World) {
    for n in 0..100 {
        attempt_from(&format!("198.51.100.{}", n / 5), "karim", "mauvais").run(&world.core).await.unwrap_err();
    }
}

fn last(world: &World, kind: AuditKind) -> AuditEvent {
    world.store.audit_events().into_iter().rfind(|event| event.kind == kind).unwrap()
}

#[tokio::test(start_paused = true)]
async fn after_five_failures_the_right_password_is_refused_unseen_for_five_minutes() {
    let (world, user) = karim().await;
    fail(&world, 5).await;
    assert_eq!(world.audited(AuditKind::LoginLocked), 1);
    let locked = last(&world, AuditKind::LoginLocked);
    assert_eq!(locked.origin, request().origin(Some(user)));
    assert_eq!(locked.details, [("until", (T0 + TimeDelta::minutes(5)).to_rfc3339())]);
    is_locked(&world).await;
    assert_eq!(last(&world, AuditKind::LoginFailed).details[1], ("not_checked", "locked".to_owned()));
    world.wait(299);
    is_locked(&world).await;
    world.wait(1);
    world.log_in("karim").await;
    assert_eq!(world.audited(AuditKind::LoginFailed), 7);
    assert_eq!(world.audited(AuditKind::LoginLocked), 1, "once a lock");
}

#[tokio::test(start_paused = true)]
async fn each_further_five_failures_lock_longer() {
    let (world, _) = karim().await;
    for minutes in [5, 10, 20, 40, 40] {
        fail(&world, 5).await;
        world.wait(60 * minutes - 1);
        is_locked(&world).await;
        world.wait(1);
    }
    assert_eq!(world.audited(AuditKind::LoginLocked), 5);
    world.log_in("karim").await;
    fail(&world, 5).await;
    world.wait(300);
    world.log_in("karim").await;
}

#[tokio::test(start_paused = true)]
async fn a_day_without_a_failure_begins_anew() {
    let (world, _) = karim().await;
    fail(&world, 5).await;
    world.wait(300);
    fail(&world, 4).await;
    world.wait(24 * 3600);
    fail(&world, 5).await;
    world.wait(299);
    is_locked(&world).await;
    world.wait(1);
    world.log_in("karim").await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_parallel_guesses_reach_the_hasher_five_times() {
    let (world, _) = karim().await;
    let mut guesses = tokio::task::JoinSet::new();
    for n in 0..1000 {
        let core = world.core.clone();
        guesses.spawn(async move { attempt("karim", &format!("mauvais {n}")).run(&core).await.unwrap_err() });
    }
    assert!(guesses.join_all().await.iter().all(|refused| *refused == LogInError::Refused));
    assert_eq!(world.hasher.verified(), 5);
    assert_eq!((world.audited(AuditKind::LoginFailed), world.audited(AuditKind::LoginLocked)), (1000, 1));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_password_counts_and_costs_like_any_other() {
    let (world, _) = karim().await;
    let long = "x".repeat(129);
    for typed in ["", long.as_str(), "\0", "", &long] {
        let before = world.hasher.verified();
        attempt("karim", typed).run(&world.core).await.unwrap_err();
        assert_eq!(world.hasher.verified(), before + 1);
    }
    is_locked(&world).await;
}

#[tokio::test(start_paused = true)]
async fn unknown_names_are_refused_unseen_after_five_from_an_address() {
    let (world, _) = karim().await;
    for n in 0..8 {
        attempt(&format!("inconnu{n}"), PASSWORD).run(&world.core).await.unwrap_err();
        assert_eq!(world.hasher.verified(), (n + 1).min(5));
    }
    attempt_from("2001:db8::1", "inconnu", PASSWORD).run(&world.core).await.unwrap_err();
    assert_eq!(world.hasher.verified(), 6);
    world.log_in("karim").await;
    world.wait(900);
    attempt("inconnu", PASSWORD).run(&world.core).await.unwrap_err();
    assert_eq!(world.hasher.verified(), 8);
}

#[tokio::test(start_paused = true)]
async fn an_ipv6_network_is_one_address_and_so_is_an_unknown_one() {
    let (world, _) = karim().await;
    for n in 0..5 {
        attempt_from(&format!("2001:db8::{n}:1"), "karim", "mauvais").run(&world.core).await.unwrap_err();
    }
    attempt_from("2001:db8::ffff:2", "karim", PASSWORD).run(&world.core).await.unwrap_err();
    attempt_from("2001:db8:0:1::1", "karim", PASSWORD).run(&world.core).await.unwrap();
    let nowhere = || LogIn { request: RequestInfo::default(), ..attempt("karim", "mauvais") };
    for _ in 0..5 {
        nowhere().run(&world.core).await.unwrap_err();
    }
    let before = world.hasher.verified();
    nowhere().run(&world.core).await.unwrap_err();
    assert_eq!(world.hasher.verified(), before);
}

#[tokio::test(start_paused = true)]
async fn a_lock_holds_up_neither_sessions_nor_other_addresses_nor_other_people() {
    let (world, _) = karim().await;
    world.insert(a_user("fatima").build()).await;
    let session = world.log_in("karim").await;
    fail(&world, 5).await;
    is_locked(&world).await;
    world.authenticate(&session.access_token).await.unwrap();
    world.refresh(session.refresh_token.expose()).await.unwrap();
    world.log_in("fatima").await;
    attempt_from("198.51.100.1", "karim", PASSWORD).run(&world.core).await.unwrap();
    is_locked(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_failures_in_a_row_close_the_account_and_tell_its_owner_once() {
    let (world, user_id) = karim().await;
    let session = world.log_in("karim").await;
    close(&world).await;
    assert_eq!(world.hasher.verified(), 101);
    world.authenticate(&session.access_token).await.unwrap();
    world.refresh(session.refresh_token.expose()).await.unwrap();
    let closing = last(&world, AuditKind::LoginLocked);
    assert_eq!(closing.resource, Some(format!("user/{}", user_id.0)));
    assert_eq!(closing.details, [("until", "unlocked".to_owned())]);
    for _ in 0..3 {
        is_locked(&world).await;
        world.wait(7 * 24 * 3600 - 1);
    }
    let letters: Vec<_> = world.store.outbox().into_iter().map(|entry| entry.message).collect();
    assert_eq!(letters, [OutboxMessage::WarnOfClosedAccount { user_id }]);
}

#[tokio::test(start_paused = true)]
async fn a_success_in_between_keeps_the_account_open() {
    let (world, _) = karim().await;
    for n in 0..99 {
        attempt_from(&format!("198.51.100.{n}"), "karim", "mauvais").run(&world.core).await.unwrap_err();
    }
    world.log_in("karim").await;
    attempt_from("198.51.100.99", "karim", "mauvais").run(&world.core).await.unwrap_err();
    world.log_in("karim").await;
    assert!(world.store.outbox().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_closed_account_is_opened_by_an_administrator_or_a_new_password() {
    let (world, id) = karim().await;
    let admin = world.actor_of(Role::Admin).await;
    close(&world).await;
    is_locked(&world).await;
    UnlockUser { id }.run(&world.core, &admin).await.unwrap();
    let event = last(&world, AuditKind::UserUpdated);
    assert_eq!((event.origin.actor, event.resource), (Some(admin.user_id()), Some(format!("user/{}", id.0))));
    assert_eq!(event.details, [("fields", "unlocked".to_owned())]);
    world.log_in("karim").await;

    close(&world).await;
    is_locked(&world).await;
    UnlockAccount { name: "Karim@mif.ma".to_owned() }.run(&world.core).await.unwrap();
    world.log_in("karim").await;

    close(&world).await;
    ResetPassword { name: "karim".to_owned(), password: password(NEW) }.run(&world.core).await.unwrap();
    attempt("karim", NEW).run(&world.core).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn unlocking_is_for_administrators_and_wakes_nobody_up() {
    let (world, id) = karim().await;
    let admin = world.actor_of(Role::Admin).await;
    let karim = world.actor("karim").await;
    let unlock = |id| UnlockUser { id };
    let denied = unlock(id).run(&world.core, &karim).await.unwrap_err();
    assert_eq!(denied, Refusal::Denied(Action::ManageUsers));
    assert_eq!(unlock(admin.user_id()).run(&world.core, &karim).await.unwrap_err(), Refusal::NotFound);
    assert_eq!(unlock(UserId(404)).run(&world.core, &admin).await.unwrap_err(), Refusal::NotFound);
    let unknown = UnlockAccount { name: "inconnu".to_owned() }.run(&world.core).await.unwrap_err();
    assert_eq!(unknown, NamedAccountError::Unknown);
    DeactivateUser { id, expected_version: ExpectedVersion::Any }.run(&world.core, &admin).await.unwrap();
    assert!(!unlock(id).run(&world.core, &admin).await.unwrap().is_active);
    attempt("karim", PASSWORD).run(&world.core).await.unwrap_err();
}

fn change(current: &str, new: &str) -> ChangePassword {
    ChangePassword { current: password(current), new: password(new) }
}

async fn signed_in() -> (World, Actor) {
    let (world, _) = karim().await;
    let actor = world.actor("karim").await;
    (world, actor)
}

#[tokio::test(start_paused = true)]
async fn a_stolen_session_cannot_be_used_to_find_the_password_out() {
    let (world, actor) = signed_in().await;
    for _ in 0..5 {
        let wrong = change("mauvais", NEW).run(&world.core, &actor).await.unwrap_err();
        assert_eq!(wrong, ChangePasswordError::WrongPassword);
    }
    let before = world.hasher.verified();
    let unseen = change(PASSWORD, NEW).run(&world.core, &actor).await.unwrap_err();
    assert_eq!((unseen, world.hasher.verified()), (ChangePasswordError::WrongPassword, before));
    assert_eq!(last(&world, AuditKind::LoginFailed).details[0], ("occasion", "current_password".to_owned()));
    is_locked(&world).await;
    world.wait(300);
    change(PASSWORD, NEW).run(&world.core, &actor).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_right_current_password_never_counts() {
    let (world, actor) = signed_in().await;
    for _ in 0..10 {
        let weak = change(PASSWORD, "court").run(&world.core, &actor).await.unwrap_err();
        assert!(matches!(weak, ChangePasswordError::Weak(_)), "{weak}");
    }
    fail(&world, 4).await;
    change(PASSWORD, NEW).run(&world.core, &actor).await.unwrap();
    fail(&world, 4).await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_hasher_locks_nobody_out() {
    let (world, actor) = signed_in().await;
    world.hasher.set_busy(true);
    for _ in 0..20 {
        assert_eq!(attempt("karim", PASSWORD).run(&world.core).await.unwrap_err(), LogInError::Busy(HasherBusy));
        let busy = change(PASSWORD, NEW).run(&world.core, &actor).await.unwrap_err();
        assert_eq!(busy, ChangePasswordError::Busy(HasherBusy));
    }
    world.hasher.set_busy(false);
    world.log_in("karim").await;
}

#[tokio::test(start_paused = true)]
async fn purging_frees_nobody() {
    let (world, _) = karim().await;
    fail(&world, 5).await;
    Purge.run(&world.core).await.unwrap();
    is_locked(&world).await;
    world.wait(24 * 3600);
    Purge.run(&world.core).await.unwrap();
    fail(&world, 5).await;
    assert_eq!(
        last(&world, AuditKind::LoginLocked).details[0].1,
        (T0 + TimeDelta::hours(24) + TimeDelta::minutes(5)).to_rfc3339()
    );
}
