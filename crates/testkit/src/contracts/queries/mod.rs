//! Lists. Only databases can answer them: there is no third search engine in memory.

mod equipment;
mod users;

use std::future::Future;

use mif_domain::paging::{Direction, Page, PageRequest, Position};
use mif_domain::repository::Stored;

pub use equipment::{
    a_list_of_machines_obeys_its_scope, a_page_starts_after_an_offset, a_search_forgets_case_and_accents,
    a_search_looks_into_every_field, every_filter_narrows_a_list_of_machines,
    every_order_of_machines_is_walked_from_end_to_end, rows_that_come_and_go_move_no_page,
    wildcards_are_taken_literally,
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
