//! Access tokens, the list of sessions and closing them.

use mif_application::access::Refusal;
use mif_application::auth::{AuthenticateError, CloseSession, ListSessions, LogOut};
use mif_domain::audit::AuditKind;
use mif_domain::repository::RepositoryError;
use mif_domain::sessions::{AccessClaims, AccessTokens as _, SessionId, TokenError};
use mif_domain::users::{Role, UserId};
use mif_testkit::{FakeAccessTokens, a_user};

use crate::world::World;

async fn two_sessions() -> (World, mif_application::access::Actor, mif_application::access::Actor) {
    let world = World::new();
    world.insert(a_user("karim").build()).await;
    let first = world.actor("karim").await;
    world.wait(1);
    let second = world.actor("karim").await;
    (world, first, second)
}

#[tokio::test]
async fn an_access_token_lasts_fifteen_minutes() {
    let world = World::new();
    world.insert(a_user("karim").build()).await;
    let pair = world.log_in("karim").await;
    world.wait(899);
    world.authenticate(&pair.access_token).await.unwrap();
    world.wait(1);
    assert_eq!(world.authenticate(&pair.access_token).await.unwrap_err(), AuthenticateError::Expired);
}

#[tokio::test]
async fn a_token_that_was_never_ours_is_invalid() {
    let world = World::new();
    let user = world.insert(a_user("karim").build()).await;
    let pair = world.log_in("karim").await;
    let ours = FakeAccessTokens::read(&pair.access_token).unwrap();
    let somebody_else = AccessClaims { user_id: UserId(user.id.0 + 100), ..ours.clone() };
    let from_the_future = AccessClaims { generation: 2, ..ours.clone() };
    let nowhere = AccessClaims { session_id: SessionId(404), ..ours.clone() };
    for (claims, error) in [
        (somebody_else, AuthenticateError::Invalid),
        (from_the_future, AuthenticateError::Invalid),
        (nowhere, AuthenticateError::SessionEnded),
    ] {
        let token = world.access_tokens.issue(&claims, ours.expires_at).unwrap();
        assert_eq!(world.authenticate(&token).await.unwrap_err(), error, "{claims:?}");
    }
    assert_eq!(world.authenticate("n'importe quoi").await.unwrap_err(), AuthenticateError::Invalid);
    world.access_tokens.set_keyless(true);
    assert_eq!(world.authenticate(&pair.access_token).await.unwrap_err(), AuthenticateError::NoKey);
    assert_eq!(AuthenticateError::from(TokenError::NoKey), AuthenticateError::NoKey);
    let down = RepositoryError::Unavailable("x".to_owned());
    assert_eq!(AuthenticateError::from(down.clone()), AuthenticateError::Repository(down));
}

#[tokio::test]
async fn a_session_that_another_replica_ended_is_believed_for_less_than_a_second() {
    let (world, first, second) = two_sessions().await;
    let pair = world.log_in("karim").await;
    let third = world.authenticate(&pair.access_token).await.unwrap();
    let mut elsewhere = world.core.clone();
    elsewhere.sessions = std::sync::Arc::default();
    CloseSession { id: third.session_id() }.run(&elsewhere, &first).await.unwrap();
    world.authenticate(&pair.access_token).await.unwrap();
    world.wait(1);
    assert_eq!(world.authenticate(&pair.access_token).await.unwrap_err(), AuthenticateError::SessionEnded);
    assert_eq!(ListSessions.run(&world.core, &second).await.unwrap().len(), 2);
}

#[tokio::test]
async fn ones_sessions_are_listed_with_the_newest_first() {
    let (world, first, second) = two_sessions().await;
    world.actor_of(Role::Admin).await;
    let listed = ListSessions.run(&world.core, &first).await.unwrap();
    let ids: Vec<_> = listed.iter().map(|session| session.id).collect();
    assert_eq!(ids, [second.session_id(), first.session_id()]);
}

#[tokio::test]
async fn a_session_is_closed_from_another_one_but_only_by_its_owner() {
    let (world, first, second) = two_sessions().await;
    let admin = world.actor_of(Role::Admin).await;
    let close = CloseSession { id: second.session_id() };
    assert_eq!(close.run(&world.core, &admin).await.unwrap_err(), Refusal::NotFound);
    close.run(&world.core, &first).await.unwrap();
    assert_eq!(close.run(&world.core, &first).await.unwrap_err(), Refusal::NotFound);
    let left = ListSessions.run(&world.core, &first).await.unwrap();
    assert_eq!(left.iter().map(|session| session.id).collect::<Vec<_>>(), [first.session_id()]);
    assert_eq!(world.audited(AuditKind::Logout), 1);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session() {
    let (world, first, _) = two_sessions().await;
    LogOut { everywhere: true }.run(&world.core, &first).await.unwrap();
    assert!(ListSessions.run(&world.core, &first).await.unwrap().is_empty());
    let event = world.store.audit_events().pop().unwrap();
    assert_eq!((event.kind, event.details), (AuditKind::Logout, vec![("sessions", "2".to_owned())]));
}

#[tokio::test]
async fn purging_forgets_ended_sessions_after_a_week() {
    let (world, first, _) = two_sessions().await;
    LogOut { everywhere: false }.run(&world.core, &first).await.unwrap();
    let pair = world.log_in("karim").await;
    world.refresh(pair.refresh_token.expose()).await.unwrap();
    assert_eq!((world.store.session_count(), world.store.sealed_successors()), (3, 1));
    world.wait(300);
    mif_application::housekeeping::Purge.run(&world.core).await.unwrap();
    assert_eq!((world.store.session_count(), world.store.sealed_successors()), (3, 0));
    world.wait(7 * 24 * 3600);
    mif_application::housekeeping::Purge.run(&world.core).await.unwrap();
    assert_eq!(world.store.session_count(), 2);
    world.wait(8 * 24 * 3600);
    mif_application::housekeeping::Purge.run(&world.core).await.unwrap();
    assert_eq!(world.store.session_count(), 0);
}
