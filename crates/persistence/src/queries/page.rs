//! Keyset pages over any table: `(x IS NULL), x, id`.

use mif_domain::paging::{Direction, Keyset, Page, PageRequest, Position, SortValue};
use mif_domain::repository::Stored;
use sea_orm::sea_query::{Expr, ExprTrait as _, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Order, QueryFilter as _, QueryOrder as _, QueryResult,
    QuerySelect as _, QueryTrait as _, Select, Value,
};

use crate::errors::plain;

/// How a list is sorted: a column, whether it may be empty, and the identifier that decides between equals.
pub(super) struct SortBy<C> {
    pub(super) column: C,
    pub(super) nullable: bool,
    pub(super) id: C,
}

/// Fetches a page with one statement, and counts with a second one when asked to.
pub(super) async fn fetch<E, C, S, M, T>(
    connection: &impl ConnectionTrait,
    rows: Select<E>,
    sort: SortBy<C>,
    request: &PageRequest<S>,
    read: impl Fn(&QueryResult) -> Result<M, DbErr>,
    keyset: impl Fn(&M) -> Keyset,
    convert: impl Fn(M) -> Stored<T>,
) -> Stored<Page<T>>
where
    E: EntityTrait,
    C: ColumnTrait,
{
    let total = if request.with_total { Some(count(connection, rows.clone()).await?) } else { None };
    let limit = usize::from(request.limit);
    // One more tells whether there is a next page.
    let statement = slice(rows, &sort, request).limit(limit as u64 + 1).build(connection.get_database_backend());
    let found = connection.query_all_raw(statement).await.map_err(plain)?;
    let rows: Vec<M> = found.iter().take(limit).map(read).collect::<Result<_, _>>().map_err(plain)?;
    let next = if found.len() > limit { rows.last().map(keyset) } else { None };
    Ok(Page { items: rows.into_iter().map(convert).collect::<Stored<_>>()?, next, total })
}

async fn count<E: EntityTrait>(connection: &impl ConnectionTrait, rows: Select<E>) -> Stored<u64> {
    let counted: Option<i64> = rows
        .select_only()
        .expr_as(Expr::cust("COUNT(*)"), "total")
        .into_tuple()
        .one(connection)
        .await
        .map_err(plain)?;
    Ok(counted.and_then(|total| u64::try_from(total).ok()).unwrap_or(0))
}

fn slice<E: EntityTrait, C: ColumnTrait, S>(
    mut rows: Select<E>,
    sort: &SortBy<C>,
    request: &PageRequest<S>,
) -> Select<E> {
    match &request.position {
        Position::First => {}
        Position::Offset(offset) => rows = rows.offset(u64::from(*offset)),
        Position::After(keyset) => rows = rows.filter(after(sort, request.direction, keyset)),
    }
    let order = match request.direction {
        Direction::Ascending => Order::Asc,
        Direction::Descending => Order::Desc,
    };
    if sort.nullable {
        rows = rows.order_by_asc(sort.column.is_null());
    }
    if !is_id(sort) {
        rows = rows.order_by(sort.column, order.clone());
    }
    rows.order_by(sort.id, order)
}

fn is_id<C: ColumnTrait>(sort: &SortBy<C>) -> bool {
    sort.column.as_str() == sort.id.as_str()
}

/// The rows that come after a keyset.
fn after<C: ColumnTrait>(sort: &SortBy<C>, direction: Direction, keyset: &Keyset) -> SimpleExpr {
    let beyond = |left: SimpleExpr, right: SimpleExpr| match direction {
        Direction::Ascending => left.gt(right),
        Direction::Descending => left.lt(right),
    };
    let column = || Expr::col(sort.column.as_column_ref());
    let id = || Expr::col(sort.id.as_column_ref());
    if is_id(sort) {
        return beyond(id(), Expr::val(keyset.id));
    }
    let Some(value) = bound(&keyset.value) else {
        return sort.column.is_null().and(beyond(id(), Expr::val(keyset.id)));
    };
    // A comparison of rows, so that an index on (column, id) is entered at the right place.
    let later = beyond(Expr::tuple([column(), id()]), Expr::tuple([Expr::val(value), Expr::val(keyset.id)]));
    if sort.nullable { sort.column.is_null().or(later) } else { later }
}

fn bound(value: &SortValue) -> Option<Value> {
    match value {
        SortValue::Null => None,
        SortValue::Text(text) => Some(text.clone().into()),
        SortValue::Integer(number) => Some((*number).into()),
        SortValue::Instant(instant) => Some((*instant).into()),
    }
}

/// A `LIKE` pattern for a substring, with the wildcards of `LIKE` taken literally (escape character `\`).
pub(super) fn contains(text: &str) -> sea_orm::sea_query::LikeExpr {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    sea_orm::sea_query::LikeExpr::new(pattern).escape('\\')
}
