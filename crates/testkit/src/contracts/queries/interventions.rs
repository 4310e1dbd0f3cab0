//! Lists of interventions.

use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::{InterventionDraft, InterventionKind, Priority, Slot, Status};
use mif_domain::paging::Direction;
use mif_domain::queries::{InterventionFilter, InterventionScope, InterventionSort, InterventionView, TimeSpan};
use mif_domain::technicians::TechnicianId;

use super::super::Backend;
use super::{first_page, instant_key, number_key, walk, walk_every_order};
use crate::{a_customer, a_slot, a_technician, an_equipment, an_intervention, later};

/// A state and a technician for every draft, entered two at an instant.
async fn fill(
    backend: &Backend,
    drafts: Vec<(InterventionDraft, Status, Option<TechnicianId>)>,
) -> Vec<InterventionView> {
    let mut views = Vec::new();
    for (n, (draft, status, technician)) in (0_i64..).zip(drafts) {
        let mut work = backend.insert_intervention(draft, None, later(n / 2)).await;
        if status != Status::Open {
            work.updated_at = later(100 - n);
            work = backend.bring_into(work, status, technician).await;
        }
        views.push(backend.queries.find_intervention(work.id, InterventionScope::All).await.unwrap().unwrap());
    }
    views
}

/// Titles that bytes sort otherwise than people, equal values, dates that nobody set.
async fn board(backend: &Backend) -> Vec<InterventionView> {
    let press = backend.insert_equipment(an_equipment("Presse 4").build()).await.id;
    let oven = backend.insert_equipment(an_equipment("Four").build()).await.id;
    let karim = backend.insert_technician("karim", a_technician().build()).await.id;
    let work = |title| an_intervention(title, press);
    let drafts = vec![
        (work("Fuite").due_at(later(10)).priority(Priority::Urgent), Status::Open, None),
        (work("fuite").due_at(later(5)).slot(a_slot(5, 6)), Status::Assigned, Some(karim)),
        (work("Éclairage").priority(Priority::Low), Status::InProgress, Some(karim)),
        (an_intervention("Bruit", oven).due_at(later(10)).slot(a_slot(1, 9)), Status::OnHold, Some(karim)),
        (work("Fuite").slot(a_slot(5, 9)).priority(Priority::High), Status::Closed, Some(karim)),
        (work("Zèbre").priority(Priority::Scheduled), Status::Cancelled, None),
        (work("Bruit").due_at(later(-10)), Status::Archived, Some(karim)),
    ];
    fill(backend, drafts.into_iter().map(|(draft, status, who)| (draft.build(), status, who)).collect()).await
}

/// As a life goes.
const LIFE: [Status; 7] = [
    Status::Open,
    Status::Assigned,
    Status::InProgress,
    Status::OnHold,
    Status::Closed,
    Status::Cancelled,
    Status::Archived,
];

/// From what can wait to what cannot.
const URGENCY: [Priority; 5] = [Priority::Scheduled, Priority::Low, Priority::Normal, Priority::High, Priority::Urgent];

fn place<W: PartialEq>(order: &[W], word: &W) -> i64 {
    order.iter().zip(0..).find(|(known, _)| *known == word).map(|(_, place)| place).expect("a word of the order")
}

fn key(view: &InterventionView, sort: InterventionSort) -> Option<String> {
    let work = &view.intervention;
    match sort {
        InterventionSort::Id => Some(number_key(work.id.0)),
        InterventionSort::Reference => Some(work.reference.to_string()),
        InterventionSort::Title => Some(work.draft.title.to_string()),
        InterventionSort::Status => Some(number_key(place(&LIFE, &work.status))),
        InterventionSort::Priority => Some(number_key(place(&URGENCY, &work.draft.priority))),
        InterventionSort::CreatedAt => Some(instant_key(work.created_at)),
        InterventionSort::DueAt => work.draft.due_at.map(instant_key),
        InterventionSort::PlannedStart => work.draft.slot.map(Slot::start).map(instant_key),
        InterventionSort::UpdatedAt => Some(instant_key(work.updated_at)),
    }
}

/// The places on the board of what a filter lets through, oldest first.
async fn found(backend: &Backend, board: &[InterventionView], filter: &InterventionFilter) -> Vec<usize> {
    let page = first_page(InterventionSort::Id, Direction::Ascending, 2);
    let fetch = |page| async move { backend.queries.list_interventions(InterventionScope::All, filter, &page).await };
    walk(page, fetch).await.iter().map(|row| board.iter().position(|view| view == row).expect("one of them")).collect()
}

/// Every sort field, both directions, pages of several lengths, with the names of machines and technicians.
pub async fn every_order_of_interventions_is_walked_from_end_to_end(backend: &Backend) {
    let board = board(backend).await;
    let everything = &InterventionFilter::default();
    let fetch =
        |page| async move { backend.queries.list_interventions(InterventionScope::All, everything, &page).await };
    walk_every_order(InterventionSort::ALL, &board, |view| view.intervention.id.0, key, fetch).await;
    assert!(board.iter().any(|view| view.technician_name.as_deref() == Some("Karim Alaoui")));
    assert!(board.iter().any(|view| view.equipment_name == "Four"));
}

/// Each alone, and all together.
pub async fn every_filter_narrows_a_list_of_interventions(backend: &Backend) {
    let customer = a_customer(&*backend.work, "Cosumar").await.id;
    let press = backend.insert_equipment(an_equipment("Presse 4").build()).await.id;
    let theirs = backend.insert_equipment(an_equipment("Four").customer(customer).build()).await.id;
    let karim = backend.insert_technician("karim", a_technician().build()).await.id;
    let special = an_intervention("Brûleur éteint", theirs)
        .description("Voir la notice p. 12")
        .kind(InterventionKind::Diagnostic)
        .priority(Priority::Low)
        .urgent()
        .due_at(later(30));
    let drafts = vec![
        (an_intervention("Fuite", press).build(), Status::Open, None),
        (special.build(), Status::OnHold, Some(karim)),
        (an_intervention("Bruit", press).build(), Status::Cancelled, None),
    ];
    let board = fill(backend, drafts).await;
    let none = InterventionFilter::default;
    let text = |text: &str| InterventionFilter { text: Some(text.to_owned()), ..none() };
    let late_at = later(31);
    let span = |from, until| TimeSpan { from: Some(later(from)), until: Some(later(until)) };
    let all = InterventionFilter {
        text: Some("bruleur".to_owned()),
        statuses: vec![Status::OnHold, Status::Closed],
        kind: Some(InterventionKind::Diagnostic),
        priority: Some(Priority::Low),
        is_urgent: Some(true),
        technician_id: Some(karim),
        equipment_id: Some(theirs),
        customer_id: Some(customer),
        created: TimeSpan { from: None, until: Some(later(1)) },
        due: span(30, 31),
        late_at: Some((true, late_at)),
    };
    for filter in [
        InterventionFilter { text: all.text.clone(), ..none() },
        text("NOTICE P. 12"),
        text("2026-000002"),
        InterventionFilter { statuses: all.statuses.clone(), ..none() },
        InterventionFilter { kind: all.kind, ..none() },
        InterventionFilter { priority: all.priority, ..none() },
        InterventionFilter { is_urgent: all.is_urgent, ..none() },
        InterventionFilter { technician_id: all.technician_id, ..none() },
        InterventionFilter { equipment_id: all.equipment_id, ..none() },
        InterventionFilter { customer_id: all.customer_id, ..none() },
        InterventionFilter { due: all.due, ..none() },
        InterventionFilter { late_at: all.late_at, ..none() },
        all.clone(),
    ] {
        assert_eq!(found(backend, &board, &filter).await, [1], "{filter:?}");
    }
    assert_eq!(found(backend, &board, &InterventionFilter { created: all.created, ..none() }).await, [0, 1]);
    assert_eq!(found(backend, &board, &InterventionFilter { is_urgent: Some(false), ..none() }).await, [0, 2]);
    assert_eq!(found(backend, &board, &none()).await, [0, 1, 2]);
    let statuses = vec![Status::Open, Status::Cancelled];
    assert_eq!(found(backend, &board, &InterventionFilter { statuses, ..none() }).await, [0, 2]);
    let elsewhere = Some(EquipmentId(404));
    assert!(found(backend, &board, &InterventionFilter { equipment_id: elsewhere, ..all }).await.is_empty());
    for nothing in ["presse", "four", "alaoui", "brûleurvoir"] {
        assert!(found(backend, &board, &text(nothing)).await.is_empty(), "{nothing}");
    }
}

/// Whatever the word.
pub async fn every_state_and_every_priority_can_be_asked_for(backend: &Backend) {
    let press = backend.insert_equipment(an_equipment("Presse 4").build()).await.id;
    let karim = backend.insert_technician("karim", a_technician().build()).await.id;
    let work = |priority| an_intervention("Fuite", press).priority(priority).build();
    let states = LIFE.iter().map(|status| (work(Priority::Normal), *status, Some(karim)));
    let priorities = URGENCY.iter().map(|priority| (work(*priority), Status::Open, None));
    let board = fill(backend, states.chain(priorities).collect()).await;
    let places = |fits: &dyn Fn(&InterventionView) -> bool| -> Vec<usize> {
        (0..board.len()).filter(|place| fits(board.get(*place).unwrap())).collect()
    };
    for status in LIFE {
        let filter = InterventionFilter { statuses: vec![status], ..InterventionFilter::default() };
        let expected = places(&|view| view.intervention.status == status);
        assert_eq!(found(backend, &board, &filter).await, expected, "{status:?}");
    }
    for priority in URGENCY {
        let filter = InterventionFilter { priority: Some(priority), ..InterventionFilter::default() };
        let expected = places(&|view| view.intervention.draft.priority == priority);
        assert_eq!(found(backend, &board, &filter).await, expected, "{priority:?}");
    }
}

/// The beginning belongs to them, and what has no date to none of them.
pub async fn spans_of_time_end_before_their_end(backend: &Backend) {
    let press = backend.insert_equipment(an_equipment("Presse 4").build()).await.id;
    let due = |seconds| an_intervention("Fuite", press).due_at(later(seconds)).build();
    let drafts = vec![due(10), due(20), due(30), an_intervention("Un jour", press).build()];
    let board = fill(backend, drafts.into_iter().map(|draft| (draft, Status::Open, None)).collect()).await;
    let span = |from: Option<i64>, until: Option<i64>| TimeSpan { from: from.map(later), until: until.map(later) };
    for (due, expected) in [
        (span(Some(10), Some(20)), vec![0]),
        (span(Some(11), Some(31)), vec![1, 2]),
        (span(Some(20), None), vec![1, 2]),
        (span(None, Some(20)), vec![0]),
        (span(Some(20), Some(20)), vec![]),
        (span(None, None), vec![0, 1, 2, 3]),
    ] {
        let filter = InterventionFilter { due, ..InterventionFilter::default() };
        assert_eq!(found(backend, &board, &filter).await, expected, "{due:?}");
    }
    for (created, expected) in
        [(span(Some(0), Some(1)), vec![0, 1]), (span(Some(1), None), vec![2, 3]), (span(None, Some(0)), vec![])]
    {
        let filter = InterventionFilter { created, ..InterventionFilter::default() };
        assert_eq!(found(backend, &board, &filter).await, expected, "{created:?}");
    }
}

/// Whoever is not late includes those who have all the time in the world, and those who are done.
pub async fn late_or_not_is_a_question_with_two_answers(backend: &Backend) {
    let board = board(backend).await;
    for now in [later(-20), later(5), later(6), later(10), later(11)] {
        let (late, punctual): (Vec<_>, Vec<_>) =
            (0..board.len()).partition(|place| board.get(*place).unwrap().intervention.is_late(now));
        for (answer, expected) in [(true, late), (false, punctual)] {
            let filter = InterventionFilter { late_at: Some((answer, now)), ..InterventionFilter::default() };
            assert_eq!(found(backend, &board, &filter).await, expected, "{answer} at {now}");
        }
    }
}
