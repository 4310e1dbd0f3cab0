//! Keyset pages over any table: `(x IS NULL), x, id`.

use mif_domain::paging::{Direction, Keyset, Page, PageRequest, Position, SortValue};
use mif_domain::repository::Stored;
use mif_domain::text::searchable;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, LikeExpr, SimpleExpr, Values};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, Order, QueryFilter as _, QueryOrder as _,
    QueryResult, QuerySelect as _, QueryTrait as _, Select, Statement, Value,
};

use crate::errors::plain;

/// How a list is sorted: a column, whether it may be empty, and the identifier that decides between equals.
pub(super) struct SortBy<C, I = C> {
    pub(super) column: C,
    pub(super) nullable: bool,
    pub(super) id: I,
    pub(super) names: Option<Names>,
    pub(super) within: Within,
}

/// What part of a table the rows of a list can be.
pub(super) enum Within {
    /// Any part of it.
    Table,
    /// Those with this identifier in this column, which has an index: three of them, or nearly all.
    Of(&'static str, i64),
    /// Those, and others for which the second condition holds and the first does not. Both bind the same values.
    OfAndBeside(&'static str, i64, Box<[SimpleExpr; 2]>),
}

/// Up to so many rows of a part are collected and sorted; of more, some soon turn up along the index of the sort.
const FEW: u32 = 10_000;

/// Names from other tables, added to the rows of a page *after* it was cut out: joined before, they can lead PostgreSQL to
/// collect and sort a good part of the table for fifty rows. The rows of the page are called `page`.
#[derive(Clone, Copy)]
pub(super) struct Names {
    pub(super) columns: &'static str,
    pub(super) joins: &'static str,
}

/// Fetches a page with one statement, and counts with a second one when asked to.
pub(super) async fn fetch<E, C, I, S, M, T>(
    connection: &impl ConnectionTrait,
    rows: Select<E>,
    sort: SortBy<C, I>,
    request: &PageRequest<S>,
    read: impl Fn(&QueryResult) -> Result<M, DbErr>,
    keyset: impl Fn(&M) -> Keyset,
    convert: impl Fn(M) -> Stored<T>,
) -> Stored<Page<T>>
where
    E: EntityTrait,
    C: ColumnTrait,
    I: ColumnTrait,
{
    let backend = connection.get_database_backend();
    let base = rows.clone();
    let rows = match &sort.within {
        Within::Table | Within::Of(..) => rows,
        Within::OfAndBeside(_, _, parts) => {
            let [own, beside] = parts.as_ref().clone();
            rows.filter(own.or(beside))
        }
    };
    let total = if request.with_total { Some(count(connection, rows.clone()).await?) } else { None };
    let limit = usize::from(request.limit);
    // One row more tells whether there is a next page.
    let mut statement = match (&sort.within, backend) {
        (Within::OfAndBeside(_, _, parts), _) if is_id(&sort) => {
            apart(&base, parts, &sort, request, limit + 1, backend)
        }
        (Within::Of(column, id) | Within::OfAndBeside(column, id, _), DatabaseBackend::Postgres) if !is_id(&sort) => {
            few_or_many(&rows, (column, *id), &sort, request, limit + 1)
        }
        _ => cut(rows, &sort, request, limit + 1, backend),
    };
    if let Some(Names { columns, joins }) = sort.names {
        let order = order_of_page(&sort, request.direction);
        statement.sql = format!("SELECT page.*, {columns} FROM ({}) AS page {joins} ORDER BY {order}", statement.sql);
    }
    let found = connection.query_all_raw(statement).await.map_err(plain)?;
    let rows: Vec<M> = found.iter().take(limit).map(read).collect::<Result<_, _>>().map_err(plain)?;
    let next = if found.len() > limit { rows.last().map(keyset) } else { None };
    Ok(Page { items: rows.into_iter().map(convert).collect::<Stored<_>>()?, next, total })
}

/// A page as it is cut out of its rows.
fn cut<E: EntityTrait, C: ColumnTrait, I: ColumnTrait, S>(
    rows: Select<E>,
    sort: &SortBy<C, I>,
    request: &PageRequest<S>,
    limit: usize,
    backend: DatabaseBackend,
) -> Statement {
    let mut statement = slice(rows, sort, request).build(backend);
    // Written into the statement: with a bound limit PostgreSQL would plan for a tenth of the table.
    statement.sql.push_str(&format_limit(limit, &request.position));
    statement
}

/// The same page from two parts that each have an index in its order: of both together, neither database walks one.
fn apart<E: EntityTrait, C: ColumnTrait, I: ColumnTrait, S>(
    rows: &Select<E>,
    parts: &[SimpleExpr; 2],
    sort: &SortBy<C, I>,
    request: &PageRequest<S>,
    limit: usize,
    backend: DatabaseBackend,
) -> Statement {
    let [own, beside] = parts;
    let part = |condition: &SimpleExpr| {
        let mut statement = slice(rows.clone().filter(condition.clone()), sort, request).build(backend);
        statement.sql.push_str(&format_limit(limit + skipped(&request.position), &Position::First));
        statement
    };
    let (own, beside) = (part(own), part(beside));
    let (order, bounds) = (order_of_page(sort, request.direction), format_limit(limit, &request.position));
    let sql = format!(
        "SELECT * FROM (SELECT * FROM ({}) AS own UNION ALL SELECT * FROM ({}) AS beside) AS page ORDER BY {order}{bounds}",
        own.sql, beside.sql
    );
    let mut values = own.values.unwrap_or(Values(Vec::new()));
    // PostgreSQL's placeholders have numbers, the same in both parts; SQLite counts them.
    if backend == DatabaseBackend::Sqlite {
        values.0.extend(beside.values.into_iter().flat_map(|values| values.0));
    }
    Statement::from_sql_and_values(backend, sql, values)
}

fn skipped(position: &Position) -> usize {
    match position {
        Position::Offset(offset) => usize::try_from(*offset).unwrap_or(usize::MAX),
        Position::First | Position::After(_) => 0,
    }
}

/// The same page in one of two ways. PostgreSQL believes that the rows of a part are spread evenly, walks the index of the
/// sort until fifty turn up, and for somebody who has three it walks all of it. So the rows are counted first, as far as
/// it matters: `OFFSET 0` keeps sort and position from reaching into a part that is small, and a way not taken costs
/// nothing.
fn few_or_many<E: EntityTrait, C: ColumnTrait, I: ColumnTrait, S>(
    rows: &Select<E>,
    (column, id): (&str, i64),
    sort: &SortBy<C, I>,
    request: &PageRequest<S>,
    limit: usize,
) -> Statement {
    // The position is bound last: until there both ways have the same placeholders.
    let collected = rows.clone().build(DatabaseBackend::Postgres);
    let walked = cut(rows.clone(), sort, request, limit, DatabaseBackend::Postgres);
    // A sum has no index, so that this way is walked whatever a plan for any identifier believes.
    let table = E::default().table_name();
    let (indexed, summed) = (format!("\"{table}\".\"{column}\" = $"), format!("\"{table}\".\"{column}\" + 0 = $"));
    let walked_sql = walked.sql.replace(&indexed, &summed);
    let mut values = walked.values.unwrap_or(Values(Vec::new()));
    values.0.push(id.into());
    let few = format!(
        "(SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE {column} = ${} ORDER BY {} LIMIT {}) AS part) <= {FEW}",
        values.0.len(),
        sort.id.as_str(),
        FEW + 1
    );
    let after = match &request.position {
        Position::After(keyset) => format!(" AND {}", after_in_page(sort, request.direction, keyset, &mut values.0)),
        Position::First | Position::Offset(_) => String::new(),
    };
    let (order, bounds) = (order_of_page(sort, request.direction), format_limit(limit, &request.position));
    let sql = format!(
        "(SELECT * FROM ({} OFFSET 0) AS page WHERE {few}{after} ORDER BY {order}{bounds}) \
         UNION ALL SELECT * FROM ({}) AS page WHERE NOT {few}",
        collected.sql, walked_sql
    );
    Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, values)
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

fn slice<E: EntityTrait, C: ColumnTrait, I: ColumnTrait, S>(
    mut rows: Select<E>,
    sort: &SortBy<C, I>,
    request: &PageRequest<S>,
) -> Select<E> {
    if let Position::After(keyset) = &request.position {
        rows = rows.filter(after(sort, request.direction, keyset));
    }
    let order = match request.direction {
        Direction::Ascending => Order::Asc,
        Direction::Descending => Order::Desc,
    };
    if let Position::After(Keyset { value: SortValue::Null, .. }) = &request.position {
        // Only empty values are left: an index on the identifiers of these is walked from the right place.
        return rows.order_by(sort.id, order);
    }
    // What is empty stays last, whichever way the rest goes; each way is one direction of an index.
    rows = match (sort.nullable, request.direction) {
        (false, _) => rows,
        (true, Direction::Ascending) => rows.order_by_asc(sort.column.is_null()),
        (true, Direction::Descending) => rows.order_by_desc(sort.column.is_not_null()),
    };
    if !is_id(sort) {
        rows = rows.order_by(sort.column, order.clone());
    }
    rows.order_by(sort.id, order)
}

fn format_limit(limit: usize, position: &Position) -> String {
    match position {
        Position::Offset(offset) => format!(" LIMIT {limit} OFFSET {offset}"),
        Position::First | Position::After(_) => format!(" LIMIT {limit}"),
    }
}

/// The order of the rows once more, in words: a join does not promise to keep it.
fn order_of_page<C: ColumnTrait, I: ColumnTrait>(sort: &SortBy<C, I>, direction: Direction) -> String {
    let (column, id) = (sort.column.as_str(), sort.id.as_str());
    match (sort.nullable, direction) {
        (false, Direction::Ascending) => format!("page.{column}, page.{id}"),
        (false, Direction::Descending) => format!("page.{column} DESC, page.{id} DESC"),
        (true, Direction::Ascending) => format!("page.{column} IS NULL, page.{column}, page.{id}"),
        (true, Direction::Descending) => {
            format!("page.{column} IS NOT NULL DESC, page.{column} DESC, page.{id} DESC")
        }
    }
}

fn is_id<C: ColumnTrait, I: ColumnTrait>(sort: &SortBy<C, I>) -> bool {
    sort.column.as_str() == sort.id.as_str()
}

/// The rows that come after a keyset.
fn after<C: ColumnTrait, I: ColumnTrait>(sort: &SortBy<C, I>, direction: Direction, keyset: &Keyset) -> SimpleExpr {
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
    // A comparison of rows, so that an index on the same columns is entered at the right place.
    let (value, last) = (Expr::val(value), Expr::val(keyset.id));
    match (sort.nullable, direction) {
        (false, _) => beyond(Expr::tuple([column(), id()]), Expr::tuple([value, last])),
        (true, Direction::Ascending) => {
            Expr::tuple([sort.column.is_null(), column(), id()]).gt(Expr::tuple([Expr::val(false), value, last]))
        }
        (true, Direction::Descending) => {
            Expr::tuple([sort.column.is_not_null(), column(), id()]).lt(Expr::tuple([Expr::val(true), value, last]))
        }
    }
}

fn bound(value: &SortValue) -> Option<Value> {
    match value {
        SortValue::Null => None,
        SortValue::Text(text) => Some(text.clone().into()),
        SortValue::Integer(number) => Some((*number).into()),
        SortValue::Instant(instant) => Some((*instant).into()),
    }
}

/// The rows of `page` that come after a keyset, in PostgreSQL's words; what they bind is added to the values.
fn after_in_page<C: ColumnTrait, I: ColumnTrait>(
    sort: &SortBy<C, I>,
    direction: Direction,
    keyset: &Keyset,
    values: &mut Vec<Value>,
) -> String {
    let (column, id) = (sort.column.as_str(), sort.id.as_str());
    let beyond = if direction == Direction::Ascending { '>' } else { '<' };
    let mut bind = |value: Value| {
        values.push(value);
        values.len()
    };
    let Some(value) = bound(&keyset.value) else {
        return format!("page.{column} IS NULL AND page.{id} {beyond} ${}", bind(keyset.id.into()));
    };
    let (value, last) = (bind(value), bind(keyset.id.into()));
    let further = format!("(page.{column}, page.{id}) {beyond} (${value}, ${last})");
    if sort.nullable { format!("(page.{column} IS NULL OR {further})") } else { further }
}

/// The rows of `table` whose `search_text` holds a text, which is folded like the column. Both databases have an index of
/// trigrams for it; SQLite's is a table of its own and knows nothing shorter than three characters.
pub(super) fn holds(backend: DatabaseBackend, table: &str, text: &str) -> SimpleExpr {
    let folded = searchable(text);
    if backend == DatabaseBackend::Sqlite && folded.chars().count() >= 3 {
        // A phrase in double quotes is taken literally; a quote in it is doubled.
        let phrase = format!("\"{}\"", folded.replace('"', "\"\""));
        let sql = format!("{table}.id IN (SELECT rowid FROM {table}_fts WHERE {table}_fts MATCH ?)");
        return Expr::cust_with_values(sql, [phrase]);
    }
    let (pattern, column) = (contains(&folded), Expr::col((Alias::new(table), Alias::new("search_text"))));
    let holds = column.like(LikeExpr::new(pattern.clone()).escape('\\'));
    if backend == DatabaseBackend::Sqlite { holds } else { holds.and(Expr::cust_with_values(PLANNED_ANEW, [pattern])) }
}

/// Always true, and nothing once the text is known. After a few runs PostgreSQL may keep one plan for every text, which
/// fits the common or the rare one and takes a thousand times as long for the other; counting these numbers, which never
/// happens, makes that plan look so dear that it is never taken.
const PLANNED_ANEW: &str = "($1 <> '' OR (SELECT COUNT(*) FROM generate_series(1, 1000000000)) > 0)";

/// A `LIKE` pattern for a substring, with the wildcards of `LIKE` taken literally (escape character `\`).
fn contains(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
