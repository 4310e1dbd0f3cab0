//! The five rules of rotation, as a client meets them.

use mif_application::access::ExpectedVersion;
use mif_application::auth::{AuthenticateError, LogOut, RefreshError, TokenPair};
use mif_domain::audit::{AuditKind, AuditOutcome};
use mif_domain::outbox::OutboxMessage;
use mif_domain::sessions::{SessionLimits, TokenError};
use mif_testkit::{FakeRefreshTokens, a_user};

use crate::world::World;

async fn signed_in() -> (World, TokenPair) {
    let world = World::new();
    world.insert(a_user("karim").build()).await;
    let pair = world.log_in("karim").await;
    (world, pair)
}

impl World {
    async fn renew(&self, pair: &TokenPair) -> TokenPair {
        self.refresh(pair.refresh_token.expose()).await.unwrap()
    }

    async fn refused(&self, pair: &TokenPair) {
        assert_eq!(self.refresh(pair.refresh_token.expose()).await.unwrap_err(), RefreshError::Refused);
    }
}

#[tokio::test]
async fn a_token_is_exchanged_for_a_new_pair() {
    let (world, first) = signed_in().await;
    let second = world.renew(&first).await;
    assert_ne!(first.refresh_token, second.refresh_token);
    world.authenticate(&second.access_token).await.unwrap();
    assert_eq!(world.audited(AuditKind::TokenRefreshed), 1);
}

#[tokio::test]
async fn two_tabs_get_the_same_successor() {
    let (world, first) = signed_in().await;
    let second = world.renew(&first).await;
    world.authenticate(&second.access_token).await.unwrap();
    world.wait(9);
    assert_eq!(world.renew(&first).await.refresh_token, second.refresh_token);
    assert_eq!(world.audited(AuditKind::TokenRefreshed), 1);
}

#[tokio::test]
async fn a_lost_response_can_be_retried() {
    let (world, first) = signed_in().await;
    let lost = world.renew(&first).await;
    world.wait(299);
    let again = world.renew(&first).await;
    assert_eq!(again.refresh_token, lost.refresh_token);
    world.authenticate(&again.access_token).await.unwrap();
    world.renew(&again).await;
}

#[tokio::test]
async fn a_phone_back_from_a_tunnel_is_refused_without_an_alarm() {
    let (world, first) = signed_in().await;
    let lost = world.renew(&first).await;
    world.wait(300);
    world.refused(&first).await;
    assert_eq!(world.audited(AuditKind::TokenReuseDetected), 0);
    world.renew(&lost).await;
}

#[tokio::test]
async fn theft_ends_the_session_is_audited_and_warns_the_user() {
    let (world, first) = signed_in().await;
    let second = world.renew(&first).await;
    let actor = world.authenticate(&second.access_token).await.unwrap();
    world.wait(10);
    world.refused(&first).await;
    world.refused(&second).await;
    assert_eq!(world.authenticate(&second.access_token).await.unwrap_err(), AuthenticateError::SessionEnded);
    let events = world.store.audit_events();
    let alarms: Vec<_> = events.iter().filter(|event| event.kind == AuditKind::TokenReuseDetected).collect();
    assert_eq!(alarms.len(), 1);
    assert_eq!((alarms[0].outcome, alarms[0].origin.actor), (AuditOutcome::Failure, Some(actor.user_id())));
    let warning = OutboxMessage::WarnOfTokenReuse { user_id: actor.user_id(), session_id: actor.session_id() };
    assert_eq!(world.store.outbox().into_iter().map(|entry| entry.message).collect::<Vec<_>>(), [warning]);
}

#[tokio::test]
async fn a_token_of_two_rotations_ago_is_theft_at_once() {
    let (world, first) = signed_in().await;
    let second = world.renew(&first).await;
    let third = world.renew(&second).await;
    world.refused(&first).await;
    world.refused(&third).await;
    assert_eq!(world.audited(AuditKind::TokenReuseDetected), 1);
}

#[tokio::test]
async fn theft_ends_one_session_and_not_the_others() {
    let (world, first) = signed_in().await;
    let elsewhere = world.log_in("karim").await;
    let second = world.renew(&first).await;
    world.renew(&second).await;
    world.refused(&first).await;
    world.renew(&elsewhere).await;
}

#[tokio::test]
async fn an_unknown_token_changes_nothing() {
    let (world, first) = signed_in().await;
    for unknown in ["", "trop court", FakeRefreshTokens::nth(999).expose()] {
        assert_eq!(world.refresh(unknown).await.unwrap_err(), RefreshError::Refused, "{unknown}");
    }
    assert_eq!(world.store.audit_events().len(), 1);
    world.renew(&first).await;
}

#[tokio::test]
async fn signing_out_kills_the_refresh_token_with_the_answer() {
    let (world, first) = signed_in().await;
    let actor = world.authenticate(&first.access_token).await.unwrap();
    LogOut { everywhere: false }.run(&world.core, &actor).await.unwrap();
    world.refused(&first).await;
    assert_eq!(world.authenticate(&first.access_token).await.unwrap_err(), AuthenticateError::SessionEnded);
    assert_eq!(world.audited(AuditKind::Logout), 1);
}

#[tokio::test]
async fn refreshing_never_slides_the_end_of_the_session() {
    let (world, mut pair) = signed_in().await;
    let day = 24 * 3600;
    for _ in 0..6 {
        world.wait(day);
        pair = world.renew(&pair).await;
    }
    world.wait(SessionLimits::LIFETIME.num_seconds() - 6 * day);
    world.refused(&pair).await;
}

#[tokio::test]
async fn without_a_key_nothing_is_rotated() {
    let (world, first) = signed_in().await;
    world.access_tokens.set_keyless(true);
    let refused = world.refresh(first.refresh_token.expose()).await.unwrap_err();
    assert_eq!(refused, RefreshError::Token(TokenError::NoKey));
    world.access_tokens.set_keyless(false);
    world.renew(&first).await;
    assert_eq!(world.audited(AuditKind::TokenRefreshed), 1);
}

#[tokio::test]
async fn a_refresh_takes_the_role_from_the_database() {
    let (world, first) = signed_in().await;
    let admin = world.actor_of(mif_domain::users::Role::Admin).await;
    let user = world.authenticate(&first.access_token).await.unwrap().user_id();
    let changes = mif_application::users::UserChanges {
        role: mif_application::Change::Set(mif_domain::users::Role::Manager),
        ..Default::default()
    };
    let update = mif_application::users::UpdateUser { id: user, expected_version: ExpectedVersion::Any, changes };
    update.run(&world.core, &admin).await.unwrap();
    assert_eq!(world.authenticate(&first.access_token).await.unwrap().role(), mif_domain::users::Role::Manager);
    let second = world.renew(&first).await;
    let claims = mif_testkit::FakeAccessTokens::read(&second.access_token).unwrap();
    assert_eq!(claims.role, mif_domain::users::Role::Manager);
}
