//! Lists of technicians and skills.

use mif_domain::paging::Direction;
use mif_domain::queries::{SkillFilter, SkillSort, TechnicianFilter, TechnicianSort, TechnicianView};
use mif_domain::technicians::{Availability, Level, Skill, SkillId, Technician};
use mif_domain::text::Line;

use super::super::Backend;
use super::{first_page, number_key, walk, walk_every_order};
use crate::{a_technician, a_user, later};

/// A crew with and without teams and zones, of which the last has left, and the skill that the second and third have.
async fn crew(backend: &Backend) -> (Vec<TechnicianView>, SkillId) {
    let sheets = [
        ("youssef", a_technician().availability(Availability::OnLeave)),
        ("karim", a_technician().team(None).level(Level::Expert)),
        ("hassan_1", a_technician().team(Some("Électricité")).zone(Some("Kénitra"))),
        ("amina", a_technician().team(Some("mécanique")).zone(None)),
        ("driss", a_technician().team(None).zone(None).availability(Availability::Busy)),
        ("brahim", a_technician().zone(Some("Agadir"))),
        ("zaki", a_technician().zone(Some("Agadir")).level(Level::Expert)),
    ];
    let welding = backend.insert_skill("Soudure", "mecanique").await.id;
    let motors = backend.insert_skill("Moteurs", "electricite").await.id;
    let mut ids = Vec::new();
    for (n, (username, sheet)) in sheets.into_iter().enumerate() {
        let technician = backend.insert_technician(username, sheet.build()).await;
        ids.push(technician.id);
        let mut unit = backend.begin().await;
        if n == 1 || n == 2 {
            let skills = [(welding, Level::Expert), (motors, Level::Beginner)];
            unit.technicians().set_skills(technician.id, &skills).await.unwrap();
        }
        if n == 6 {
            let gone = Technician { archived_at: Some(later(1)), ..technician };
            unit.technicians().update(&gone, later(1)).await.unwrap();
        }
        unit.commit().await.unwrap();
    }
    let mut crew = Vec::new();
    for id in ids {
        crew.push(backend.queries.find_technician(id).await.unwrap().unwrap());
    }
    (crew, welding)
}

fn key(view: &TechnicianView, sort: TechnicianSort) -> Option<String> {
    let sheet = &view.technician.sheet;
    match sort {
        TechnicianSort::Id => Some(number_key(view.technician.id.0)),
        TechnicianSort::Username => Some(view.user.username.to_string()),
        TechnicianSort::Team => sheet.team.as_ref().map(Line::to_string),
        TechnicianSort::Zone => sheet.zone.as_ref().map(Line::to_string),
        TechnicianSort::Availability => Some(sheet.availability.as_str().to_owned()),
    }
}

async fn found(backend: &Backend, filter: &TechnicianFilter) -> Vec<String> {
    let page = first_page(TechnicianSort::Id, Direction::Ascending, 2);
    let rows = walk(page, |page| async move { backend.queries.list_technicians(filter, &page).await }).await;
    rows.into_iter().map(|row| row.user.username.to_string()).collect()
}

/// Every sort field, both directions, pages of several lengths, with accounts and skills.
pub async fn every_order_of_technicians_is_walked_from_end_to_end(backend: &Backend) {
    let (crew, _) = crew(backend).await;
    let everybody = &TechnicianFilter { with_archived: true, ..TechnicianFilter::default() };
    let fetch = |page| async move { backend.queries.list_technicians(everybody, &page).await };
    walk_every_order(TechnicianSort::ALL, &crew, |view| view.technician.id.0, key, fetch).await;
    assert!(crew.iter().any(|view| view.skills.len() == 2));
}

/// Each alone, and together.
pub async fn every_filter_narrows_a_list_of_technicians(backend: &Backend) {
    let (_, welding) = crew(backend).await;
    let none = TechnicianFilter::default;
    let text = |text: &str| TechnicianFilter { text: Some(text.to_owned()), ..none() };
    let word = |word: &str| Some(word.to_owned());
    for (filter, expected) in [
        (TechnicianFilter { team: word("Mécanique"), ..none() }, vec!["youssef", "brahim"]),
        (TechnicianFilter { zone: word("Agadir"), ..none() }, vec!["brahim"]),
        (TechnicianFilter { availability: Some(Availability::Busy), ..none() }, vec!["driss"]),
        (TechnicianFilter { level: Some(Level::Expert), ..none() }, vec!["karim"]),
        (TechnicianFilter { skill_id: Some(welding), ..none() }, vec!["karim", "hassan_1"]),
        (TechnicianFilter { skill_id: Some(SkillId(404)), ..none() }, vec![]),
        (text("YOUSSEF@"), vec!["youssef"]),
        (text("_"), vec!["hassan_1"]),
        (text("karim alaoui"), vec!["youssef", "karim", "hassan_1", "amina", "driss", "brahim"]),
        (TechnicianFilter { zone: word("Kénitra"), skill_id: Some(welding), ..text("hass") }, vec!["hassan_1"]),
        (TechnicianFilter { zone: word("Agadir"), with_archived: true, ..none() }, vec!["brahim", "zaki"]),
    ] {
        assert_eq!(found(backend, &filter).await, expected, "{filter:?}");
    }
}

/// And only then.
pub async fn archived_technicians_are_listed_when_asked_for(backend: &Backend) {
    crew(backend).await;
    let mut everybody = found(backend, &TechnicianFilter { with_archived: true, ..TechnicianFilter::default() }).await;
    assert_eq!(everybody.pop().as_deref(), Some("zaki"));
    assert_eq!(found(backend, &TechnicianFilter::default()).await, everybody);
    // Users without a sheet are not technicians.
    backend.insert_user(a_user("fatima").build()).await;
    assert_eq!(found(backend, &TechnicianFilter::default()).await, everybody);
}

async fn catalogue(backend: &Backend) -> Vec<Skill> {
    let mut skills = Vec::new();
    for (name, domain) in [
        ("Soudure", "mecanique"),
        ("Électricité", "electricite"),
        ("ajustage", "mecanique"),
        ("Moteurs", "electricite"),
        ("Zingage", "Mecanique"),
    ] {
        skills.push(backend.insert_skill(name, domain).await);
    }
    skills
}

/// Every sort field, both directions, pages of several lengths.
pub async fn every_order_of_skills_is_walked_from_end_to_end(backend: &Backend) {
    let skills = catalogue(backend).await;
    let key = |skill: &Skill, sort| match sort {
        SkillSort::Id => Some(number_key(skill.id.0)),
        SkillSort::Name => Some(skill.sheet.name.to_string()),
        SkillSort::Domain => Some(skill.sheet.domain.to_string()),
    };
    let everything = &SkillFilter::default();
    let fetch = |page| async move { backend.queries.list_skills(everything, &page).await };
    walk_every_order(SkillSort::ALL, &skills, |skill| skill.id.0, key, fetch).await;
}

/// To the letter.
pub async fn skills_are_narrowed_by_domain(backend: &Backend) {
    let skills = catalogue(backend).await;
    for (domain, expected) in [("mecanique", vec![0, 2]), ("electricite", vec![1, 3]), ("mecan", vec![])] {
        let filter = &SkillFilter { domain: Some(domain.to_owned()) };
        let page = first_page(SkillSort::Id, Direction::Ascending, 1);
        let rows = walk(page, |page| async move { backend.queries.list_skills(filter, &page).await }).await;
        let places: Vec<_> = rows.iter().map(|row| skills.iter().position(|skill| skill == row).unwrap()).collect();
        assert_eq!(places, expected, "{domain}");
    }
}
