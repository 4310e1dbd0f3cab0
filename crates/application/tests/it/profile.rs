//! One's own account.

use mif_application::Change;
use mif_application::access::{Actor, ExpectedVersion, Refusal};
use mif_application::auth::ChangePasswordError;
use mif_application::users::{UpdateProfile, UpdateProfileError, WhoAmI};
use mif_domain::audit::AuditKind;
use mif_domain::users::{EmailAddress, FullName, Language, PasswordRule};
use mif_testkit::{PASSWORD, a_user, password};

use crate::world::{World, attempt};

const NEW: &str = "Presse-Moule-93?";

fn nothing() -> UpdateProfile {
    UpdateProfile {
        expected_version: ExpectedVersion::Any,
        full_name: Change::Keep,
        email: Change::Keep,
        language: Change::Keep,
        current_password: None,
        new_password: None,
    }
}

fn new_email(email: &str) -> UpdateProfile {
    UpdateProfile { email: Change::Set(EmailAddress::parse(email).unwrap()), ..nothing() }
}

async fn karim() -> (World, Actor) {
    let world = World::new();
    world.insert(a_user("fatima").build()).await;
    world.insert(a_user("karim").build()).await;
    let actor = world.actor("karim").await;
    (world, actor)
}

#[tokio::test]
async fn name_and_language_need_no_password() {
    let (world, actor) = karim().await;
    let name = FullName::parse("Karim El Alaoui").unwrap();
    let update = UpdateProfile {
        expected_version: ExpectedVersion::Exactly(1),
        full_name: Change::Set(Some(name.clone())),
        language: Change::Set(Language::English),
        ..nothing()
    };
    let view = update.run(&world.core, &actor).await.unwrap().user;
    assert_eq!((view.full_name, view.language, view.version), (Some(name), Language::English, 2));
    assert_eq!(WhoAmI.run(&world.core, &actor).await.unwrap().user.version, 2);
    assert_eq!(nothing().run(&world.core, &actor).await.unwrap().user.version, 2);
    assert_eq!(world.audited(AuditKind::UserUpdated), 1);
}

#[tokio::test]
async fn a_new_address_or_password_needs_the_current_password() {
    let (world, actor) = karim().await;
    let new_password = UpdateProfile { new_password: Some(password(NEW)), ..nothing() };
    for update in [new_email("k@mif.ma"), new_password] {
        assert_eq!(update.run(&world.core, &actor).await.unwrap_err(), UpdateProfileError::PasswordNeeded);
    }
    let wrong = UpdateProfile { current_password: Some(password("mauvais")), ..new_email("k@mif.ma") };
    let refused = wrong.run(&world.core, &actor).await.unwrap_err();
    assert_eq!(refused, UpdateProfileError::Password(ChangePasswordError::WrongPassword));
    // The address as it is, is no new one.
    new_email("karim@mif.ma").run(&world.core, &actor).await.unwrap();
    let right = UpdateProfile {
        current_password: Some(password(PASSWORD)),
        new_password: Some(password(NEW)),
        ..new_email("k@mif.ma")
    };
    let account = right.run(&world.core, &actor).await.unwrap();
    assert_eq!((account.user.email.as_str(), account.user.version), ("karim@mif.ma", 2));
    assert_eq!(account.wanted_email, Some(EmailAddress::parse("k@mif.ma").unwrap()));
    attempt("karim@mif.ma", NEW).run(&world.core).await.unwrap();
}

#[tokio::test]
async fn a_profile_that_cannot_be_stored_leaves_the_password_alone() {
    let (world, actor) = karim().await;
    let taken = UpdateProfile {
        current_password: Some(password(PASSWORD)),
        new_password: Some(password(NEW)),
        ..new_email("FATIMA@mif.ma")
    };
    assert_eq!(taken.run(&world.core, &actor).await.unwrap_err(), UpdateProfileError::EmailTaken);
    let stale = UpdateProfile { expected_version: ExpectedVersion::Exactly(9), ..new_email("k@mif.ma") };
    assert_eq!(stale.run(&world.core, &actor).await.unwrap_err(), UpdateProfileError::Refused(Refusal::Stale));
    let weak = UpdateProfile {
        current_password: Some(password(PASSWORD)),
        new_password: Some(password("Court-7a")),
        ..new_email("k@mif.ma")
    };
    let broken = vec![PasswordRule::TooShort { min: 10 }];
    let refused = weak.run(&world.core, &actor).await.unwrap_err();
    assert_eq!(refused, UpdateProfileError::Password(ChangePasswordError::Weak(broken)));
    assert_eq!(WhoAmI.run(&world.core, &actor).await.unwrap().user.version, 1);
    attempt("karim", PASSWORD).run(&world.core).await.unwrap();
}
