//! Technicians, their skills, and how they follow their account.

use mif_application::Change;
use mif_application::access::{Action, ExpectedVersion, Refusal};
use mif_application::idempotency::Done;
use mif_application::technicians::{
    ArchiveTechnician, CreateSkill, CreateSkillError, CreateTechnician, CreateTechnicianError, GetTechnician,
    GetTechnicianLoad, GetTechnicianLoadError, SetSkills, SetSkillsError, TechnicianChanges, UpdateTechnician,
    UpdateTechnicianError,
};
use mif_application::users::{UpdateUser, UpdateUserError, UserChanges};
use mif_domain::audit::AuditKind;
use mif_domain::interventions::NewIntervention;
use mif_domain::queries::TimeSpan;
use mif_domain::technicians::{Availability, Level, SkillId, SkillSheet, TechnicianId, TechnicianSheet};
use mif_domain::text::Line;
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_domain::users::{Role, UserId};
use mif_testkit::{T0, a_stored_technician, a_user, an_equipment, an_intervention, later};

use crate::world::World;

const DENIED: Refusal = Refusal::Denied(Action::ManageTechnicians);

fn role(id: UserId, role: Role) -> UpdateUser {
    UpdateUser {
        id,
        expected_version: ExpectedVersion::Any,
        changes: UserChanges { role: Change::Set(role), ..UserChanges::default() },
    }
}

fn update(id: TechnicianId, changes: TechnicianChanges) -> UpdateTechnician {
    UpdateTechnician { id, expected_version: ExpectedVersion::Any, changes }
}

fn archived(archived: bool) -> TechnicianChanges {
    TechnicianChanges { archived: Change::Set(archived), ..TechnicianChanges::default() }
}

fn skills(id: TechnicianId, skills: &[(SkillId, Level)]) -> SetSkills {
    SetSkills { id, expected_version: ExpectedVersion::Any, skills: skills.to_vec() }
}

async fn technician_of(world: &World, user: UserId) -> Option<(TechnicianId, bool)> {
    let mut unit = world.store.begin().await.unwrap();
    let technician = unit.technicians().find_of_user_for_update(user).await.unwrap();
    technician.map(|technician| (technician.id, technician.archived_at.is_some()))
}

async fn give_work(world: &World, technician: TechnicianId) {
    let machine = world.insert_equipment(an_equipment("Presse").build()).await.id;
    let mut unit = world.store.begin().await.unwrap();
    let reference = unit.interventions().next_reference(2026).await.unwrap();
    let draft = an_intervention("Fuite", machine).build();
    let new = NewIntervention { technician_id: Some(technician), ..NewIntervention::reported(reference, draft) };
    unit.interventions().insert(new, T0).await.unwrap();
    unit.commit().await.unwrap();
}

async fn a_skill(world: &World, name: &str) -> SkillId {
    let mut unit = world.store.begin().await.unwrap();
    let sheet = SkillSheet { name: Line::parse(name).unwrap(), domain: Line::parse("presse").unwrap() };
    let skill = unit.skills().insert(sheet, T0).await.unwrap();
    unit.commit().await.unwrap();
    skill.id
}

#[tokio::test]
async fn giving_the_role_makes_a_technician_and_taking_it_archives_them() {
    let world = World::new();
    let admin = world.actor_of(Role::Admin).await;
    let user = world.insert(a_user("karim").role(Role::Manager).build()).await.id;
    role(user, Role::Technician).run(&world.core, &admin).await.unwrap();
    let (id, is_archived) = technician_of(&world, user).await.unwrap();
    assert!(!is_archived);
    role(user, Role::Customer).run(&world.core, &admin).await.unwrap();
    assert_eq!(technician_of(&world, user).await, Some((id, true)));
    role(user, Role::Technician).run(&world.core, &admin).await.unwrap();
    assert_eq!(technician_of(&world, user).await, Some((id, false)));
    let kinds: Vec<_> = world.store.audit_events().into_iter().map(|event| event.kind).collect();
    let expected = [
        AuditKind::RoleChanged,
        AuditKind::TechnicianCreated,
        AuditKind::RoleChanged,
        AuditKind::TechnicianArchived,
        AuditKind::RoleChanged,
        AuditKind::TechnicianUpdated,
    ];
    assert_eq!(kinds[kinds.len() - 6..], expected);
}

#[tokio::test]
async fn who_has_open_work_stays_a_technician() {
    let world = World::new();
    let admin = world.actor_of(Role::Admin).await;
    let technician = a_stored_technician(&world.store, "karim").await;
    give_work(&world, technician.id).await;
    let refused = role(technician.user_id, Role::Manager).run(&world.core, &admin).await.unwrap_err();
    assert_eq!(refused, UpdateUserError::OpenWork);
    let archive = ArchiveTechnician { id: technician.id, expected_version: ExpectedVersion::Any };
    assert_eq!(archive.run(&world.core, &admin).await.unwrap_err(), UpdateTechnicianError::OpenWork);
    let refused = update(technician.id, archived(true)).run(&world.core, &admin).await.unwrap_err();
    assert_eq!(refused, UpdateTechnicianError::OpenWork);
    assert_eq!(technician_of(&world, technician.user_id).await, Some((technician.id, false)));
    assert_eq!((world.audited(AuditKind::RoleChanged), world.audited(AuditKind::TechnicianArchived)), (0, 0));
}

#[tokio::test]
async fn only_what_differs_is_written_and_audited() {
    let world = World::new();
    let manager = world.actor_of(Role::Manager).await;
    let technician = a_stored_technician(&world.store, "karim").await;
    let changes = TechnicianChanges {
        availability: Change::Set(Availability::OnLeave),
        zone: Change::Set(None),
        on_call: Change::Set(false),
        ..archived(false)
    };
    let view = update(technician.id, changes.clone()).run(&world.core, &manager).await.unwrap();
    assert_eq!((view.technician.version, view.technician.sheet.availability), (2, Availability::OnLeave));
    let same = update(technician.id, changes).run(&world.core, &manager).await.unwrap();
    assert_eq!(same.technician.version, 2);
    let event = world.store.audit_events().pop().unwrap();
    let fields = vec![("fields", "availability,zone".to_owned())];
    assert_eq!((event.kind, event.details), (AuditKind::TechnicianUpdated, fields));
    let stale =
        UpdateTechnician { expected_version: ExpectedVersion::Exactly(1), ..update(technician.id, archived(true)) };
    assert_eq!(stale.run(&world.core, &manager).await.unwrap_err(), UpdateTechnicianError::Refused(Refusal::Stale));
    let unknown = update(TechnicianId(404), archived(true)).run(&world.core, &manager).await.unwrap_err();
    assert_eq!(unknown, UpdateTechnicianError::Refused(Refusal::NotFound));
}

#[tokio::test]
async fn one_who_lost_the_role_cannot_be_taken_back() {
    let world = World::new();
    let admin = world.actor_of(Role::Admin).await;
    let technician = a_stored_technician(&world.store, "karim").await;
    ArchiveTechnician { id: technician.id, expected_version: ExpectedVersion::Exactly(1) }
        .run(&world.core, &admin)
        .await
        .unwrap();
    ArchiveTechnician { id: technician.id, expected_version: ExpectedVersion::Any }
        .run(&world.core, &admin)
        .await
        .unwrap();
    assert_eq!(world.audited(AuditKind::TechnicianArchived), 1);
    let view = update(technician.id, archived(false)).run(&world.core, &admin).await.unwrap();
    assert_eq!((view.technician.archived_at, view.technician.version), (None, 3));
    role(technician.user_id, Role::Manager).run(&world.core, &admin).await.unwrap();
    let refused = update(technician.id, archived(false)).run(&world.core, &admin).await.unwrap_err();
    assert_eq!(refused, UpdateTechnicianError::NotATechnician);
}

#[tokio::test]
async fn only_accounts_of_the_role_get_a_technician_and_only_one() {
    let world = World::new();
    let manager = world.actor_of(Role::Manager).await;
    let user = world.insert(a_user("karim").build()).await.id;
    let create = |user_id| CreateTechnician { user_id, sheet: TechnicianSheet::default() };
    let Done::Now(made) = create(user).run(&world.core, &manager, None).await.unwrap() else {
        panic!("the first time")
    };
    assert_eq!((made.user.id, made.technician.version), (user, 1));
    let again = create(user).run(&world.core, &manager, None).await.unwrap_err();
    assert_eq!(again, CreateTechnicianError::Exists);
    for user in [manager.user_id(), UserId(404)] {
        let refused = create(user).run(&world.core, &manager, None).await.unwrap_err();
        assert_eq!(refused, CreateTechnicianError::NotATechnician);
    }
    assert_eq!(world.audited(AuditKind::TechnicianCreated), 1);
}

#[tokio::test]
async fn skills_are_replaced_all_or_none() {
    let world = World::new();
    let manager = world.actor_of(Role::Manager).await;
    let technician = a_stored_technician(&world.store, "karim").await.id;
    let (one, two) = (a_skill(&world, "Hydraulique").await, a_skill(&world, "Froid").await);
    let taken = SkillSheet { name: Line::parse("FROID").unwrap(), domain: Line::parse("x").unwrap() };
    let refused = CreateSkill { sheet: taken }.run(&world.core, &manager, None).await.unwrap_err();
    assert_eq!(refused, CreateSkillError::NameTaken);
    let held = [(one, Level::Expert), (two, Level::Beginner)];
    let view = skills(technician, &held).run(&world.core, &manager).await.unwrap();
    assert_eq!((view.skills.len(), view.technician.version), (2, 2));
    let many: Vec<_> = (0..51).map(|id| (SkillId(id), Level::Expert)).collect();
    for (wanted, error) in [
        (vec![(one, Level::Expert), (one, Level::Beginner)], SetSkillsError::Duplicate(1)),
        (vec![(one, Level::Expert), (SkillId(404), Level::Expert)], SetSkillsError::UnknownSkill),
        (many, SetSkillsError::TooMany),
    ] {
        assert_eq!(skills(technician, &wanted).run(&world.core, &manager).await.unwrap_err(), error);
    }
    let stale = SetSkills { expected_version: ExpectedVersion::Exactly(1), ..skills(technician, &[]) };
    assert_eq!(stale.run(&world.core, &manager).await.unwrap_err(), SetSkillsError::Refused(Refusal::Stale));
    let view = GetTechnician { id: technician }.run(&world.core, &manager).await.unwrap();
    assert_eq!(view.skills.len(), 2);
}

#[tokio::test]
async fn staff_reads_and_customers_see_nothing() {
    let world = World::new();
    let id = a_stored_technician(&world.store, "karim").await.id;
    let technician = world.actor("karim").await;
    let customer = world.actor_of(Role::Customer).await;
    let hidden = Refusal::Denied(Action::ViewTechnicians);
    GetTechnician { id }.run(&world.core, &technician).await.unwrap();
    let refused = GetTechnician { id }.run(&world.core, &customer).await.unwrap_err();
    assert_eq!(refused, hidden);
    let refused = skills(id, &[]).run(&world.core, &technician).await.unwrap_err();
    assert_eq!(refused, SetSkillsError::Refused(DENIED));
    for (actor, id, error) in [
        (&technician, id, UpdateTechnicianError::Refused(DENIED)),
        (&technician, TechnicianId(404), UpdateTechnicianError::Refused(Refusal::NotFound)),
        (&customer, id, UpdateTechnicianError::Refused(hidden.clone())),
        (&customer, TechnicianId(404), UpdateTechnicianError::Refused(hidden)),
    ] {
        let refused = update(id, TechnicianChanges::default()).run(&world.core, actor).await.unwrap_err();
        assert_eq!(refused, error);
    }
}

#[tokio::test]
async fn the_load_is_that_of_the_next_week_when_nobody_says() {
    let world = World::new();
    let manager = world.actor_of(Role::Manager).await;
    let id = a_stored_technician(&world.store, "karim").await.id;
    give_work(&world, id).await;
    let load = |id, period| GetTechnicianLoad { id, period };
    let week = load(id, TimeSpan::default()).run(&world.core, &manager).await.unwrap();
    assert_eq!((week.from, week.until), (T0, later(7 * 86_400)));
    assert_eq!((week.load.planned, week.load.unplanned), (0, 1));
    let backwards = TimeSpan { from: Some(later(60)), until: Some(T0) };
    for (id, period, error) in [
        (id, backwards, GetTechnicianLoadError::EmptyPeriod),
        (TechnicianId(404), TimeSpan::default(), GetTechnicianLoadError::Refused(Refusal::NotFound)),
    ] {
        assert_eq!(load(id, period).run(&world.core, &manager).await.unwrap_err(), error);
    }
}
