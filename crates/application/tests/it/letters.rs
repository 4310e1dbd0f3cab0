//! Letters that hold tokens: forgotten passwords, invitations, new addresses.

use std::sync::Arc;

use mif_application::Change;
use mif_application::access::ExpectedVersion;
use mif_application::auth::{RequestPasswordReset, ResetPassword, ResetPasswordError};
use mif_application::outbox::OutboxWorker;
use mif_application::users::{
    ConfirmEmail, ConfirmEmailError, CreateUser, DeactivateUser, SendInvitation, SendInvitationError, SetPassword,
    UpdateProfile, UpdateUser, UserChanges, WhoAmI,
};
use mif_domain::audit::AuditKind;
use mif_domain::mail::{Letter, LetterContent, WayIn};
use mif_domain::outbox::{Lane, OutboxMessage};
use mif_domain::users::{EmailAddress, Language, Role};
use mif_testkit::{PASSWORD, RecordingMailer, a_user, password};

use crate::world::{World, attempt, request};

const NEW: &str = "Presse-Moule-93?";

struct Office {
    world: World,
    worker: OutboxWorker,
    mailer: Arc<RecordingMailer>,
}

impl Office {
    async fn open() -> Self {
        let world = World::new();
        world.insert(a_user("karim").build()).await;
        let mailer = Arc::new(RecordingMailer::default());
        Self { worker: world.outbox(mailer.clone()), mailer, world }
    }

    async fn ask(&self, address: &str) {
        RequestPasswordReset { address: email(address) }.run(&self.world.core).await.unwrap();
    }

    /// Carries out what is due, and returns every letter so far.
    async fn deliver(&self) -> Vec<Letter> {
        while self.worker.run_once(Lane::Letters).await.unwrap() > 0 {}
        self.mailer.sent()
    }

    async fn reset(&self, token: &str, new: &str) -> Result<(), ResetPasswordError> {
        let reset = ResetPassword { token: token.to_owned(), new: password(new), request: request() };
        reset.run(&self.world.core).await
    }

    async fn confirm(&self, token: &str) -> Result<(), ConfirmEmailError> {
        ConfirmEmail { token: token.to_owned(), request: request() }.run(&self.world.core).await
    }
}

fn email(address: &str) -> EmailAddress {
    EmailAddress::parse(address).unwrap()
}

/// What the reader of a letter copies out of its link.
fn token(letter: &Letter) -> String {
    let (LetterContent::PasswordReset { way_in, .. }
    | LetterContent::Invitation { way_in, .. }
    | LetterContent::EmailConfirmation { way_in, .. }) = &letter.content
    else {
        panic!("{:?} holds no token", letter.content)
    };
    let WayIn::Link(link) = way_in else { panic!("the letter holds no link") };
    let token = link.rsplit(['=', '#']).next().unwrap().to_owned();
    assert!(token.len() == 43 && link.starts_with("https://gmao.exemple.ma/"), "{link}");
    token
}

#[tokio::test]
async fn known_and_unknown_addresses_leave_the_same_behind_and_one_gets_a_letter() {
    let office = Office::open().await;
    office.ask("KARIM@mif.ma").await;
    office.ask("personne@mif.ma").await;
    let left: Vec<_> = office.world.store.outbox().into_iter().map(|entry| entry.message).collect();
    let expected =
        ["KARIM@mif.ma", "personne@mif.ma"].map(|address| OutboxMessage::SendPasswordReset { address: email(address) });
    assert_eq!(left, expected);
    let letters = office.deliver().await;
    assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["karim@mif.ma"]);
    assert!(office.world.store.outbox().is_empty());
}

#[tokio::test]
async fn a_token_sets_the_password_once_and_ends_every_session() {
    let office = Office::open().await;
    let pair = office.world.log_in("karim").await;
    office.ask("karim@mif.ma").await;
    let token = token(&office.deliver().await[0]);
    assert!(matches!(office.reset(&token, "Court-7a").await, Err(ResetPasswordError::Weak(_))));
    office.reset(&format!(" {token}\n"), NEW).await.unwrap();
    office.world.authenticate(&pair.access_token).await.unwrap_err();
    office.world.refresh(pair.refresh_token.expose()).await.unwrap_err();
    attempt("karim", PASSWORD).run(&office.world.core).await.unwrap_err();
    attempt("karim", NEW).run(&office.world.core).await.unwrap();
    assert_eq!(office.reset(&token, PASSWORD).await, Err(ResetPasswordError::InvalidToken));
    assert_eq!(office.world.audited(AuditKind::PasswordReset), 1);
}

#[tokio::test]
async fn a_token_lives_half_an_hour_from_sending_not_from_asking() {
    let office = Office::open().await;
    office.ask("karim@mif.ma").await;
    office.world.wait(7200);
    let token = token(&office.deliver().await[0]);
    office.world.wait(1799);
    assert!(matches!(office.reset(&token, "Court-7a").await, Err(ResetPasswordError::Weak(_))));
    office.world.wait(1);
    assert_eq!(office.reset(&token, NEW).await, Err(ResetPasswordError::InvalidToken));
    for nonsense in ["", "x", "é", &"a".repeat(43), &"a".repeat(5000)] {
        assert_eq!(office.reset(nonsense, NEW).await, Err(ResetPasswordError::InvalidToken));
    }
}

#[tokio::test]
async fn however_often_somebody_asks_a_letter_leaves_once_a_minute() {
    let office = Office::open().await;
    for _ in 0..12 {
        office.ask("karim@mif.ma").await;
    }
    assert_eq!(office.deliver().await.len(), 1);
    office.world.wait(59);
    office.ask("karim@mif.ma").await;
    assert_eq!(office.deliver().await.len(), 1);
    office.world.wait(1);
    office.ask("karim@mif.ma").await;
    let letters = office.deliver().await;
    assert_eq!(letters.len(), 2);
    assert_eq!(office.reset(&token(&letters[0]), NEW).await, Err(ResetPasswordError::InvalidToken), "replaced");
    office.reset(&token(&letters[1]), NEW).await.unwrap();
}

#[tokio::test]
async fn after_a_strike_one_letter_leaves_for_all_that_were_asked_for() {
    let office = Office::open().await;
    office.mailer.fail_with("la poste est en grève");
    for _ in 0..5 {
        office.ask("karim@mif.ma").await;
        office.deliver().await;
        office.world.wait(90);
    }
    office.mailer.recover();
    office.world.wait(6 * 3600);
    let letters = office.deliver().await;
    assert_eq!(letters.len(), 1);
    office.reset(&token(&letters[0]), NEW).await.unwrap();
}

#[tokio::test]
async fn a_closed_account_gets_no_letter_and_its_token_opens_nothing() {
    let office = Office::open().await;
    let admin = office.world.actor_of(Role::Admin).await;
    let karim = office.world.actor("karim").await.user_id();
    office.ask("karim@mif.ma").await;
    let token = token(&office.deliver().await[0]);
    DeactivateUser { id: karim, expected_version: ExpectedVersion::Any }.run(&office.world.core, &admin).await.unwrap();
    assert_eq!(office.reset(&token, NEW).await, Err(ResetPasswordError::InvalidToken));
    office.world.wait(120);
    office.ask("karim@mif.ma").await;
    assert_eq!(office.deliver().await.len(), 1);
}

#[tokio::test]
async fn a_password_or_an_address_set_another_way_voids_the_token() {
    let office = Office::open().await;
    let admin = office.world.actor_of(Role::Admin).await;
    let id = office.world.actor("karim").await.user_id();
    office.ask("karim@mif.ma").await;
    let first = token(&office.deliver().await[0]);
    SetPassword { id, password: password(NEW) }.run(&office.world.core, &admin).await.unwrap();
    assert_eq!(office.reset(&first, PASSWORD).await, Err(ResetPasswordError::InvalidToken));
    office.world.wait(120);
    office.ask("karim@mif.ma").await;
    let second = token(&office.deliver().await[1]);
    let changes = UserChanges { email: Change::Set(email("neuf@mif.ma")), ..UserChanges::default() };
    UpdateUser { id, expected_version: ExpectedVersion::Any, changes }.run(&office.world.core, &admin).await.unwrap();
    assert_eq!(office.reset(&second, PASSWORD).await, Err(ResetPasswordError::InvalidToken));
    let told = office.deliver().await.pop().unwrap();
    assert_eq!(told.to.as_str(), "karim@mif.ma");
    let new_email_masked = "n***@mif.ma".to_owned();
    assert_eq!(told.content, LetterContent::EmailChanged { username: "karim".to_owned(), new_email_masked });
}

#[tokio::test]
async fn an_invited_user_chooses_the_first_password_within_a_week() {
    let office = Office::open().await;
    let admin = office.world.actor_of(Role::Admin).await;
    let invited = CreateUser {
        username: None,
        email: email("hind@mif.ma"),
        password: None,
        must_change_password: false,
        full_name: None,
        role: Role::Technician,
        customer_id: None,
        language: Language::French,
    };
    let hind = invited.run(&office.world.core, &admin).await.unwrap();
    assert!(hind.must_change_password);
    let first = token(&office.deliver().await[0]);
    SendInvitation { id: hind.id }.run(&office.world.core, &admin).await.unwrap();
    let second = token(&office.deliver().await[1]);
    assert_eq!(office.reset(&first, NEW).await, Err(ResetPasswordError::InvalidToken));
    office.world.wait(7 * 24 * 3600 - 1);
    office.reset(&second, NEW).await.unwrap();
    let actor = {
        let pair = attempt("hind", NEW).run(&office.world.core).await.unwrap();
        office.world.authenticate(&pair.access_token).await.unwrap()
    };
    assert!(!actor.must_change_password());
    let admin = office.world.actor("admin").await;
    let again = SendInvitation { id: hind.id }.run(&office.world.core, &admin).await;
    assert_eq!(again, Err(SendInvitationError::NotInvitable));
}

#[tokio::test]
async fn a_new_address_counts_once_it_is_confirmed_and_the_old_one_is_told() {
    let office = Office::open().await;
    let actor = office.world.actor("karim").await;
    let wanted = |address: &str| UpdateProfile {
        expected_version: ExpectedVersion::Any,
        full_name: Change::Keep,
        email: Change::Set(email(address)),
        language: Change::Keep,
        current_password: Some(password(PASSWORD)),
        new_password: None,
    };
    let account = wanted("neuf@mif.ma").run(&office.world.core, &actor).await.unwrap();
    assert_eq!((account.user.email, account.wanted_email), (email("karim@mif.ma"), Some(email("neuf@mif.ma"))));
    let letter = office.deliver().await.remove(0);
    assert_eq!(letter.to.as_str(), "neuf@mif.ma");
    let first = token(&letter);

    // Another wish, a moment later: its letter keeps its distance, and the first token is void.
    wanted("autre@mif.ma").run(&office.world.core, &actor).await.unwrap();
    assert_eq!(office.deliver().await.len(), 1);
    assert_eq!(office.confirm(&first).await, Err(ConfirmEmailError::InvalidToken));
    office.world.wait(60);
    let second = token(&office.deliver().await[1]);
    office.confirm(&second).await.unwrap();
    assert_eq!(office.confirm(&second).await, Err(ConfirmEmailError::InvalidToken));
    let account = WhoAmI.run(&office.world.core, &actor).await.unwrap();
    assert_eq!((account.user.email, account.wanted_email), (email("autre@mif.ma"), None));
    let told = office.deliver().await.remove(2);
    assert_eq!(told.to.as_str(), "karim@mif.ma");
    attempt("autre@mif.ma", PASSWORD).run(&office.world.core).await.unwrap();
}

#[tokio::test]
async fn an_address_that_somebody_took_meanwhile_stays_theirs() {
    let office = Office::open().await;
    let actor = office.world.actor("karim").await;
    let update = UpdateProfile {
        expected_version: ExpectedVersion::Any,
        full_name: Change::Keep,
        email: Change::Set(email("hind@mif.ma")),
        language: Change::Keep,
        current_password: Some(password(PASSWORD)),
        new_password: None,
    };
    update.run(&office.world.core, &actor).await.unwrap();
    let token = token(&office.deliver().await[0]);
    office.world.insert(a_user("hind").build()).await;
    assert_eq!(office.confirm(&token).await, Err(ConfirmEmailError::EmailTaken));
    assert_eq!(WhoAmI.run(&office.world.core, &actor).await.unwrap().user.email, email("karim@mif.ma"));
}
