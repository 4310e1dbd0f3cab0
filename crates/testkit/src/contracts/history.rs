//! The history of interventions.

use mif_domain::interventions::{HistoryEntry, InterventionId, NewHistoryEntry, Status};
use mif_domain::text::Paragraph;
use mif_domain::users::UserId;
use mif_domain::{Constraint, RepositoryError};

use super::Backend;
use crate::{T0, a_user, an_equipment, an_intervention, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! history_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => history:
            entries_read_back_in_the_order_in_which_they_were_appended,
            an_entry_needs_a_known_intervention_and_author,
            customers_see_steps_but_no_internal_words,
            a_dropped_unit_leaves_no_entry,
        );
    };
}

async fn an_open_intervention(backend: &Backend) -> InterventionId {
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await.id;
    backend.insert_intervention(an_intervention("Fuite", machine).build(), None, T0).await.id
}

fn entry(intervention_id: InterventionId) -> NewHistoryEntry {
    NewHistoryEntry {
        intervention_id,
        user_id: None,
        from: None,
        status: Status::Open,
        remark: None,
        is_internal: false,
        at: T0,
    }
}

fn says(remark: &str) -> Paragraph<2000> {
    Paragraph::parse(remark).unwrap()
}

async fn append(backend: &Backend, entries: &[NewHistoryEntry]) {
    let mut unit = backend.begin().await;
    for entry in entries {
        unit.interventions().append_history(entry.clone()).await.unwrap();
    }
    unit.commit().await.unwrap();
}

fn told(history: &[HistoryEntry]) -> Vec<NewHistoryEntry> {
    history.iter().map(|entry| entry.entry.clone()).collect()
}

/// Not in the order of the clock, which may have been set back. Each intervention has its own.
pub async fn entries_read_back_in_the_order_in_which_they_were_appended(backend: &Backend) {
    let (work, other) = (an_open_intervention(backend).await, an_open_intervention(backend).await);
    let fatima = backend.insert_user(a_user("fatima").full_name("Fatima Zahra Benslimane").build()).await.id;
    let mut nameless = a_user("karim").build();
    nameless.full_name = None;
    let karim = backend.insert_user(nameless).await.id;
    let entries = [
        NewHistoryEntry { user_id: Some(fatima), at: later(9), ..entry(work) },
        NewHistoryEntry {
            user_id: Some(karim),
            from: Some(Status::Open),
            status: Status::Assigned,
            remark: Some(says("Pris.\nDemain « tôt ».")),
            is_internal: true,
            at: later(3),
            ..entry(work)
        },
        NewHistoryEntry { from: Some(Status::Assigned), status: Status::Cancelled, at: later(5), ..entry(work) },
    ];
    append(backend, &entries[..1]).await;
    append(backend, &[NewHistoryEntry { remark: Some(says("Autre machine")), ..entry(other) }]).await;
    append(backend, &entries[1..]).await;
    let history = backend.queries.intervention_history(work, true).await.unwrap();
    assert_eq!(told(&history), entries);
    let authors: Vec<_> = history.iter().map(|entry| entry.author.as_deref()).collect();
    assert_eq!(authors, [Some("Fatima Zahra Benslimane"), Some("karim"), None]);
    assert!(history.is_sorted_by_key(|entry| entry.id));
    assert_eq!(backend.queries.intervention_history(InterventionId(404), true).await, Ok(vec![]));
}

/// The references are checked.
pub async fn an_entry_needs_a_known_intervention_and_author(backend: &Backend) {
    let work = an_open_intervention(backend).await;
    let by_nobody = NewHistoryEntry { user_id: Some(UserId(404)), ..entry(work) };
    for bad in [entry(InterventionId(404)), by_nobody] {
        let mut unit = backend.begin().await;
        let refused = unit.interventions().append_history(bad).await;
        assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::Other)));
        unit.commit().await.unwrap_err();
    }
}

/// A step stays with its date and loses what was said about it, and nothing tells that there was something; a comment that is
/// ours is not there at all.
pub async fn customers_see_steps_but_no_internal_words(backend: &Backend) {
    let work = an_open_intervention(backend).await;
    let step = |from, status| NewHistoryEntry { from: Some(from), status, ..entry(work) };
    let entries = [
        entry(work),
        NewHistoryEntry { remark: Some(says("Quand venez-vous ?")), ..entry(work) },
        NewHistoryEntry { remark: Some(says("Client difficile")), is_internal: true, ..entry(work) },
        NewHistoryEntry {
            remark: Some(says("Faute de mieux")),
            is_internal: true,
            ..step(Status::Open, Status::Assigned)
        },
        NewHistoryEntry { remark: Some(says("En route")), ..step(Status::Assigned, Status::InProgress) },
    ];
    append(backend, &entries).await;
    let seen = told(&backend.queries.intervention_history(work, false).await.unwrap());
    let [created, question, _, silent, on_the_way] = entries.clone();
    assert_eq!(seen, [created, question, NewHistoryEntry { remark: None, is_internal: false, ..silent }, on_the_way]);
    assert_eq!(told(&backend.queries.intervention_history(work, true).await.unwrap()), entries);
}

/// What was not done was not written.
pub async fn a_dropped_unit_leaves_no_entry(backend: &Backend) {
    let work = an_open_intervention(backend).await;
    let mut unit = backend.begin().await;
    unit.interventions().append_history(entry(work)).await.unwrap();
    drop(unit);
    assert_eq!(backend.queries.intervention_history(work, true).await, Ok(vec![]));
}
