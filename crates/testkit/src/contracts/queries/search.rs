//! Searching: the same answers on every database, whatever index is behind them, whatever people type.
//!
//! What must be found is decided here by the plainest means there is: a substring of the stored search text.

use std::future::Future;

use mif_domain::customers::CustomerSheet;
use mif_domain::interventions::Intervention;
use mif_domain::paging::{Direction, PageRequest};
use mif_domain::queries::{
    CustomerFilter, CustomerScope, CustomerSort, EquipmentFilter, EquipmentScope, EquipmentSort, InterventionFilter,
    InterventionScope, InterventionSort, UserFilter, UserScope, UserSort,
};
use mif_domain::text::{Line, searchable};
use mif_domain::users::User;

use super::super::Backend;
use super::{first_page, walk};
use crate::{T0, a_user, an_equipment, an_intervention, later};

/// Whatever means something to a search engine, and words that people spell in more than one way.
const NAMES: [&str; 13] = [
    r#"Vanne "papillon""#,
    "l'armoire ÉLECTRIQUE",
    "* Étoile *",
    "pompe-doseuse",
    "Cuve 100% inox",
    "bac_7",
    r"C:\automate",
    "Moteur AND pompe",
    "NEAR(four) OR NOT",
    "ΛΟΓΟΣ",
    "x",
    "Œuvre ﬁnie ½",
    "été indien",
];

const TERMS: [&str; 54] = [
    "\"",
    "'",
    "*",
    "-",
    "%",
    "_",
    "\\",
    "(",
    ")",
    ":",
    "^",
    "+",
    "{",
    "AND",
    "OR",
    "NOT",
    "NEAR",
    "NEAR(",
    "near(four)",
    "e",
    "é",
    "x",
    "7",
    "c:",
    "on",
    "ét",
    "te",
    "00%",
    "_7",
    "\\a",
    "\"p",
    "n\"",
    "*\"",
    "\"\"",
    "''",
    "--",
    "pap",
    "\"papillon\"",
    "papillon\"",
    "l'armoire",
    "l'a%",
    "electrique",
    "* et",
    "pompe-d",
    "pompe doseuse",
    "100%",
    "1%x",
    "b_c",
    r"c:\auto",
    "AND pompe",
    "moteur pompe",
    "λόγος",
    "fin",
    "\u{301}",
];

/// Asks for every term and compares with the plain answer.
async fn every_term<F>(rows: &[(i64, String)], search: impl Fn(String) -> F)
where
    F: Future<Output = Vec<i64>>,
{
    for term in TERMS.iter().copied().chain(NAMES) {
        let wanted = searchable(term);
        let expected: Vec<_> = rows.iter().filter(|(_, text)| text.contains(&wanted)).map(|(id, _)| *id).collect();
        assert_eq!(search(term.to_owned()).await, expected, "{term}");
    }
}

fn oldest_first<S>(sort: S) -> PageRequest<S> {
    first_page(sort, Direction::Ascending, 50)
}

async fn searched_interventions(backend: &Backend, text: String) -> Vec<i64> {
    let filter = &InterventionFilter { text: Some(text), ..InterventionFilter::default() };
    let fetch = |page| async move { backend.queries.list_interventions(InterventionScope::All, filter, &page).await };
    walk(oldest_first(InterventionSort::Id), fetch).await.iter().map(|view| view.intervention.id.0).collect()
}

async fn searched_machines(backend: &Backend, text: String) -> Vec<i64> {
    let filter = &EquipmentFilter { text: Some(text), ..EquipmentFilter::default() };
    let fetch = |page| async move { backend.queries.list_equipment(EquipmentScope::All, filter, &page).await };
    walk(oldest_first(EquipmentSort::Id), fetch).await.iter().map(|machine| machine.id.0).collect()
}

async fn searched_customers(backend: &Backend, text: String) -> Vec<i64> {
    let filter = &CustomerFilter { text: Some(text), ..CustomerFilter::default() };
    let fetch = |page| async move { backend.queries.list_customers(CustomerScope::All, filter, &page).await };
    walk(oldest_first(CustomerSort::Id), fetch).await.iter().map(|customer| customer.id.0).collect()
}

async fn searched_users(backend: &Backend, text: String) -> Vec<i64> {
    let filter = &UserFilter { text: Some(text), ..UserFilter::default() };
    let fetch = |page| async move { backend.queries.list_users(UserScope::All, filter, &page).await };
    walk(oldest_first(UserSort::Id), fetch).await.iter().map(|user| user.id.0).collect()
}

/// By reference, title and description.
pub async fn a_search_of_interventions_takes_every_character_literally(backend: &Backend) {
    let machine = backend.insert_equipment(an_equipment("Presse 4").build()).await.id;
    let mut rows = Vec::new();
    for name in NAMES {
        let draft = an_intervention("Fuite", machine).description(name).build();
        let work = backend.insert_intervention(draft, None, T0).await;
        rows.push((work.id.0, Intervention::search_text(&work.reference, &work.draft)));
    }
    every_term(&rows, |term| searched_interventions(backend, term)).await;
}

/// By everything that is written on them.
pub async fn a_search_of_machines_takes_every_character_literally(backend: &Backend) {
    let mut rows = Vec::new();
    for name in NAMES {
        let machine = backend.insert_equipment(an_equipment(name).build()).await;
        rows.push((machine.id.0, machine.sheet.search_text()));
    }
    every_term(&rows, |term| searched_machines(backend, term)).await;
}

/// By name, contact, address, city and number.
pub async fn a_search_of_customers_takes_every_character_literally(backend: &Backend) {
    let mut rows = Vec::new();
    for name in NAMES {
        let mut unit = backend.begin().await;
        let sheet = CustomerSheet::named(Line::parse(name).unwrap());
        let customer = unit.customers().insert(sheet, T0).await.unwrap();
        unit.commit().await.unwrap();
        rows.push((customer.id.0, customer.sheet.search_text()));
    }
    every_term(&rows, |term| searched_customers(backend, term)).await;
}

/// By username, name and address.
pub async fn a_search_of_users_takes_every_character_literally(backend: &Backend) {
    let mut rows = Vec::new();
    for (n, name) in NAMES.iter().enumerate() {
        let user = backend.insert_user(a_user(&format!("user{n}")).full_name(name).build()).await;
        rows.push((user.id.0, searchable(&format!("{}\n{name}\n{}", user.username, user.email))));
    }
    every_term(&rows, |term| searched_users(backend, term)).await;
}

/// The index forgets what is not there any more: words that were changed, rows that were deleted.
pub async fn a_search_follows_a_change(backend: &Backend) {
    let mut machine = backend.insert_equipment(an_equipment("Broyeur").build()).await;
    let work = backend.insert_intervention(an_intervention("Vibration", machine.id).build(), None, T0).await;
    let karim = backend.insert_user(a_user("karim").full_name("Karim Alaoui").build()).await;
    let mut changed = work.clone();
    changed.draft.title = Line::parse("Échauffement").unwrap();
    machine.sheet.name = Line::parse("Concasseur").unwrap();
    let renamed = User { full_name: Some(Line::parse("Karim Bennani").unwrap()), ..karim.clone() };
    let mut unit = backend.begin().await;
    unit.interventions().update(&changed, later(1)).await.unwrap();
    unit.equipment().update(&machine, later(1)).await.unwrap();
    unit.users().update(&renamed, later(1)).await.unwrap();
    unit.commit().await.unwrap();
    for (old, new) in [("vibration", "echauffement"), ("vi", "ffe")] {
        assert!(searched_interventions(backend, old.to_owned()).await.is_empty(), "{old}");
        assert_eq!(searched_interventions(backend, new.to_owned()).await, [work.id.0], "{new}");
    }
    assert!(searched_machines(backend, "broyeur".to_owned()).await.is_empty());
    assert_eq!(searched_machines(backend, "concass".to_owned()).await, [machine.id.0]);
    assert!(searched_users(backend, "alaoui".to_owned()).await.is_empty());
    assert_eq!(searched_users(backend, "bennani".to_owned()).await, [karim.id.0]);

    let gone = backend.insert_equipment(an_equipment("Concasseur 2").build()).await;
    let mut unit = backend.begin().await;
    unit.equipment().delete(gone.id, gone.version).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(searched_machines(backend, "concass".to_owned()).await, [machine.id.0]);
    // A rolled-back row was never there.
    let mut unit = backend.begin().await;
    unit.equipment().insert(an_equipment("Concasseur 3").build(), T0).await.unwrap();
    drop(unit);
    assert_eq!(searched_machines(backend, "concass".to_owned()).await, [machine.id.0]);
}
