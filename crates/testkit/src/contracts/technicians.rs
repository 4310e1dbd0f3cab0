//! Technicians and skills.

use mif_domain::interventions::Status;
use mif_domain::queries::TechnicianLoad;
use mif_domain::sessions::TokenHash;
use mif_domain::technicians::{
    Availability, HeldSkill, Level, SkillId, SkillSheet, Technician, TechnicianId, TechnicianSheet,
};
use mif_domain::text::Line;
use mif_domain::users::UserId;
use mif_domain::{Constraint, RepositoryError};

use super::{Backend, at_once};
use crate::{T0, a_session, a_slot, a_technician, a_user, an_equipment, an_intervention, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! technician_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => technicians:
            a_technician_reads_back_as_they_were_stored,
            a_user_has_one_sheet,
            a_sheet_needs_a_known_user,
            an_update_writes_every_field_and_a_stale_one_is_refused,
            an_archived_technician_is_still_found,
            a_session_knows_the_sheet_of_its_user,
            skills_are_replaced_together,
            an_unknown_skill_is_refused,
            a_skill_has_one_name_whatever_its_case,
            of_parallel_skills_of_one_name_one_is_stored,
            only_open_work_counts,
            the_load_of_a_period_is_added_up,
        );
    };
}

/// Every field survives, and so does every empty one.
pub async fn a_technician_reads_back_as_they_were_stored(backend: &Backend) {
    let full = TechnicianSheet { on_call: true, ..a_technician().availability(Availability::OnLeave).build() };
    for (username, sheet) in [("karim", full), ("hassan", TechnicianSheet::default())] {
        let user = backend.insert_user(a_user(username).build()).await;
        let mut unit = backend.begin().await;
        let stored = unit.technicians().insert(user.id, sheet.clone(), later(3)).await.unwrap();
        unit.commit().await.unwrap();
        let (created_at, updated_at) = (later(3), later(3));
        let expected = Technician {
            id: stored.id,
            user_id: user.id,
            sheet,
            archived_at: None,
            created_at,
            updated_at,
            version: 1,
        };
        assert_eq!(stored, expected);
        let view = backend.queries.find_technician(stored.id).await.unwrap().unwrap();
        assert_eq!((view.technician, view.user, view.skills), (stored.clone(), user.clone().into(), vec![]));
        let mut unit = backend.begin().await;
        assert_eq!(unit.technicians().find_for_update(stored.id).await, Ok(Some(stored.clone())));
        assert_eq!(unit.technicians().find_of_user_for_update(user.id).await, Ok(Some(stored)));
    }
    assert_eq!(backend.queries.find_technician(TechnicianId(404)).await, Ok(None));
    let mut unit = backend.begin().await;
    assert_eq!(unit.technicians().find_for_update(TechnicianId(404)).await, Ok(None));
    assert_eq!(unit.technicians().find_of_user_for_update(UserId(404)).await, Ok(None));
}

/// Archived or not.
pub async fn a_user_has_one_sheet(backend: &Backend) {
    let technician = backend.insert_technician("karim", a_technician().build()).await;
    let mut unit = backend.begin().await;
    let archived = Technician { archived_at: Some(later(1)), ..technician.clone() };
    unit.technicians().update(&archived, later(1)).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = backend.begin().await;
    let refused = unit.technicians().insert(technician.user_id, a_technician().build(), T0).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::TechnicianExists)));
    unit.commit().await.unwrap_err();
}

/// The reference is checked.
pub async fn a_sheet_needs_a_known_user(backend: &Backend) {
    let mut unit = backend.begin().await;
    let refused = unit.technicians().insert(UserId(404), a_technician().build(), T0).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::Other)));
}

/// Nobody overwrites what they have not seen.
pub async fn an_update_writes_every_field_and_a_stale_one_is_refused(backend: &Backend) {
    let before = backend.insert_technician("karim", TechnicianSheet::default()).await;
    let sheet = a_technician().availability(Availability::Training).level(Level::Expert).build();
    let changed = Technician { sheet, archived_at: Some(later(5)), ..before.clone() };
    let mut unit = backend.begin().await;
    let stored = unit.technicians().update(&changed, later(7)).await.unwrap();
    let back = Technician { archived_at: None, ..stored.clone() };
    assert_eq!(stored, Technician { version: 2, updated_at: later(7), ..changed });
    let back = unit.technicians().update(&back, later(8)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(back.archived_at, None);
    for stale in [before.clone(), Technician { id: TechnicianId(404), ..before }] {
        let mut unit = backend.begin().await;
        assert_eq!(unit.technicians().update(&stale, later(9)).await, Err(RepositoryError::Stale));
        unit.commit().await.unwrap_err();
    }
}

/// History points at them, and they may come back.
pub async fn an_archived_technician_is_still_found(backend: &Backend) {
    let technician = backend.insert_technician("karim", a_technician().build()).await;
    let mut unit = backend.begin().await;
    let archived = Technician { archived_at: Some(later(1)), ..technician.clone() };
    let archived = unit.technicians().update(&archived, later(1)).await.unwrap();
    unit.commit().await.unwrap();
    let view = backend.queries.find_technician(technician.id).await.unwrap().unwrap();
    assert_eq!(view.technician, archived);
    let mut unit = backend.begin().await;
    assert_eq!(unit.technicians().find_for_update(technician.id).await, Ok(Some(archived.clone())));
    assert_eq!(unit.technicians().find_of_user_for_update(technician.user_id).await, Ok(Some(archived)));
}

/// As long as they take work.
pub async fn a_session_knows_the_sheet_of_its_user(backend: &Backend) {
    let technician = backend.insert_technician("karim", a_technician().build()).await;
    let fatima = backend.insert_user(a_user("fatima").build()).await.id;
    let mut sessions = Vec::new();
    let mut unit = backend.begin().await;
    for (user, hash) in [(technician.user_id, 1), (fatima, 2)] {
        sessions.push(unit.sessions().insert(a_session(user, TokenHash([hash; 32]), T0)).await.unwrap());
    }
    unit.commit().await.unwrap();
    let sheets = async || {
        let mut sheets = Vec::new();
        for session in &sessions {
            let state = backend.states.find_session_state(*session, later(1)).await.unwrap().unwrap();
            sheets.push((state.user_id, state.technician_id));
        }
        sheets
    };
    assert_eq!(sheets().await, [(technician.user_id, Some(technician.id)), (fatima, None)]);
    let archived = Technician { archived_at: Some(later(1)), ..technician.clone() };
    let mut unit = backend.begin().await;
    unit.technicians().update(&archived, later(1)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(sheets().await, [(technician.user_id, None), (fatima, None)]);
}

/// What is not among the new ones is gone; they are read by name. Others keep theirs.
pub async fn skills_are_replaced_together(backend: &Backend) {
    let welding = backend.insert_skill("Soudure", "mecanique").await;
    let motors = backend.insert_skill("Moteurs", "electricite").await;
    let presses = backend.insert_skill("Presses", "mecanique").await;
    let karim = backend.insert_technician("karim", a_technician().build()).await.id;
    let hassan = backend.insert_technician("hassan", a_technician().build()).await.id;
    let give = async |technician, skills: &[(SkillId, Level)]| {
        let mut unit = backend.begin().await;
        unit.technicians().set_skills(technician, skills).await.unwrap();
        unit.commit().await.unwrap();
    };
    let skills = async |technician| backend.queries.find_technician(technician).await.unwrap().unwrap().skills;
    give(hassan, &[(welding.id, Level::Expert)]).await;
    give(karim, &[(welding.id, Level::Beginner), (motors.id, Level::Advanced)]).await;
    give(karim, &[(welding.id, Level::Intermediate), (presses.id, Level::Expert)]).await;
    let expected = [
        HeldSkill { skill: presses, level: Level::Expert },
        HeldSkill { skill: welding.clone(), level: Level::Intermediate },
    ];
    assert_eq!(skills(karim).await, expected);
    give(karim, &[]).await;
    assert_eq!(skills(karim).await, []);
    assert_eq!(skills(hassan).await, [HeldSkill { skill: welding, level: Level::Expert }]);
}

/// And the old ones stay.
pub async fn an_unknown_skill_is_refused(backend: &Backend) {
    let welding = backend.insert_skill("Soudure", "mecanique").await;
    let karim = backend.insert_technician("karim", a_technician().build()).await.id;
    let mut unit = backend.begin().await;
    unit.technicians().set_skills(karim, &[(welding.id, Level::Expert)]).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = backend.begin().await;
    let wanted = [(welding.id, Level::Beginner), (SkillId(404), Level::Beginner)];
    let refused = unit.technicians().set_skills(karim, &wanted).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::UnknownSkill)));
    unit.commit().await.unwrap_err();
    let view = backend.queries.find_technician(karim).await.unwrap().unwrap();
    assert_eq!(view.skills, [HeldSkill { skill: welding, level: Level::Expert }]);
}

fn skill(name: &str) -> SkillSheet {
    SkillSheet { name: Line::parse(name).unwrap(), domain: Line::parse("mecanique").unwrap() }
}

/// Accents tell names apart, case and the way an accent is typed do not.
pub async fn a_skill_has_one_name_whatever_its_case(backend: &Backend) {
    backend.insert_skill("Électricité", "mecanique").await;
    for taken in ["Électricité", "ÉLECTRICITÉ", "E\u{301}lectricité"] {
        let mut unit = backend.begin().await;
        let refused = unit.skills().insert(skill(taken), T0).await;
        assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::SkillNameTaken)), "{taken}");
        unit.commit().await.unwrap_err();
    }
    let mut unit = backend.begin().await;
    let other = unit.skills().insert(skill("Electricite"), T0).await.unwrap();
    assert_eq!(other.sheet, skill("Electricite"));
}

/// The database decides, not a look beforehand.
pub async fn of_parallel_skills_of_one_name_one_is_stored(backend: &Backend) {
    let results = at_once(8, |_| {
        let backend = backend.clone();
        async move {
            let mut unit = backend.begin().await;
            let result = unit.skills().insert(skill("Soudure"), T0).await.map(|_| ());
            if result.is_ok() {
                unit.commit().await.unwrap();
            }
            result
        }
    });
    let results = results.await;
    let taken = Err(RepositoryError::Conflict(Constraint::SkillNameTaken));
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(results.iter().filter(|result| **result == taken).count(), 7, "{results:?}");
}

/// What is finished, given up or put away keeps nobody from leaving; neither does the work of others.
pub async fn only_open_work_counts(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await.id;
    let karim = backend.insert_technician("karim", a_technician().build()).await.id;
    let hassan = backend.insert_technician("hassan", a_technician().build()).await.id;
    let mut expected = 0;
    for status in Status::ALL.iter().copied() {
        let work = backend.insert_intervention(an_intervention("Fuite", machine).build(), Some(karim), T0).await;
        backend.bring_into(work, status, Some(karim)).await;
        expected += u64::from(status.is_open_work());
        let mut unit = backend.begin().await;
        assert_eq!(unit.technicians().count_open_work(karim).await, Ok(expected), "{status:?}");
        assert_eq!(unit.technicians().count_open_work(hassan).await, Ok(0));
    }
}

/// The beginning decides to which period work belongs; an estimate counts more than the length of the slot.
pub async fn the_load_of_a_period_is_added_up(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await.id;
    let karim = backend.insert_technician("karim", a_technician().build()).await.id;
    let hassan = backend.insert_technician("hassan", a_technician().build()).await.id;
    let hour = 3600;
    let fuite = || an_intervention("Fuite", machine);
    let drafts = [
        fuite().slot(a_slot(0, hour)),
        fuite().slot(a_slot(2 * hour, 4 * hour)).estimated(45).due_at(later(hour)),
        fuite().slot(a_slot(-hour, hour)),
        fuite().slot(a_slot(10 * hour, 11 * hour)).estimated(30),
        fuite().due_at(later(5 * hour)),
        fuite().due_at(later(5 * hour - 1)).estimated(600),
    ];
    for draft in drafts {
        backend.insert_intervention(draft.build(), Some(karim), T0).await;
    }
    let closed = backend.insert_intervention(fuite().slot(a_slot(0, hour)).build(), Some(karim), T0).await;
    backend.bring_into(closed, Status::Closed, Some(karim)).await;
    backend.insert_intervention(fuite().slot(a_slot(0, hour)).build(), Some(hassan), T0).await;

    let load = async |technician, from, until| {
        backend.queries.technician_load(technician, later(from), later(until), later(5 * hour)).await.unwrap()
    };
    let day = TechnicianLoad { planned: 2, planned_minutes: 60 + 45, unplanned: 2, late: 2 };
    assert_eq!(load(karim, 0, 10 * hour).await, day);
    assert_eq!(load(karim, 0, 10 * hour + 1).await, TechnicianLoad { planned: 3, planned_minutes: 135, ..day });
    let nothing = TechnicianLoad { planned: 0, planned_minutes: 0, unplanned: 0, late: 0 };
    assert_eq!(load(hassan, 2 * hour, 3 * hour).await, nothing);
    backend.insert_intervention(fuite().slot(a_slot(2 * hour, 3 * hour - 1)).build(), Some(hassan), T0).await;
    assert_eq!(load(hassan, 2 * hour, 3 * hour).await, TechnicianLoad { planned: 1, planned_minutes: 59, ..nothing });
    assert_eq!(load(TechnicianId(404), 0, hour).await, nothing);
}
