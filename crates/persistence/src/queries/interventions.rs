//! Interventions, read.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use mif_domain::Instant;
use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::{HistoryEntry, InterventionId, NewHistoryEntry, Priority, Slot, Status};
use mif_domain::paging::{Keyset, Page, PageRequest, SortValue};
use mif_domain::queries::{
    Candidate, InterventionFilter, InterventionScope, InterventionSort, InterventionView, TimeSpan,
};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::technicians::{Availability, Level, TechnicianId};
use mif_domain::text::{Paragraph, searchable};
use mif_domain::users::UserId;
use sea_orm::sea_query::{Expr, ExprTrait as _, SimpleExpr};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, DbErr, EntityTrait as _, IdenStatic as _, Iterable as _,
    QueryFilter as _, QueryResult, QuerySelect as _, QueryTrait as _, RuntimeErr, Select,
};
use sqlx::{ColumnIndex, Decode, Row};

use super::SeaQueries;
use super::page::{Names, SortBy, Within, fetch, holds};
use crate::entity::interventions as table;
use crate::entity::interventions::{OPEN_WORK, status_rank};
use crate::errors::plain;

/// A row beside the names of its machine and its technician.
struct Named {
    row: table::Model,
    equipment_name: String,
    technician_name: Option<String>,
}

pub(super) async fn find(
    queries: &SeaQueries,
    id: InterventionId,
    scope: InterventionScope,
) -> Stored<Option<InterventionView>> {
    // Written out because mobile clients send this all day: building it anew costs more than running it.
    static ANY: LazyLock<String> = LazyLock::new(|| {
        let columns: Vec<_> = columns().map(|column| format!("interventions.{}", column.as_str())).collect();
        let (columns, Names { columns: names, joins }) = (columns.join(", "), NAMES);
        let joins = joins.replace("page.", "interventions.");
        format!("SELECT {columns}, {names} FROM interventions {joins} WHERE interventions.id = $1")
    });
    static OF_TECHNICIAN: LazyLock<String> =
        LazyLock::new(|| format!("{} AND (interventions.technician_id = $2 OR ({}))", *ANY, *UNASSIGNED));
    static OF_NOBODY: LazyLock<String> = LazyLock::new(|| format!("{} AND {}", *ANY, *UNASSIGNED));
    static OF_CUSTOMER: LazyLock<String> = LazyLock::new(|| format!("{} AND interventions.customer_id = $2", *ANY));
    let row = match scope {
        InterventionScope::All => queries.one(&ANY, vec![id.0.into()]).await?,
        InterventionScope::OfTechnician(own) => queries.one(&OF_TECHNICIAN, vec![id.0.into(), own.0.into()]).await?,
        InterventionScope::Unassigned => queries.one(&OF_NOBODY, vec![id.0.into()]).await?,
        InterventionScope::OfCustomer(own) => queries.one(&OF_CUSTOMER, vec![id.0.into(), own.0.into()]).await?,
        InterventionScope::Nothing => None,
    };
    let named = row.as_ref().map(Named::read).transpose().map_err(plain)?;
    named.map(Named::into_view).transpose()
}

pub(super) async fn list(
    queries: &SeaQueries,
    scope: InterventionScope,
    filter: &InterventionFilter,
    page: &PageRequest<InterventionSort>,
) -> Stored<Page<InterventionView>> {
    use table::Column;
    let rows = table::Entity::find().select_only().columns(columns());
    let of = |column, id| Within::Of(column, id);
    let (rows, within) = match scope {
        InterventionScope::OfTechnician(id) => {
            // Placed by the query builder: a number of our own would be that of another value wherever something stands
            // before it.
            let beside = Expr::val(id.0).gt(Expr::Constant(0_i64.into())).and(Expr::cust(&*UNASSIGNED));
            let parts = [Column::TechnicianId.eq(id.0), beside];
            (rows, Within::OfAndBeside("technician_id", id.0, Box::new(parts)))
        }
        InterventionScope::OfCustomer(id) => (rows.filter(Column::CustomerId.eq(id.0)), of("customer_id", id.0)),
        InterventionScope::Unassigned => (rows.filter(Expr::cust(&*UNASSIGNED)), Within::Table),
        InterventionScope::Nothing => {
            return Ok(Page { items: Vec::new(), next: None, total: page.with_total.then_some(0) });
        }
        InterventionScope::All => {
            let machine = filter.equipment_id.map(|id| of("equipment_id", id.0));
            let technician = filter.technician_id.map(|id| of("technician_id", id.0));
            let customer = filter.customer_id.map(|id| of("customer_id", id.0));
            (rows, machine.or(technician).or(customer).unwrap_or(Within::Table))
        }
    };
    let rows = narrowed(queries, rows, filter);
    let (column, nullable) = match page.sort {
        InterventionSort::Id => (Column::Id, false),
        InterventionSort::Reference => (Column::Reference, false),
        InterventionSort::Title => (Column::Title, false),
        InterventionSort::Status => (Column::StatusRank, false),
        InterventionSort::Priority => (Column::PriorityRank, false),
        InterventionSort::CreatedAt => (Column::CreatedAt, false),
        InterventionSort::DueAt => (Column::DueAt, true),
        InterventionSort::PlannedStart => (Column::PlannedStartAt, true),
        InterventionSort::UpdatedAt => (Column::UpdatedAt, false),
    };
    let sort = page.sort;
    let keyset = move |named: &Named| Keyset { id: named.row.id, value: sort_value(&named.row, sort) };
    let by = SortBy { column, nullable, id: Column::Id, names: Some(NAMES), within };
    fetch(&queries.0.reader, rows, by, page, Named::read, keyset, Named::into_view).await
}

fn narrowed(queries: &SeaQueries, rows: Select<table::Entity>, filter: &InterventionFilter) -> Select<table::Entity> {
    use table::Column;
    let statuses = (!filter.statuses.is_empty()).then_some(&filter.statuses);
    rows.apply_if(filter.text.as_deref(), |rows, text| rows.filter(holds(queries.0.backend(), "interventions", text)))
        .apply_if(statuses, |rows, statuses| rows.filter(is_in_state(statuses)))
        .apply_if(filter.kind, |rows, kind| rows.filter(Column::Kind.eq(kind.as_str())))
        .apply_if(filter.priority, |rows, priority| rows.filter(Column::PriorityRank.eq(priority_rank(priority))))
        .apply_if(filter.is_urgent, |rows, urgent| rows.filter(Column::IsUrgent.eq(urgent)))
        .apply_if(filter.technician_id, |rows, id| rows.filter(Column::TechnicianId.eq(id.0)))
        .apply_if(filter.equipment_id, |rows, id| rows.filter(Column::EquipmentId.eq(id.0)))
        .apply_if(filter.customer_id, |rows, id| rows.filter(Column::CustomerId.eq(id.0)))
        .filter(within(Column::CreatedAt, filter.created))
        .filter(within(Column::DueAt, filter.due))
        .apply_if(filter.late_at, |rows, (late, at)| {
            let is_late = Column::DueAt.is_not_null().and(Column::DueAt.lt(at)).and(Expr::cust(OPEN_WORK));
            rows.filter(if late { is_late } else { is_late.not() })
        })
}

/// The generated column of the same name, see [`status_rank`].
fn priority_rank(priority: Priority) -> i64 {
    match priority {
        Priority::Scheduled => 1,
        Priority::Low => 2,
        Priority::Normal => 3,
        Priority::High => 4,
        Priority::Urgent => 5,
    }
}

fn within(column: table::Column, span: TimeSpan) -> Condition {
    let from = span.from.map(|from| column.gte(from));
    let until = span.until.map(|until| column.lt(until));
    Condition::all().add_option(from).add_option(until)
}

/// With the ranks in the statement itself: PostgreSQL would not take the index on open work for any bound value, and SQLite
/// for nothing but its own words.
fn is_in_state(statuses: &[Status]) -> SimpleExpr {
    let ranks = statuses.iter().map(|status| Expr::Constant(status_rank(*status).into()));
    let in_state = Expr::col((table::Entity, table::Column::StatusRank)).is_in(ranks);
    if statuses.iter().all(|status| status.is_open_work()) { in_state.and(Expr::cust(OPEN_WORK)) } else { in_state }
}

/// What any technician may take, in the words of the index on it.
static UNASSIGNED: LazyLock<String> = LazyLock::new(|| {
    let rank = status_rank(Status::Open);
    format!("interventions.technician_id IS NULL AND interventions.status_rank = {rank} AND {OPEN_WORK}")
});

/// The columns of an intervention in the order of its entity, without the text that is only for searching.
fn columns() -> impl Iterator<Item = table::Column> {
    table::Column::iter().filter(|column| !matches!(column, table::Column::SearchText))
}

/// What a scope lets through.
pub(super) enum Visible {
    Everything,
    Some(SimpleExpr),
    Nothing,
}

pub(super) fn visible(scope: InterventionScope) -> Visible {
    use table::Column;
    let unassigned = || Expr::cust(&*UNASSIGNED);
    match scope {
        InterventionScope::All => Visible::Everything,
        InterventionScope::OfTechnician(id) => Visible::Some(Column::TechnicianId.eq(id.0).or(unassigned())),
        InterventionScope::Unassigned => Visible::Some(unassigned()),
        InterventionScope::OfCustomer(id) => Visible::Some(Column::CustomerId.eq(id.0)),
        InterventionScope::Nothing => Visible::Nothing,
    }
}

/// The names that go with the rows of a page.
const NAMES: Names = Names {
    columns: "equipment.name AS equipment_name, COALESCE(users.full_name, users.username) AS technician_name",
    joins: "JOIN equipment ON equipment.id = page.equipment_id \
        LEFT JOIN technicians ON technicians.id = page.technician_id \
        LEFT JOIN users ON users.id = technicians.user_id",
};

fn sort_value(row: &table::Model, sort: InterventionSort) -> SortValue {
    let optional = |at: Option<Instant>| at.map_or(SortValue::Null, SortValue::Instant);
    match sort {
        InterventionSort::Id => SortValue::Integer(row.id),
        InterventionSort::Reference => SortValue::Text(row.reference.clone()),
        InterventionSort::Title => SortValue::Text(row.title.clone()),
        InterventionSort::Status => SortValue::Integer(row.status_rank),
        InterventionSort::Priority => SortValue::Integer(row.priority_rank),
        InterventionSort::CreatedAt => SortValue::Instant(row.created_at),
        InterventionSort::DueAt => optional(row.due_at),
        InterventionSort::PlannedStart => optional(row.planned_start_at),
        InterventionSort::UpdatedAt => SortValue::Instant(row.updated_at),
    }
}

impl Named {
    /// Reads a row by position, straight from the driver: see `equipment::Model::from_row`.
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        let decoded = match (row.try_as_pg_row(), row.try_as_sqlite_row()) {
            (Some(row), _) => Self::decode(row),
            (None, Some(row)) => Self::decode(row),
            (None, None) => return Err(DbErr::Type("a row of neither database".to_owned())),
        };
        decoded.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))
    }

    fn decode<'r, R: Row>(row: &'r R) -> Result<Self, sqlx::Error>
    where
        usize: ColumnIndex<R>,
        i64: Decode<'r, R::Database>,
        bool: Decode<'r, R::Database>,
        String: Decode<'r, R::Database>,
        Instant: Decode<'r, R::Database>,
    {
        let model = table::Model {
            id: row.try_get_unchecked(0)?,
            reference: row.try_get_unchecked(1)?,
            title: row.try_get_unchecked(2)?,
            description: row.try_get_unchecked(3)?,
            kind: row.try_get_unchecked(4)?,
            status: row.try_get_unchecked(5)?,
            priority: row.try_get_unchecked(6)?,
            is_urgent: row.try_get_unchecked(7)?,
            equipment_id: row.try_get_unchecked(8)?,
            technician_id: row.try_get_unchecked(9)?,
            customer_id: row.try_get_unchecked(10)?,
            author_id: row.try_get_unchecked(11)?,
            due_at: row.try_get_unchecked(12)?,
            planned_start_at: row.try_get_unchecked(13)?,
            planned_end_at: row.try_get_unchecked(14)?,
            estimated_minutes: row.try_get_unchecked(15)?,
            started_at: row.try_get_unchecked(16)?,
            finished_at: row.try_get_unchecked(17)?,
            closed_at: row.try_get_unchecked(18)?,
            report: row.try_get_unchecked(19)?,
            failure_cause: row.try_get_unchecked(20)?,
            downtime_minutes: row.try_get_unchecked(21)?,
            rating: row.try_get_unchecked(22)?,
            late_notified_at: row.try_get_unchecked(23)?,
            // Only for searching.
            search_text: String::new(),
            created_at: row.try_get_unchecked(24)?,
            updated_at: row.try_get_unchecked(25)?,
            version: row.try_get_unchecked(26)?,
            priority_rank: row.try_get_unchecked(27)?,
            status_rank: row.try_get_unchecked(28)?,
        };
        let equipment_name = row.try_get_unchecked(29)?;
        Ok(Self { row: model, equipment_name, technician_name: row.try_get_unchecked(30)? })
    }

    fn into_view(self) -> Stored<InterventionView> {
        Ok(InterventionView {
            intervention: self.row.into_intervention()?,
            equipment_name: self.equipment_name,
            technician_name: self.technician_name,
        })
    }
}

// An internal entry that is a step stays, without its remark and without a word that there is one; an internal comment is
// left out.
const HISTORY: &str = "\
    SELECT intervention_history.id, user_id, COALESCE(full_name, username) AS author, from_status, status, \
      CASE WHEN $2 OR NOT is_internal THEN remark END AS remark, is_internal AND $2 AS is_internal, at \
    FROM intervention_history LEFT JOIN users ON users.id = user_id \
    WHERE intervention_id = $1 AND ($2 OR NOT is_internal OR from_status IS NOT NULL) \
    ORDER BY intervention_history.id LIMIT 1000";

pub(super) async fn history(queries: &SeaQueries, id: InterventionId, internal: bool) -> Stored<Vec<HistoryEntry>> {
    let statement = queries.statement(HISTORY, vec![id.0.into(), internal.into()]);
    let rows = queries.0.reader.query_all_raw(statement).await.map_err(plain)?;
    rows.iter().map(|row| history_entry(id, row)).collect()
}

fn history_entry(intervention_id: InterventionId, row: &QueryResult) -> Stored<HistoryEntry> {
    let id: i64 = row.try_get("", "id").map_err(plain)?;
    let bad =
        |column: &str, why: &dyn std::fmt::Display| RepositoryError::corrupt("intervention_history", column, id, why);
    let status = |column: &str, word: String| Status::from_stored(&word).ok_or_else(|| bad(column, &"is unknown"));
    let from: Option<String> = row.try_get("", "from_status").map_err(plain)?;
    let remark: Option<String> = row.try_get("", "remark").map_err(plain)?;
    let entry = NewHistoryEntry {
        intervention_id,
        user_id: row.try_get::<Option<i64>>("", "user_id").map_err(plain)?.map(UserId),
        from: from.map(|word| status("from_status", word)).transpose()?,
        status: status("status", row.try_get("", "status").map_err(plain)?)?,
        remark: remark.map(Paragraph::from_string).transpose().map_err(|why| bad("remark", &why))?,
        is_internal: row.try_get("", "is_internal").map_err(plain)?,
        at: row.try_get("", "at").map_err(plain)?,
    };
    Ok(HistoryEntry { id, author: row.try_get("", "author").map_err(plain)?, entry })
}

static CANDIDATES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT technicians.id, COALESCE(full_name, username) AS name, availability, zone, \
           (SELECT count(*) FROM interventions WHERE technician_id = technicians.id AND {OPEN_WORK}) AS open_work, \
           EXISTS (SELECT 1 FROM interventions WHERE technician_id = technicians.id AND {OPEN_WORK} \
              AND planned_start_at < $2 AND planned_end_at > $1 AND interventions.id <> $3) AS slot_taken \
         FROM technicians JOIN users ON users.id = user_id \
         WHERE archived_at IS NULL AND is_active ORDER BY technicians.id LIMIT 1000"
    )
});

pub(super) async fn candidates(
    queries: &SeaQueries,
    equipment: EquipmentId,
    slot: Option<Slot>,
    except: InterventionId,
) -> Stored<Vec<Candidate>> {
    let sql = "SELECT kind FROM equipment WHERE id = $1";
    let Some(row) = queries.one(sql, vec![equipment.0.into()]).await? else { return Ok(Vec::new()) };
    let kind: String = row.try_get("", "kind").map_err(plain)?;
    let mut skills = matching_skills(queries, &searchable(&kind)).await?;
    // Without a slot nothing overlaps: an empty span in the far past.
    let never = chrono::DateTime::UNIX_EPOCH;
    let (start, end) = slot.map_or((never, never), |slot| (slot.start(), slot.end()));
    let statement = queries.statement(&CANDIDATES, vec![start.into(), end.into(), except.0.into()]);
    let rows = queries.0.reader.query_all_raw(statement).await.map_err(plain)?;
    rows.iter().map(|row| candidate(row, &mut skills)).collect()
}

fn candidate(row: &QueryResult, skills: &mut HashMap<i64, Vec<(String, Level)>>) -> Stored<Candidate> {
    let id: i64 = row.try_get("", "id").map_err(plain)?;
    let availability: String = row.try_get("", "availability").map_err(plain)?;
    let unknown = || RepositoryError::corrupt("technicians", "availability", id, "is unknown");
    let open_work: i64 = row.try_get("", "open_work").map_err(plain)?;
    Ok(Candidate {
        technician_id: TechnicianId(id),
        name: row.try_get("", "name").map_err(plain)?,
        availability: Availability::from_stored(&availability).ok_or_else(unknown)?,
        zone: row.try_get("", "zone").map_err(plain)?,
        matching_skills: skills.remove(&id).unwrap_or_default(),
        open_work: u64::try_from(open_work).unwrap_or_default(),
        slot_taken: row.try_get("", "slot_taken").map_err(plain)?,
    })
}

/// Who has a skill whose name or domain is this kind of machine.
async fn matching_skills(queries: &SeaQueries, kind: &str) -> Stored<HashMap<i64, Vec<(String, Level)>>> {
    let mut matching: HashMap<i64, Vec<(String, Level)>> = HashMap::new();
    // Folded here, each skill once and not each time that somebody has it.
    let skills = queries.statement("SELECT id, name, domain FROM skills ORDER BY id", Vec::new());
    let mut ids: Vec<String> = Vec::new();
    for row in &queries.0.reader.query_all_raw(skills).await.map_err(plain)? {
        let text = |column| row.try_get::<String>("", column).map_err(plain);
        if searchable(&text("name")?) == kind || searchable(&text("domain")?) == kind {
            ids.push(row.try_get::<i64>("", "id").map_err(plain)?.to_string());
        }
    }
    if ids.is_empty() {
        return Ok(matching);
    }
    // Identifiers are numbers of our own: they may stand in the statement.
    let sql = format!(
        "SELECT technician_id, name, level FROM technician_skills JOIN skills ON skills.id = skill_id \
         WHERE skill_id IN ({}) ORDER BY technician_id, name",
        ids.join(", ")
    );
    let rows = queries.0.reader.query_all_raw(queries.statement(&sql, Vec::new())).await.map_err(plain)?;
    for row in &rows {
        let technician: i64 = row.try_get("", "technician_id").map_err(plain)?;
        let level: String = row.try_get("", "level").map_err(plain)?;
        let unknown = || RepositoryError::corrupt("technician_skills", "level", technician, "is unknown");
        let level = Level::from_stored(&level).ok_or_else(unknown)?;
        matching.entry(technician).or_default().push((row.try_get("", "name").map_err(plain)?, level));
    }
    Ok(matching)
}
