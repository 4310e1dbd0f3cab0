//! Changing one's password, and having it set.

use mif_application::access::{Action, Actor, Refusal};
use mif_application::auth::{AuthenticateError, ChangePassword, ChangePasswordError, LogOut};
use mif_application::users::{SetPassword, SetPasswordError};
use mif_domain::audit::AuditKind;
use mif_domain::users::{HasherBusy, PasswordRule, Role, UserId};
use mif_testkit::{PASSWORD, a_user, password};

use crate::world::{World, attempt};

const NEW: &str = "Presse-Moule-93?";

fn change(current: &str, new: &str) -> ChangePassword {
    ChangePassword { current: password(current), new: password(new) }
}

fn set(id: UserId) -> SetPassword {
    SetPassword { id, password: password(NEW) }
}

async fn karim() -> (World, Actor) {
    let world = World::new();
    world.insert(a_user("karim").must_change_password().build()).await;
    let actor = world.actor("karim").await;
    (world, actor)
}

#[tokio::test]
async fn changing_the_password_ends_the_other_sessions_and_keeps_this_one() {
    let (world, _) = karim().await;
    let (this, other) = (world.log_in("karim").await, world.log_in("karim").await);
    let actor = world.authenticate(&this.access_token).await.unwrap();
    assert!(actor.must_change_password());
    change(PASSWORD, NEW).run(&world.core, &actor).await.unwrap();
    let actor = world.authenticate(&this.access_token).await.unwrap();
    assert!(!actor.must_change_password());
    assert_eq!(world.authenticate(&other.access_token).await.unwrap_err(), AuthenticateError::SessionEnded);
    assert!(world.refresh(other.refresh_token.expose()).await.is_err());
    world.refresh(this.refresh_token.expose()).await.unwrap();
    attempt("karim", NEW).run(&world.core).await.unwrap();
    attempt("karim", PASSWORD).run(&world.core).await.unwrap_err();
    let events = world.store.audit_events();
    let changed = events.iter().find(|event| event.kind == AuditKind::PasswordChanged).unwrap();
    assert_eq!(changed.details, [("sessions_ended", "2".to_owned())]);
}

#[tokio::test]
async fn a_password_that_cannot_be_changed_says_why() {
    let (world, actor) = karim().await;
    let wrong = change("mauvais", NEW).run(&world.core, &actor).await.unwrap_err();
    assert_eq!(wrong, ChangePasswordError::WrongPassword);
    let weak = change(PASSWORD, "Xx-karim-77!").run(&world.core, &actor).await.unwrap_err();
    assert_eq!(weak, ChangePasswordError::Weak(vec![PasswordRule::ContainsIdentity]));
    world.hasher.set_busy(true);
    let busy = change(PASSWORD, NEW).run(&world.core, &actor).await.unwrap_err();
    assert_eq!(busy, ChangePasswordError::Busy(HasherBusy));
    assert_eq!(world.audited(AuditKind::PasswordChanged), 0);
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_told_to_try_again() {
    let (world, actor) = karim().await;
    // The first has checked the old password; the second changes it before the first can write.
    let late = change_while(Meanwhile::ChangesPassword, &world, &actor).await;
    assert_eq!(late, ChangePasswordError::ChangedMeanwhile);
    attempt("karim", NEW).run(&world.core).await.unwrap();
}

#[tokio::test]
async fn a_session_that_ends_during_the_change_changes_nothing() {
    let (world, actor) = karim().await;
    let late = change_while(Meanwhile::SignsOutEverywhere, &world, &actor).await;
    assert_eq!(late, ChangePasswordError::ChangedMeanwhile);
    attempt("karim", PASSWORD).run(&world.core).await.unwrap();
}

async fn change_while(meanwhile: Meanwhile, world: &World, actor: &Actor) -> ChangePasswordError {
    let slow = SlowHasher { inner: world.core.clone(), actor: actor.clone(), meanwhile };
    let mut core = world.core.clone();
    core.hasher = std::sync::Arc::new(slow);
    change(PASSWORD, "Autre-Chose-55;").run(&core, actor).await.unwrap_err()
}

#[derive(Debug)]
enum Meanwhile {
    ChangesPassword,
    SignsOutEverywhere,
}

/// While it hashes, the owner does something elsewhere.
#[derive(Debug)]
struct SlowHasher {
    inner: mif_application::Core,
    actor: Actor,
    meanwhile: Meanwhile,
}

#[async_trait::async_trait]
impl mif_domain::users::PasswordHasher for SlowHasher {
    async fn hash(
        &self,
        typed: &mif_domain::users::PlainPassword,
    ) -> Result<mif_domain::users::PasswordHash, HasherBusy> {
        match self.meanwhile {
            Meanwhile::ChangesPassword => change(PASSWORD, NEW).run(&self.inner, &self.actor).await.unwrap(),
            Meanwhile::SignsOutEverywhere => {
                LogOut { everywhere: true }.run(&self.inner, &self.actor).await.unwrap();
            }
        }
        self.inner.hasher.hash(typed).await
    }

    async fn verify(
        &self,
        typed: &mif_domain::users::PlainPassword,
        hash: Option<&mif_domain::users::PasswordHash>,
    ) -> Result<bool, HasherBusy> {
        self.inner.hasher.verify(typed, hash).await
    }
}

#[tokio::test]
async fn a_temporary_password_ends_every_session_and_must_be_changed() {
    let (world, actor) = karim().await;
    change(PASSWORD, "Autre-Chose-55;").run(&world.core, &actor).await.unwrap();
    let admin = world.actor_of(Role::Admin).await;
    let old = attempt("karim", "Autre-Chose-55;").run(&world.core).await.unwrap();
    set(actor.user_id()).run(&world.core, &admin).await.unwrap();
    assert!(world.refresh(old.refresh_token.expose()).await.is_err());
    assert_eq!(world.authenticate(&old.access_token).await.unwrap_err(), AuthenticateError::SessionEnded);
    let pair = attempt("karim", NEW).run(&world.core).await.unwrap();
    assert!(world.authenticate(&pair.access_token).await.unwrap().must_change_password());
    assert_eq!(world.audited(AuditKind::PasswordReset), 1);
}

#[tokio::test]
async fn a_temporary_password_that_cannot_be_set_says_why() {
    let (world, karim) = karim().await;
    let admin = world.actor_of(Role::Admin).await;
    let denied = set(karim.user_id()).run(&world.core, &karim).await.unwrap_err();
    assert_eq!(denied, SetPasswordError::Refused(Refusal::Denied(Action::ManageUsers)));
    let hidden = set(admin.user_id()).run(&world.core, &karim).await.unwrap_err();
    assert_eq!(hidden, SetPasswordError::Refused(Refusal::NotFound));
    let unknown = set(UserId(404)).run(&world.core, &admin).await.unwrap_err();
    assert_eq!(unknown, SetPasswordError::Refused(Refusal::NotFound));
    let weak = SetPassword { id: karim.user_id(), password: password("Court-7a") };
    let weak = weak.run(&world.core, &admin).await.unwrap_err();
    assert_eq!(weak, SetPasswordError::Weak(vec![PasswordRule::TooShort { min: 10 }]));
    world.hasher.set_busy(true);
    let busy = set(karim.user_id()).run(&world.core, &admin).await.unwrap_err();
    assert_eq!(busy, SetPasswordError::Busy(HasherBusy));
}
