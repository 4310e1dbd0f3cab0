//! Lists come in pages: a closed set of sort fields, the identifier last, and a keyset to go on from.

use crate::clock::Instant;

/// The value of the sort field of a page's last row. `Null` sorts after everything else, in both directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortValue {
    /// The field is empty.
    Null,
    /// Compared by bytes.
    Text(String),
    /// An identifier or a number.
    Integer(i64),
    /// A moment.
    Instant(Instant),
}

/// Where a page ended: the next one starts right after it, however many rows came or went in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyset {
    /// The sort field of the last row.
    pub value: SortValue,
    /// Its identifier, which decides between equal values.
    pub id: i64,
}

/// Where a page starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// At the beginning.
    First,
    /// After so many rows: for existing clients, at most [`PageRequest::MAX_OFFSET`].
    Offset(u32),
    /// After a row.
    After(Keyset),
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From small to large.
    Ascending,
    /// From large to small.
    Descending,
}

/// Which page, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<Sort> {
    /// The field to sort by; the identifier always comes second.
    pub sort: Sort,
    /// Up or down, for the field and the identifier alike.
    pub direction: Direction,
    /// Rows, 1 to [`PageRequest::MAX_LIMIT`].
    pub limit: u16,
    /// Where to start.
    pub position: Position,
    /// Whether to count everything, which costs a second statement.
    pub with_total: bool,
}

impl PageRequest<()> {
    /// The most rows a page may have.
    pub const MAX_LIMIT: u16 = 200;
    /// Rows of a page when nobody says.
    pub const DEFAULT_LIMIT: u16 = 50;
    /// The furthest an offset may reach; beyond it only a keyset is fair to the database.
    pub const MAX_OFFSET: u32 = 10_000;
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, in order.
    pub items: Vec<T>,
    /// Where the next page starts; `None` on the last one.
    pub next: Option<Keyset>,
    /// How many rows there are in all, when it was asked for.
    pub total: Option<u64>,
}
