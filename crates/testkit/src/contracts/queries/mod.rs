//! Lists. Only databases can answer them: there is no third search engine in memory.

mod audit;
mod customers;
mod equipment;
mod interventions;
mod notifications;
mod scopes;
mod search;
mod technicians;
mod users;

use std::fmt::Debug;
use std::future::Future;

use mif_domain::Instant;
use mif_domain::paging::{Direction, Page, PageRequest, Position};
use mif_domain::repository::Stored;

pub use audit::{both_orders_of_events_are_walked_from_end_to_end, every_filter_narrows_a_list_of_events};
pub use customers::{
    a_list_of_customers_obeys_its_scope, every_filter_narrows_a_list_of_customers,
    every_order_of_customers_is_walked_from_end_to_end,
};
pub use equipment::{
    a_list_of_machines_obeys_its_scope, a_page_starts_after_an_offset, a_search_forgets_case_and_accents,
    a_search_looks_into_every_field, every_filter_narrows_a_list_of_machines,
    every_order_of_machines_is_walked_from_end_to_end, rows_that_come_and_go_move_no_page,
    wildcards_are_taken_literally,
};
pub use interventions::{
    every_filter_narrows_a_list_of_interventions, every_order_of_interventions_is_walked_from_end_to_end,
    every_state_and_every_priority_can_be_asked_for, late_or_not_is_a_question_with_two_answers,
    spans_of_time_end_before_their_end,
};
pub use notifications::{
    every_filter_narrows_a_list_of_notifications, every_order_of_notifications_is_walked_from_end_to_end,
};
pub use scopes::{
    a_customer_sees_work_by_whose_it_was_when_it_was_entered, a_list_of_interventions_obeys_its_scope,
    a_technician_sees_their_own_work_and_what_is_open_and_nobodys, filters_never_widen_a_scope,
};
pub use search::{
    a_search_follows_a_change, a_search_of_customers_takes_every_character_literally,
    a_search_of_interventions_takes_every_character_literally, a_search_of_machines_takes_every_character_literally,
    a_search_of_users_takes_every_character_literally,
};
pub use technicians::{
    archived_technicians_are_listed_when_asked_for, every_filter_narrows_a_list_of_technicians,
    every_order_of_skills_is_walked_from_end_to_end, every_order_of_technicians_is_walked_from_end_to_end,
    skills_are_narrowed_by_domain,
};
pub use users::{
    a_list_of_users_obeys_its_scope, every_filter_narrows_a_list_of_users,
    every_order_of_users_is_walked_from_end_to_end,
};

/// Names every case of this suite.
#[macro_export]
macro_rules! query_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => queries:
            every_order_of_machines_is_walked_from_end_to_end,
            a_page_starts_after_an_offset,
            rows_that_come_and_go_move_no_page,
            every_filter_narrows_a_list_of_machines,
            a_search_forgets_case_and_accents,
            a_search_looks_into_every_field,
            wildcards_are_taken_literally,
            a_list_of_machines_obeys_its_scope,
            every_order_of_users_is_walked_from_end_to_end,
            every_filter_narrows_a_list_of_users,
            a_list_of_users_obeys_its_scope,
            every_order_of_customers_is_walked_from_end_to_end,
            every_filter_narrows_a_list_of_customers,
            a_list_of_customers_obeys_its_scope,
            every_order_of_technicians_is_walked_from_end_to_end,
            every_filter_narrows_a_list_of_technicians,
            archived_technicians_are_listed_when_asked_for,
            every_order_of_skills_is_walked_from_end_to_end,
            skills_are_narrowed_by_domain,
            every_order_of_interventions_is_walked_from_end_to_end,
            every_filter_narrows_a_list_of_interventions,
            every_state_and_every_priority_can_be_asked_for,
            spans_of_time_end_before_their_end,
            late_or_not_is_a_question_with_two_answers,
            a_list_of_interventions_obeys_its_scope,
            a_technician_sees_their_own_work_and_what_is_open_and_nobodys,
            a_customer_sees_work_by_whose_it_was_when_it_was_entered,
            filters_never_widen_a_scope,
            every_order_of_notifications_is_walked_from_end_to_end,
            every_filter_narrows_a_list_of_notifications,
            a_search_of_interventions_takes_every_character_literally,
            a_search_of_machines_takes_every_character_literally,
            a_search_of_customers_takes_every_character_literally,
            a_search_of_users_takes_every_character_literally,
            a_search_follows_a_change,
            both_orders_of_events_are_walked_from_end_to_end,
            every_filter_narrows_a_list_of_events,
        );
    };
}

const DIRECTIONS: [Direction; 2] = [Direction::Ascending, Direction::Descending];

fn first_page<S>(sort: S, direction: Direction, limit: u16) -> PageRequest<S> {
    PageRequest { sort, direction, limit, position: Position::First, with_total: true }
}

/// Walks from the first page to the last by keyset. Every page but the last is full, and every total is right.
async fn walk<S, T, F>(mut request: PageRequest<S>, fetch: impl Fn(PageRequest<S>) -> F) -> Vec<T>
where
    S: Copy,
    F: Future<Output = Stored<Page<T>>>,
{
    let mut rows = Vec::new();
    let mut totals = Vec::new();
    loop {
        let again = PageRequest {
            position: request.position.clone(),
            with_total: request.with_total,
            ..first_page(request.sort, request.direction, request.limit)
        };
        let page = fetch(again).await.unwrap();
        totals.push(page.total);
        assert!(page.items.len() <= usize::from(request.limit));
        assert!(page.next.is_none() || page.items.len() == usize::from(request.limit), "a short page that goes on");
        rows.extend(page.items);
        match page.next {
            Some(next) => request.position = Position::After(next),
            None => break,
        }
    }
    assert!(totals.iter().all(|total| *total == Some(rows.len() as u64)), "{totals:?} of {}", rows.len());
    rows
}

/// What the contract calls order: nulls last in both directions, then the value, then the identifier.
fn in_order<T: Clone, K: Ord>(rows: &[T], direction: Direction, key: impl Fn(&T) -> (Option<K>, i64)) -> Vec<i64> {
    let mut keys: Vec<_> = rows.iter().map(key).collect();
    keys.sort_by(|a, b| {
        let values = (&a.0, a.1).cmp(&(&b.0, b.1));
        let directed = if direction == Direction::Ascending { values } else { values.reverse() };
        a.0.is_none().cmp(&b.0.is_none()).then(directed)
    });
    keys.into_iter().map(|(_, id)| id).collect()
}

/// Walks a list by every sort field, in both directions and by pages of several lengths, and compares whole rows.
async fn walk_every_order<S, T, F>(
    sorts: &[S],
    rows: &[T],
    id: impl Fn(&T) -> i64,
    key: impl Fn(&T, S) -> Option<String>,
    fetch: impl Fn(PageRequest<S>) -> F,
) where
    S: Copy + Debug,
    T: Clone + Debug + PartialEq,
    F: Future<Output = Stored<Page<T>>>,
{
    for sort in sorts.iter().copied() {
        for direction in DIRECTIONS {
            let expected = in_order(rows, direction, |row| (key(row, sort), id(row)));
            for limit in [1, 2, 3, 50] {
                let seen = walk(first_page(sort, direction, limit), &fetch).await;
                let ids: Vec<_> = seen.iter().map(&id).collect();
                assert_eq!(ids, expected, "{sort:?} {direction:?} {limit}");
                for row in seen {
                    assert!(rows.contains(&row), "{row:?} differs from the row alone");
                }
            }
        }
    }
}

/// An identifier as text that sorts like the number.
fn number_key(id: i64) -> String {
    format!("{id:020}")
}

/// An instant as text that sorts like the instant.
fn instant_key(at: Instant) -> String {
    format!("{:020}", at.timestamp_micros())
}
