//! The second factor.

use mif_application::access::{Actor, Refusal};
use mif_application::auth::{
    AuthenticateError, ChallengeToken, ChangePassword, ChangePasswordError, ConfirmMfa, ConfirmMfaError, EnrolMfa,
    EnrolMfaError, LogInError, MfaRules, ReplaceRecoveryCodes, ReplaceRecoveryCodesError, ResealSecrets, Resealed,
    TokenPair, TurnOffMfa, TurnOffMfaError, VerifySecondFactor, VerifySecondFactorError,
};
use mif_application::housekeeping::Purge;
use mif_application::users::{ResetMfa, ResetMfaError, SetPassword};
use mif_domain::audit::AuditKind;
use mif_domain::queries::DocumentQueries as _;
use mif_domain::sessions::ClientInfo;
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_domain::users::{Role, UserId};
use mif_testkit::{NoQueries, PASSWORD, a_user, authenticator_code, password};

use crate::world::{World, attempt, request};

/// Karim has a second factor, and this is his app.
struct Karim {
    world: World,
    actor: Actor,
    secret: String,
    codes: Vec<String>,
}

impl Karim {
    async fn new() -> Self {
        let world = World::new();
        world.insert(a_user("karim").build()).await;
        let actor = world.actor("karim").await;
        let secret = enrol(&world, &actor).await;
        let code = authenticator_code(&secret, world.core.clock.now());
        let codes = ConfirmMfa { code }.run(&world.core, &actor).await.unwrap().0;
        // The code of this step is used.
        world.wait(30);
        Self { world, actor, secret, codes }
    }

    fn id(&self) -> UserId {
        self.actor.user_id()
    }

    /// What the app shows so many seconds from now.
    fn code_in(&self, seconds: i64) -> String {
        authenticator_code(&self.secret, self.world.core.clock.now() + chrono::TimeDelta::seconds(seconds))
    }

    fn code(&self) -> String {
        self.code_in(0)
    }

    /// Never what the app shows.
    fn wrong(&self) -> String {
        let around = [-30, 0, 30].map(|seconds| self.code_in(seconds));
        let wrong =
            ["000000", "111111", "222222", "333333"].into_iter().find(|code| !around.contains(&(*code).to_owned()));
        wrong.unwrap().to_owned()
    }

    async fn challenge(&self) -> ChallengeToken {
        match attempt("karim", PASSWORD).run(&self.world.core).await.unwrap_err() {
            LogInError::SecondFactorNeeded(token) => token,
            other => panic!("{other}"),
        }
    }

    async fn verify(&self, challenge: &ChallengeToken, code: &str) -> Result<TokenPair, VerifySecondFactorError> {
        let (challenge, code) = (challenge.expose().to_owned(), code.to_owned());
        let client = ClientInfo::default();
        VerifySecondFactor { challenge, code, client, request: request() }.run(&self.world.core).await
    }

    /// With the password and this code.
    async fn sign_in(&self, code: &str) -> Result<TokenPair, VerifySecondFactorError> {
        let challenge = self.challenge().await;
        self.verify(&challenge, code).await
    }

    async fn turn_off(&self, password_typed: &str, code: &str) -> Result<(), TurnOffMfaError> {
        let turn_off = TurnOffMfa { current: password(password_typed), code: code.to_owned() };
        turn_off.run(&self.world.core, &self.actor).await
    }
}

async fn enrol(world: &World, actor: &Actor) -> String {
    let enrolling = EnrolMfa { current: password(PASSWORD) }.run(&world.core, actor).await.unwrap();
    let uri = format!("otpauth://totp/MIF:karim?secret={}&issuer=MIF", *enrolling.secret);
    assert_eq!(*enrolling.uri, uri);
    enrolling.secret.to_string()
}

#[tokio::test]
async fn until_a_code_is_shown_a_password_is_enough() {
    let world = World::new();
    world.insert(a_user("karim").build()).await;
    let actor = world.actor("karim").await;
    let wrong = EnrolMfa { current: password("mauvais") }.run(&world.core, &actor).await.unwrap_err();
    assert_eq!(wrong, EnrolMfaError::Password(ChangePasswordError::WrongPassword));
    let early = ConfirmMfa { code: "000000".to_owned() }.run(&world.core, &actor).await.unwrap_err();
    assert_eq!(early, ConfirmMfaError::NotEnrolled);
    let first = enrol(&world, &actor).await;
    let second = enrol(&world, &actor).await;
    assert_ne!(first, second);
    world.log_in("karim").await;
    let of_the_first = authenticator_code(&first, world.core.clock.now());
    let replaced = ConfirmMfa { code: of_the_first }.run(&world.core, &actor).await.unwrap_err();
    assert_eq!(replaced, ConfirmMfaError::WrongCode);
    let code = authenticator_code(&second, world.core.clock.now());
    let codes = ConfirmMfa { code: code.clone() }.run(&world.core, &actor).await.unwrap();
    assert_eq!(codes.0.len(), 10);
    assert!(codes.0.iter().all(|code| code.len() == 19), "{:?}", codes.0);
    let again = ConfirmMfa { code }.run(&world.core, &actor).await.unwrap_err();
    assert_eq!(again, ConfirmMfaError::AlreadyActive);
    let again = EnrolMfa { current: password(PASSWORD) }.run(&world.core, &actor).await.unwrap_err();
    assert_eq!(again, EnrolMfaError::AlreadyActive);
    assert!(matches!(attempt("karim", PASSWORD).run(&world.core).await, Err(LogInError::SecondFactorNeeded(_))));
}

#[tokio::test]
async fn a_right_password_opens_nothing_until_the_code_comes() {
    let karim = Karim::new().await;
    let (sessions, signed_in) = (karim.world.store.session_count(), karim.world.audited(AuditKind::LoginSuccess));
    let challenge = karim.challenge().await;
    assert_eq!(karim.world.store.session_count(), sessions);
    assert_eq!(karim.world.audited(AuditKind::LoginSuccess), signed_in);
    let pair = karim.verify(&challenge, &karim.code()).await.unwrap();
    let actor = karim.world.authenticate(&pair.access_token).await.unwrap();
    assert_eq!((actor.user_id(), actor.mfa_active()), (karim.id(), true));
    assert_eq!(karim.world.audited(AuditKind::LoginSuccess), signed_in + 1);
    // It was met.
    karim.world.wait(30);
    let again = karim.verify(&challenge, &karim.code()).await.unwrap_err();
    assert_eq!(again, VerifySecondFactorError::ChallengeEnded);
}

#[tokio::test]
async fn a_time_step_signs_in_once_and_one_step_of_difference_is_no_fault() {
    let karim = Karim::new().await;
    let code = karim.code();
    karim.sign_in(&code).await.unwrap();
    assert_eq!(karim.sign_in(&code).await.unwrap_err(), VerifySecondFactorError::WrongCode);
    karim.sign_in(&karim.code_in(30)).await.unwrap();
    // Steps before the last one used are used up with it.
    assert_eq!(karim.sign_in(&karim.code()).await.unwrap_err(), VerifySecondFactorError::WrongCode);
    karim.sign_in(&karim.codes[0]).await.unwrap();
    karim.world.wait(120);
    let challenge = karim.challenge().await;
    for far in [-60, 60] {
        let refused = karim.verify(&challenge, &karim.code_in(far)).await.unwrap_err();
        assert_eq!(refused, VerifySecondFactorError::WrongCode, "{far}");
    }
    karim.verify(&challenge, &karim.code_in(-30)).await.unwrap();
}

#[tokio::test]
async fn a_recovery_code_signs_in_once() {
    let karim = Karim::new().await;
    karim.sign_in(&karim.codes[0].to_lowercase().replace('-', " ")).await.unwrap();
    assert_eq!(karim.sign_in(&karim.codes[0]).await.unwrap_err(), VerifySecondFactorError::WrongCode);
    karim.sign_in(&karim.codes[9]).await.unwrap();
    let replace = |code: String| ReplaceRecoveryCodes { code };
    let wrong = replace(karim.wrong()).run(&karim.world.core, &karim.actor).await.unwrap_err();
    assert_eq!(wrong, ReplaceRecoveryCodesError::WrongCode);
    let fresh = replace(karim.code()).run(&karim.world.core, &karim.actor).await.unwrap().0;
    assert_eq!(karim.sign_in(&karim.codes[1]).await.unwrap_err(), VerifySecondFactorError::WrongCode);
    karim.sign_in(&fresh[1]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_challenge_takes_five_tries() {
    let karim = Karim::new().await;
    let challenge = karim.challenge().await;
    for _ in 0..5 {
        let wrong = karim.verify(&challenge, &karim.wrong()).await.unwrap_err();
        assert_eq!(wrong, VerifySecondFactorError::WrongCode);
    }
    let over = karim.verify(&challenge, &karim.code()).await.unwrap_err();
    assert_eq!(over, VerifySecondFactorError::ChallengeEnded);
}

#[tokio::test]
async fn a_challenge_takes_five_minutes_and_leaves_nothing() {
    let karim = Karim::new().await;
    let (late, early) = (karim.challenge().await, karim.challenge().await);
    karim.world.wait(299);
    karim.verify(&early, &karim.code()).await.unwrap();
    karim.world.wait(1);
    let over = karim.verify(&late, &karim.code_in(30)).await.unwrap_err();
    assert_eq!(over, VerifySecondFactorError::ChallengeEnded);
    let nonsense = VerifySecondFactor {
        challenge: "nonsense".to_owned(),
        code: karim.code(),
        client: ClientInfo::default(),
        request: request(),
    };
    assert_eq!(nonsense.run(&karim.world.core).await.unwrap_err(), VerifySecondFactorError::ChallengeEnded);
    Purge.run(&karim.world.core).await.unwrap();
    let mut unit = karim.world.store.begin().await.unwrap();
    assert_eq!(unit.mfa().purge(karim.world.core.clock.now()).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn neither_new_challenges_nor_the_password_give_more_guesses_at_the_code() {
    let karim = Karim::new().await;
    // One for each password, one for each code: with the fifth, the pair is locked.
    assert_eq!(karim.sign_in(&karim.wrong()).await.unwrap_err(), VerifySecondFactorError::WrongCode);
    let shown = ChangePassword { current: password(PASSWORD), new: password(PASSWORD) };
    let refused = shown.run(&karim.world.core, &karim.actor).await.unwrap_err();
    assert!(matches!(refused, ChangePasswordError::Weak(_)), "{refused}");
    assert_eq!(karim.sign_in(&karim.wrong()).await.unwrap_err(), VerifySecondFactorError::WrongCode);
    let last = karim.challenge().await;
    for code in [karim.code(), karim.wrong()] {
        let started = tokio::time::Instant::now();
        let locked = karim.verify(&last, &code).await.unwrap_err();
        assert_eq!((locked, started.elapsed().as_millis()), (VerifySecondFactorError::WrongCode, 400), "{code}");
    }
    assert_eq!(attempt("karim", PASSWORD).run(&karim.world.core).await.unwrap_err(), LogInError::Refused);
    assert_eq!(karim.world.audited(AuditKind::LoginLocked), 1);
    karim.world.wait(301);
    karim.sign_in(&karim.code()).await.unwrap();
}

#[tokio::test]
async fn a_new_password_voids_challenges_of_the_old_one() {
    let karim = Karim::new().await;
    let admin = karim.world.actor_of(Role::Admin).await;
    let challenge = karim.challenge().await;
    let set = SetPassword { id: karim.id(), password: password("Presse-Moule-93?") };
    set.run(&karim.world.core, &admin).await.unwrap();
    let over = karim.verify(&challenge, &karim.code()).await.unwrap_err();
    assert_eq!(over, VerifySecondFactorError::ChallengeEnded);
}

#[tokio::test]
async fn turning_it_off_takes_password_and_code() {
    let karim = Karim::new().await;
    let wrong = karim.turn_off("mauvais", &karim.code()).await.unwrap_err();
    assert_eq!(wrong, TurnOffMfaError::Password(ChangePasswordError::WrongPassword));
    assert_eq!(karim.turn_off(PASSWORD, &karim.wrong()).await.unwrap_err(), TurnOffMfaError::WrongCode);
    assert!(matches!(attempt("karim", PASSWORD).run(&karim.world.core).await, Err(LogInError::SecondFactorNeeded(_))));
    karim.turn_off(PASSWORD, &karim.code()).await.unwrap();
    assert_eq!(karim.turn_off(PASSWORD, &karim.code_in(30)).await.unwrap_err(), TurnOffMfaError::NotActive);
    karim.world.log_in("karim").await;
    let changes = karim.world.store.audit_events().into_iter().filter(|event| event.kind == AuditKind::MfaChanged);
    let changes: Vec<_> = changes.map(|event| event.details[0].1.clone()).collect();
    assert_eq!(changes, ["begun", "activated", "turned_off"]);
}

#[tokio::test]
async fn a_role_that_needs_it_cannot_turn_it_off_and_must_set_it_up() {
    let mut karim = Karim::new().await;
    karim.world.core.mfa_rules = MfaRules { required_roles: vec![Role::Technician] };
    assert_eq!(karim.turn_off(PASSWORD, &karim.code()).await.unwrap_err(), TurnOffMfaError::Required);
    let said = karim.world.insert(a_user("said").build()).await;
    let said = karim.world.actor(said.username.as_str()).await;
    let admin = karim.world.actor_of(Role::Admin).await;
    let pair = karim.sign_in(&karim.code()).await.unwrap();
    let enrolled = karim.world.authenticate(&pair.access_token).await.unwrap();
    let rules = &karim.world.core.mfa_rules;
    assert_eq!([&said, &admin, &enrolled].map(|actor| rules.must_enrol(actor)), [true, false, false]);
}

#[tokio::test]
async fn an_administrator_resets_it_and_ends_the_sessions() {
    let karim = Karim::new().await;
    let pair = karim.sign_in(&karim.code()).await.unwrap();
    let challenge = karim.challenge().await;
    let admin = karim.world.actor_of(Role::Admin).await;
    let reset = ResetMfa { id: karim.id() };
    assert!(matches!(
        reset.run(&karim.world.core, &karim.actor).await,
        Err(ResetMfaError::Refused(Refusal::Denied(_)))
    ));
    reset.run(&karim.world.core, &admin).await.unwrap();
    assert_eq!(reset.run(&karim.world.core, &admin).await.unwrap_err(), ResetMfaError::NotActive);
    let absent = ResetMfa { id: UserId(999) };
    assert_eq!(absent.run(&karim.world.core, &admin).await.unwrap_err(), ResetMfaError::Refused(Refusal::NotFound));
    let ended = karim.world.authenticate(&pair.access_token).await.unwrap_err();
    assert_eq!(ended, AuthenticateError::SessionEnded);
    let void = karim.verify(&challenge, &karim.codes[0]).await.unwrap_err();
    assert_eq!(void, VerifySecondFactorError::ChallengeEnded);
    karim.world.log_in("karim").await;
}

#[tokio::test]
async fn after_a_rotation_no_second_factor_needs_the_old_key() {
    let karim = Karim::new().await;
    let said = karim.world.insert(a_user("said").build()).await;
    let said = karim.world.actor(said.username.as_str()).await;
    EnrolMfa { current: password(PASSWORD) }.run(&karim.world.core, &said).await.unwrap();
    let (files, core) = (karim.world.files.clone(), &karim.world.core);
    files.add_key("second");
    let reseal = async || ResealSecrets.run(core, &*files, &mut |_, error| panic!("{error}")).await.unwrap();
    assert_eq!(reseal().await, Resealed { done: 2, failed: 0 });
    assert_eq!(reseal().await, Resealed::default());
    let uses = NoQueries(karim.world.store.clone()).key_uses().await.unwrap();
    assert_eq!(uses.iter().map(|used| (used.key_id.as_str(), used.secrets)).collect::<Vec<_>>(), [("second", 2)]);
    files.remove_key("first");
    karim.sign_in(&karim.code()).await.unwrap();

    // A lost key is told about, and keeps nobody else back.
    files.add_key("third");
    files.remove_key("second");
    let mut lost = Vec::new();
    let outcome = ResealSecrets.run(core, &*files, &mut |user, _| lost.push(user)).await.unwrap();
    assert_eq!((outcome, lost), (Resealed { done: 0, failed: 2 }, vec![karim.id(), said.user_id()]));
}
