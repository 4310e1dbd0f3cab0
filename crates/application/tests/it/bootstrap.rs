//! Before anybody can sign in.

use mif_application::bootstrap::{CreateAdmin, EnsureFirstAdmin, NamedAccountError, RecordStart, ResetPassword};
use mif_application::key_rotation::{KeyChange, KeyPurpose, RecordKeyChange};
use mif_application::users::CreateUserError;
use mif_domain::audit::{AuditKind, AuditOrigin};
use mif_domain::users::{EmailAddress, PasswordRule, Role, Username};
use mif_testkit::{PASSWORD, a_user, password};

use crate::world::{World, attempt};

fn first(email: &str) -> EnsureFirstAdmin {
    EnsureFirstAdmin { email: EmailAddress::parse(email).unwrap(), password: password(PASSWORD) }
}

fn admin(username: &str, typed: &str) -> CreateAdmin {
    CreateAdmin {
        username: Username::parse(username).unwrap(),
        email: EmailAddress::parse(&format!("{username}@mif.ma")).unwrap(),
        password: password(typed),
    }
}

#[tokio::test]
async fn the_first_start_makes_an_administrator_and_the_second_does_not() {
    let world = World::new();
    assert!(first("admin@mif.local").run(&world.core).await.unwrap());
    assert!(!first("autre@mif.local").run(&world.core).await.unwrap());
    assert_eq!(world.actor("admin").await.role(), Role::Admin);
    assert_eq!((world.audited(AuditKind::UserCreated), world.hasher.hashed()), (1, 1));
}

#[tokio::test]
async fn of_replicas_that_start_at_once_one_makes_it() {
    let world = World::new();
    let (a, b) = (first("a@mif.local"), first("bbb@mif.local"));
    let (a, b) = tokio::join!(a.run(&world.core), b.run(&world.core));
    assert_eq!([a.unwrap(), b.unwrap()].iter().filter(|made| **made).count(), 1);
    assert_eq!(world.audited(AuditKind::UserCreated), 1);
}

#[tokio::test]
async fn any_account_at_all_is_enough() {
    let world = World::new();
    world.insert(a_user("karim").build()).await;
    assert!(!first("admin@mif.local").run(&world.core).await.unwrap());
}

#[tokio::test]
async fn the_command_line_makes_administrators_under_the_same_rules() {
    let world = World::new();
    let view = admin("chef", PASSWORD).run(&world.core).await.unwrap();
    assert_eq!((view.role, view.must_change_password), (Role::Admin, false));
    assert_eq!(admin("chef", PASSWORD).run(&world.core).await.unwrap_err(), CreateUserError::UsernameTaken);
    let weak = admin("autre", "Court-7a").run(&world.core).await.unwrap_err();
    assert_eq!(weak, CreateUserError::Weak(vec![PasswordRule::TooShort { min: 10 }]));
    let event = world.store.audit_events().pop().unwrap();
    assert_eq!((event.kind, event.origin), (AuditKind::UserCreated, AuditOrigin::default()));
}

#[tokio::test]
async fn the_command_line_resets_a_password_by_either_name() {
    let world = World::new();
    let user = world.insert(a_user("karim").build()).await;
    let pair = world.log_in("karim").await;
    for (name, typed) in [("karim", "Presse-Moule-93?"), ("KARIM@mif.ma", "Autre-Chose-55;")] {
        let reset = ResetPassword { name: name.to_owned(), password: password(typed) };
        assert_eq!(reset.run(&world.core).await.unwrap(), user.id);
        attempt("karim", typed).run(&world.core).await.unwrap();
    }
    assert!(world.refresh(pair.refresh_token.expose()).await.is_err());
    for name in ["inconnu", "é", "x@y"] {
        let reset = ResetPassword { name: name.to_owned(), password: password(PASSWORD) };
        assert_eq!(reset.run(&world.core).await.unwrap_err(), NamedAccountError::Unknown, "{name}");
    }
}

#[tokio::test]
async fn a_start_is_recorded() {
    let world = World::new();
    RecordStart { version: "0.1.0", profile: "production".to_owned() }.run(&world.core).await.unwrap();
    let event = world.store.audit_events().pop().unwrap();
    assert_eq!(event.kind, AuditKind::ConfigStarted);
    assert_eq!(event.details, [("version", "0.1.0".to_owned()), ("profile", "production".to_owned())]);
}

#[tokio::test]
async fn a_change_of_keys_is_recorded_by_name() {
    let world = World::new();
    let change = RecordKeyChange {
        purpose: KeyPurpose::Tokens,
        change: KeyChange::Added,
        key_id: "0123456789abcdef".to_owned(),
    };
    change.run(&world.core).await.unwrap();
    let event = world.store.audit_events().pop().unwrap();
    assert_eq!(event.kind, AuditKind::KeyRotated);
    let details = [("keys", "jwt"), ("change", "added"), ("key_id", "0123456789abcdef")];
    assert_eq!(event.details, details.map(|(name, value)| (name, value.to_owned())));
}
