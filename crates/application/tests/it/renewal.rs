//! Passwords hashed by the system before this one.

use std::pin::Pin;
use std::sync::Arc;

use mif_application::Core;
use mif_application::auth::LogInError;
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_domain::users::{HasherBusy, PasswordHash, PasswordHasher, PlainPassword, User, UserId};
use mif_testkit::{FastHasher, PASSWORD, a_user};

use crate::world::{World, attempt};

async fn karim() -> (World, User) {
    let world = World::new();
    let user = world.insert(a_user("karim").password_hash(FastHasher::outdated(PASSWORD)).build()).await;
    (world, user)
}

async fn stored(world: &World, id: UserId) -> User {
    world.store.begin().await.unwrap().users().find_for_update(id).await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_renews_an_outdated_hash_and_nothing_else() {
    let (world, before) = karim().await;
    attempt("karim", "mauvais").run(&world.core).await.unwrap_err();
    assert_eq!(stored(&world, before.id).await, before);
    world.wait(60);
    let first = world.log_in("karim").await;
    let after = stored(&world, before.id).await;
    assert_eq!(after.password_hash, FastHasher::stored(PASSWORD));
    assert_eq!(
        (after.version, after.password_changed_at, after.updated_at),
        (before.version, before.password_changed_at, before.updated_at)
    );
    let second = world.log_in("karim").await;
    for pair in [first, second] {
        world.authenticate(&pair.access_token).await.unwrap();
        world.refresh(pair.refresh_token.expose()).await.unwrap();
    }
    assert_eq!(world.hasher.hashed(), 1, "once");
}

type Happening = Pin<Box<dyn Future<Output = ()> + Send>>;

/// While it hashes, something else happens to the account.
#[derive(Debug)]
struct Meanwhile {
    core: Core,
    happens: fn(Core) -> Happening,
}

#[async_trait::async_trait]
impl PasswordHasher for Meanwhile {
    async fn hash(&self, typed: &PlainPassword) -> Result<PasswordHash, HasherBusy> {
        (self.happens)(self.core.clone()).await;
        self.core.hasher.hash(typed).await
    }

    async fn verify(&self, typed: &PlainPassword, hash: Option<&PasswordHash>) -> Result<bool, HasherBusy> {
        self.core.hasher.verify(typed, hash).await
    }

    fn is_outdated(&self, hash: &PasswordHash) -> bool {
        self.core.hasher.is_outdated(hash)
    }
}

fn meanwhile(world: &World, happens: fn(Core) -> Happening) -> Core {
    Core { hasher: Arc::new(Meanwhile { core: world.core.clone(), happens }), ..world.core.clone() }
}

#[tokio::test(start_paused = true)]
async fn of_two_sign_ins_at_once_that_renew_one_hash_both_succeed() {
    let (world, user) = karim().await;
    let core = meanwhile(&world, |core| {
        Box::pin(async move {
            attempt("karim", PASSWORD).run(&core).await.unwrap();
        })
    });
    attempt("karim", PASSWORD).run(&core).await.unwrap();
    assert_eq!(world.store.session_count(), 2);
    assert_eq!(stored(&world, user.id).await.password_hash, FastHasher::stored(PASSWORD));
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_replaced_while_its_outdated_hash_was_verified_opens_nothing() {
    let (world, _) = karim().await;
    let core = meanwhile(&world, |core| {
        Box::pin(async move {
            let password = mif_testkit::password("Presse-Moule-93?");
            let reset = mif_application::bootstrap::ResetPassword { name: "karim".to_owned(), password };
            reset.run(&core).await.unwrap();
        })
    });
    assert_eq!(attempt("karim", PASSWORD).run(&core).await.unwrap_err(), LogInError::Refused);
    assert_eq!(world.store.session_count(), 0);
}
