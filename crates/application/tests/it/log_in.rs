//! Signing in.

use chrono::TimeDelta;
use mif_application::access::ExpectedVersion;
use mif_application::auth::LogInError;
use mif_application::users::{DeactivateUser, UpdateUserError};
use mif_domain::audit::{AuditKind, AuditOutcome};
use mif_domain::sessions::{SessionLimits, TokenError};
use mif_domain::users::{HasherBusy, Role};
use mif_testkit::{FastHasher, PASSWORD, T0, a_user};
use tokio::time::Instant;

use crate::world::{World, attempt, request};

#[tokio::test]
async fn a_sign_in_opens_a_session_by_either_name() {
    let world = World::new();
    let user = world.insert(a_user("karim").build()).await;
    for name in ["karim", " KARIM ", "Karim@MIF.ma"] {
        let pair = world.log_in(name).await;
        assert_eq!(pair.expires_in, 900);
        let actor = world.authenticate(&pair.access_token).await.unwrap();
        assert_eq!((actor.user_id(), actor.role()), (user.id, Role::Technician));
    }
    let events = world.store.audit_events();
    assert_eq!(events.len(), 3);
    assert_eq!(events[0].origin, request().origin(Some(user.id)));
    assert_eq!((events[0].kind, events[0].outcome), (AuditKind::LoginSuccess, AuditOutcome::Success));
}

#[tokio::test(start_paused = true)]
async fn every_refusal_looks_alike_and_takes_400_ms() {
    let world = World::new();
    let admin = world.actor_of(Role::Admin).await;
    world.insert(a_user("karim").build()).await;
    let closed = world.insert(a_user("ancien").build()).await;
    let done: Result<_, UpdateUserError> =
        DeactivateUser { id: closed.id, expected_version: ExpectedVersion::Any }.run(&world.core, &admin).await;
    done.unwrap();
    let long = "x".repeat(129);
    for (name, password) in [
        ("inconnu", PASSWORD),
        ("inconnu@mif.ma", PASSWORD),
        ("ni un nom ni une adresse", PASSWORD),
        ("karim", "mauvais"),
        ("karim", ""),
        ("karim", &long),
        ("ancien", PASSWORD),
        ("", ""),
    ] {
        let started = Instant::now();
        assert_eq!(attempt(name, password).run(&world.core).await.unwrap_err(), LogInError::Refused, "{name}");
        assert_eq!(started.elapsed().as_millis(), 400, "{name}");
    }
    assert_eq!(world.audited(AuditKind::LoginFailed), 8);
    // One session: the admin's.
    assert_eq!(world.store.session_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_time_that_hashing_took_counts() {
    let world = World::with(|clock| FastHasher::taking(clock.clone(), TimeDelta::milliseconds(150)));
    let started = Instant::now();
    attempt("inconnu", PASSWORD).run(&world.core).await.unwrap_err();
    assert_eq!(started.elapsed().as_millis(), 250);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_name_costs_a_hash_like_a_known_one() {
    let world = World::new();
    world.insert(a_user("karim").build()).await;
    for name in ["karim", "inconnu"] {
        let before = world.hasher.verified();
        attempt(name, "mauvais").run(&world.core).await.unwrap_err();
        assert_eq!(world.hasher.verified(), before + 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn success_is_not_held_back() {
    let world = World::new();
    world.insert(a_user("karim").build()).await;
    let started = Instant::now();
    world.log_in("karim").await;
    assert!(started.elapsed().is_zero());
}

#[tokio::test]
async fn a_sign_in_is_noted_but_is_no_edit() {
    let world = World::new();
    let user = world.insert(a_user("karim").build()).await;
    world.wait(5);
    let actor = world.actor("karim").await;
    let view = mif_application::users::WhoAmI.run(&world.core, &actor).await.unwrap().user;
    assert_eq!((view.last_login_at, view.version), (Some(T0 + TimeDelta::seconds(5)), user.version));
}

#[tokio::test]
async fn the_51st_session_ends_the_oldest() {
    let world = World::new();
    world.insert(a_user("karim").build()).await;
    let first = world.log_in("karim").await;
    world.wait(1);
    let second = world.log_in("karim").await;
    for _ in 2..=SessionLimits::MAX_PER_USER {
        world.log_in("karim").await;
    }
    assert!(world.refresh(first.refresh_token.expose()).await.is_err());
    assert!(world.refresh(second.refresh_token.expose()).await.is_ok());
}

#[tokio::test]
async fn a_busy_hasher_and_a_missing_key_are_said() {
    let world = World::new();
    world.insert(a_user("karim").build()).await;
    world.hasher.set_busy(true);
    assert_eq!(attempt("karim", PASSWORD).run(&world.core).await.unwrap_err(), LogInError::Busy(HasherBusy));
    world.hasher.set_busy(false);
    world.access_tokens.set_keyless(true);
    let refused = attempt("karim", PASSWORD).run(&world.core).await.unwrap_err();
    assert_eq!(refused, LogInError::Token(TokenError::NoKey));
    assert_eq!(world.store.session_count(), 0);
}
