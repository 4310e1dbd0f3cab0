//! Accounts, as administrators manage them.

use mif_application::Change;
use mif_application::access::{Action, ExpectedVersion, Refusal};
use mif_application::auth::AuthenticateError;
use mif_application::users::{
    ActivateUser, CreateUser, CreateUserError, DeactivateUser, GetUser, ListUsers, UpdateUser, UpdateUserError,
    UserChanges,
};
use mif_domain::audit::AuditKind;
use mif_domain::customers::CustomerId;
use mif_domain::paging::{Direction, PageRequest, Position};
use mif_domain::queries::{UserFilter, UserSort};
use mif_domain::users::{EmailAddress, HasherBusy, Language, PasswordRule, Role, UserId, Username};
use mif_testkit::{a_user, password};

use crate::world::World;

const DENIED: Refusal = Refusal::Denied(Action::ManageUsers);
const OTHERS: [Role; 3] = [Role::Manager, Role::Technician, Role::Customer];

fn creation(email: &str) -> CreateUser {
    CreateUser {
        username: None,
        email: EmailAddress::parse(email).unwrap(),
        password: Some(password("Presse-Moule-93?")),
        must_change_password: false,
        full_name: None,
        role: Role::Technician,
        customer_id: None,
        language: Language::French,
    }
}

fn update(id: UserId, changes: UserChanges) -> UpdateUser {
    UpdateUser { id, expected_version: ExpectedVersion::Any, changes }
}

fn role(role: Role) -> UserChanges {
    UserChanges { role: Change::Set(role), ..UserChanges::default() }
}

#[tokio::test]
async fn a_username_is_suggested_and_numbered_when_taken() {
    let world = World::new();
    let admin = world.actor_of(Role::Admin).await;
    let mut names = Vec::new();
    for email in ["h.idrissi@mif.ma", "h.idrissi@exemple.ma", "H.Idrissi@autre.ma"] {
        names.push(creation(email).run(&world.core, &admin).await.unwrap().username.to_string());
    }
    assert_eq!(names, ["h.idrissi", "h.idrissi-2", "h.idrissi-3"]);
    assert_eq!(world.audited(AuditKind::TechnicianCreated), 3, "a technician is made with the account");
    let event = world.store.audit_events().into_iter().rfind(|event| event.kind == AuditKind::UserCreated).unwrap();
    assert_eq!(event.origin.actor, Some(admin.user_id()));
    assert_eq!(event.details, [("role", "technician".to_owned())]);
}

#[tokio::test]
async fn an_account_that_cannot_be_made_says_why() {
    let world = World::new();
    let admin = world.actor_of(Role::Admin).await;
    let taken = Username::parse("admin").unwrap();
    let cases = [
        (CreateUser { username: Some(taken), ..creation("x@mif.ma") }, CreateUserError::UsernameTaken),
        (creation("ADMIN@mif.ma"), CreateUserError::EmailTaken),
        (CreateUser { customer_id: Some(CustomerId(404)), ..creation("y@mif.ma") }, CreateUserError::UnknownCustomer),
        (
            CreateUser { password: Some(password("Court-7a")), ..creation("z@mif.ma") },
            CreateUserError::Weak(vec![PasswordRule::TooShort { min: 10 }]),
        ),
        (
            CreateUser { password: Some(password("Xx-karim-77!")), ..creation("karim@mif.ma") },
            CreateUserError::Weak(vec![PasswordRule::ContainsIdentity]),
        ),
    ];
    for (creation, error) in cases {
        assert_eq!(creation.run(&world.core, &admin).await.unwrap_err(), error);
    }
    assert_eq!(world.audited(AuditKind::UserCreated), 0);
    world.hasher.set_busy(true);
    let busy = creation("w@mif.ma").run(&world.core, &admin).await.unwrap_err();
    assert_eq!(busy, CreateUserError::Busy(HasherBusy));
}

#[tokio::test]
async fn others_cannot_manage_accounts_and_see_only_their_own() {
    let world = World::new();
    let admin = world.actor_of(Role::Admin).await;
    let page = || PageRequest {
        sort: UserSort::Id,
        direction: Direction::Ascending,
        limit: 50,
        position: Position::First,
        with_total: false,
    };
    let list = || ListUsers { filter: UserFilter::default(), page: page() };
    assert_eq!(list().run(&world.core, &admin).await.unwrap().items.len(), 1);
    for other in OTHERS {
        let actor = world.actor_of(other).await;
        let refused = creation("x@mif.ma").run(&world.core, &actor).await.unwrap_err();
        assert_eq!(refused, CreateUserError::Refused(DENIED), "{other:?}");
        let refused = list().run(&world.core, &actor).await.unwrap_err();
        assert_eq!(refused, Refusal::Denied(Action::ViewUsers), "{other:?}");
        // What they may not see does not exist; what they may see but not change is denied.
        for (id, error) in [
            (admin.user_id(), UpdateUserError::Refused(Refusal::NotFound)),
            (UserId(404), UpdateUserError::Refused(Refusal::NotFound)),
            (actor.user_id(), UpdateUserError::Refused(DENIED)),
        ] {
            let refused = update(id, role(Role::Admin)).run(&world.core, &actor).await.unwrap_err();
            assert_eq!(refused, error, "{other:?}");
            let refused = DeactivateUser { id, expected_version: ExpectedVersion::Any }
                .run(&world.core, &actor)
                .await
                .unwrap_err();
            assert_eq!(refused, error, "{other:?}");
        }
        let hidden = GetUser { id: admin.user_id() }.run(&world.core, &actor).await.unwrap_err();
        assert_eq!(hidden, Refusal::NotFound);
        GetUser { id: actor.user_id() }.run(&world.core, &actor).await.unwrap();
        GetUser { id: actor.user_id() }.run(&world.core, &admin).await.unwrap();
    }
}

#[tokio::test]
async fn deactivating_ends_every_session_and_activating_brings_none_back() {
    let world = World::new();
    let admin = world.actor_of(Role::Admin).await;
    let user = world.insert(a_user("karim").build()).await;
    let pair = world.log_in("karim").await;
    world.authenticate(&pair.access_token).await.unwrap();
    let closed =
        DeactivateUser { id: user.id, expected_version: ExpectedVersion::Any }.run(&world.core, &admin).await.unwrap();
    assert_eq!((closed.is_active, closed.version), (false, 2));
    assert_eq!(world.authenticate(&pair.access_token).await.unwrap_err(), AuthenticateError::SessionEnded);
    assert!(world.refresh(pair.refresh_token.expose()).await.is_err());
    let opened = ActivateUser { id: user.id, expected_version: ExpectedVersion::Exactly(2) }
        .run(&world.core, &admin)
        .await
        .unwrap();
    assert!(opened.is_active);
    assert!(world.refresh(pair.refresh_token.expose()).await.is_err());
    let again =
        ActivateUser { id: user.id, expected_version: ExpectedVersion::Any }.run(&world.core, &admin).await.unwrap();
    assert_eq!(again.version, 3);
    assert_eq!((world.audited(AuditKind::UserDeactivated), world.audited(AuditKind::UserActivated)), (1, 1));
    assert_eq!(world.audited(AuditKind::TokenReuseDetected), 0);
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let world = World::new();
    let admin = world.actor_of(Role::Admin).await;
    let own = admin.user_id();
    let close = || DeactivateUser { id: own, expected_version: ExpectedVersion::Any };
    assert_eq!(close().run(&world.core, &admin).await.unwrap_err(), UpdateUserError::LastAdmin);
    for other in OTHERS {
        let refused = update(own, role(other)).run(&world.core, &admin).await.unwrap_err();
        assert_eq!(refused, UpdateUserError::LastAdmin);
    }
    // An administrator who is closed cannot take over.
    let second = world.insert(a_user("second").role(Role::Admin).build()).await;
    DeactivateUser { id: second.id, expected_version: ExpectedVersion::Any }.run(&world.core, &admin).await.unwrap();
    assert_eq!(close().run(&world.core, &admin).await.unwrap_err(), UpdateUserError::LastAdmin);
    ActivateUser { id: second.id, expected_version: ExpectedVersion::Any }.run(&world.core, &admin).await.unwrap();
    update(own, role(Role::Manager)).run(&world.core, &admin).await.unwrap();
    assert_eq!(world.audited(AuditKind::RoleChanged), 1);
}

#[tokio::test]
async fn two_administrators_cannot_demote_each_other_at_once() {
    let world = World::new();
    let first = world.actor_of(Role::Admin).await;
    world.insert(a_user("second").role(Role::Admin).build()).await;
    let second = world.actor("second").await;
    let (a, b) = tokio::join!(
        update(second.user_id(), role(Role::Manager)).run(&world.core, &first),
        update(first.user_id(), role(Role::Manager)).run(&world.core, &second),
    );
    assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|done| **done).count(), 1);
}

#[tokio::test]
async fn an_update_that_cannot_be_made_says_why() {
    let world = World::new();
    let admin = world.actor_of(Role::Admin).await;
    let user = world.insert(a_user("karim").build()).await;
    let none = UserChanges::default;
    let cases = [
        (
            UserChanges { username: Change::Set(Username::parse("admin").unwrap()), ..none() },
            UpdateUserError::UsernameTaken,
        ),
        (
            UserChanges { email: Change::Set(EmailAddress::parse("ADMIN@mif.ma").unwrap()), ..none() },
            UpdateUserError::EmailTaken,
        ),
        (UserChanges { customer_id: Change::Set(Some(CustomerId(404))), ..none() }, UpdateUserError::UnknownCustomer),
    ];
    for (changes, error) in cases {
        assert_eq!(update(user.id, changes).run(&world.core, &admin).await.unwrap_err(), error);
    }
    let stale = UpdateUser { expected_version: ExpectedVersion::Exactly(7), ..update(user.id, role(Role::Manager)) };
    assert_eq!(stale.run(&world.core, &admin).await.unwrap_err(), UpdateUserError::Refused(Refusal::Stale));
    let unknown = update(UserId(404), none()).run(&world.core, &admin).await.unwrap_err();
    assert_eq!(unknown, UpdateUserError::Refused(Refusal::NotFound));
}

#[tokio::test]
async fn an_update_is_audited_by_field_and_an_empty_one_not_at_all() {
    let world = World::new();
    let admin = world.actor_of(Role::Admin).await;
    let user = world.insert(a_user("karim").build()).await;
    let before = world.store.audit_events().len();
    let same = UserChanges { language: Change::Set(Language::French), ..role(Role::Technician) };
    assert_eq!(update(user.id, same).run(&world.core, &admin).await.unwrap().version, 1);
    assert_eq!(world.store.audit_events().len(), before);
    let changes =
        UserChanges { language: Change::Set(Language::English), full_name: Change::Set(None), ..role(Role::Manager) };
    assert_eq!(update(user.id, changes).run(&world.core, &admin).await.unwrap().version, 2);
    let new: Vec<_> = world.store.audit_events().split_off(before);
    assert_eq!(
        new.iter().map(|event| event.kind).collect::<Vec<_>>(),
        [AuditKind::RoleChanged, AuditKind::UserUpdated]
    );
    assert_eq!(new[0].details, [("from", "technician".to_owned()), ("to", "manager".to_owned())]);
    assert_eq!(new[1].details, [("fields", "full_name,language".to_owned())]);
}
