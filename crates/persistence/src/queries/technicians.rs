//! Technicians and skills, read.

use std::collections::HashMap;

use mif_domain::Instant;
use mif_domain::paging::{Keyset, Page, PageRequest, SortValue};
use mif_domain::queries::{
    SkillFilter, SkillSort, TechnicianFilter, TechnicianLoad, TechnicianSort, TechnicianView, UserView,
};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::technicians::{HeldSkill, Level, Skill, TechnicianId};
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, JoinType, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait as _, DatabaseBackend, DbErr, EntityTrait as _, FromQueryResult as _, IdenStatic,
    Iterable as _, QueryFilter as _, QueryResult, QueryTrait, Select,
};

use super::SeaQueries;
use super::page::{SortBy, Within, fetch, holds};
use crate::entity::interventions::OPEN_WORK;
use crate::entity::{skills, technicians as table, users};
use crate::errors::plain;

/// A technician's row beside the row of their account.
type Row = (table::Model, users::Model);

pub(super) async fn find(queries: &SeaQueries, id: TechnicianId) -> Stored<Option<TechnicianView>> {
    let statement = with_accounts().filter(table::Column::Id.eq(id.0)).build(queries.0.backend());
    let row = queries.0.reader.query_one_raw(statement).await.map_err(plain)?;
    let Some(row) = row.as_ref().map(read).transpose().map_err(plain)? else { return Ok(None) };
    let mut held = held_skills(queries, &[id.0]).await?;
    view(row, &mut held).map(Some)
}

pub(super) async fn list(
    queries: &SeaQueries,
    filter: &TechnicianFilter,
    page: &PageRequest<TechnicianSort>,
) -> Stored<Page<TechnicianView>> {
    use table::Column;
    let rows = with_accounts()
        .apply_if(filter.text.as_deref(), |rows, text| rows.filter(holds(queries.0.backend(), "users", text)))
        .apply_if(filter.team.as_deref(), |rows, team| rows.filter(Column::Team.eq(team)))
        .apply_if(filter.zone.as_deref(), |rows, zone| rows.filter(Column::Zone.eq(zone)))
        .apply_if(filter.availability, |rows, state| rows.filter(Column::Availability.eq(state.as_str())))
        .apply_if(filter.level, |rows, level| rows.filter(Column::Level.eq(level.as_str())))
        .apply_if(filter.skill_id, |rows, skill| {
            let mut held = Query::select();
            held.column(Alias::new("technician_id")).from(Alias::new("technician_skills"));
            held.and_where(Expr::col(Alias::new("skill_id")).eq(skill.0));
            rows.filter(Column::Id.in_subquery(held))
        })
        .apply_if((!filter.with_archived).then_some(()), |rows, ()| rows.filter(Column::ArchivedAt.is_null()));
    let sort = page.sort;
    let keyset = move |(row, user): &Row| Keyset { id: row.id, value: sort_value(row, user, sort) };
    let reader = &queries.0.reader;
    let id = Column::Id;
    let own = |column: Column, nullable| SortBy { column, nullable, id, names: None, within: Within::Table };
    let rows = match sort {
        TechnicianSort::Username => {
            let by =
                SortBy { column: users::Column::Username, nullable: false, id, names: None, within: Within::Table };
            fetch(reader, rows, by, page, read, keyset, Ok).await
        }
        TechnicianSort::Id => fetch(reader, rows, own(Column::Id, false), page, read, keyset, Ok).await,
        TechnicianSort::Team => fetch(reader, rows, own(Column::Team, true), page, read, keyset, Ok).await,
        TechnicianSort::Zone => fetch(reader, rows, own(Column::Zone, true), page, read, keyset, Ok).await,
        TechnicianSort::Availability => {
            fetch(reader, rows, own(Column::Availability, false), page, read, keyset, Ok).await
        }
    }?;
    let ids: Vec<i64> = rows.items.iter().map(|(row, _)| row.id).collect();
    let mut held = held_skills(queries, &ids).await?;
    let items = rows.items.into_iter().map(|row| view(row, &mut held)).collect::<Stored<_>>()?;
    Ok(Page { items, next: rows.next, total: rows.total })
}

fn sort_value(row: &table::Model, user: &users::Model, sort: TechnicianSort) -> SortValue {
    let optional = |text: &Option<String>| text.clone().map_or(SortValue::Null, SortValue::Text);
    match sort {
        TechnicianSort::Id => SortValue::Integer(row.id),
        TechnicianSort::Username => SortValue::Text(user.username.clone()),
        TechnicianSort::Team => optional(&row.team),
        TechnicianSort::Zone => optional(&row.zone),
        TechnicianSort::Availability => SortValue::Text(row.availability.clone()),
    }
}

/// Technicians beside their accounts, whose columns begin with `user_`.
fn with_accounts() -> Select<table::Entity> {
    let mut rows = table::Entity::find();
    let account = Expr::col((users::Entity, users::Column::Id)).equals((table::Entity, table::Column::UserId));
    let query = QueryTrait::query(&mut rows);
    query.join(JoinType::InnerJoin, users::Entity, account);
    for column in users::Column::iter() {
        query.expr_as(Expr::col((users::Entity, column)), format!("account_{}", IdenStatic::as_str(&column)));
    }
    rows
}

fn read(row: &QueryResult) -> Result<Row, DbErr> {
    Ok((table::Model::from_query_result(row, "")?, users::Model::from_query_result(row, "account_")?))
}

fn view((row, user): Row, held: &mut HashMap<i64, Vec<HeldSkill>>) -> Stored<TechnicianView> {
    let skills = held.remove(&row.id).unwrap_or_default();
    Ok(TechnicianView { technician: row.into_technician()?, user: UserView::from(user.into_user()?), skills })
}

/// The skills of technicians, by name.
async fn held_skills(queries: &SeaQueries, technicians: &[i64]) -> Stored<HashMap<i64, Vec<HeldSkill>>> {
    let mut held: HashMap<i64, Vec<HeldSkill>> = HashMap::new();
    if technicians.is_empty() {
        return Ok(held);
    }
    // Identifiers are numbers of our own: they may stand in the statement.
    let ids: Vec<String> = technicians.iter().map(ToString::to_string).collect();
    let sql = format!(
        "SELECT technician_id, technician_skills.level, skills.id, name, name_norm, domain \
         FROM technician_skills JOIN skills ON skills.id = skill_id \
         WHERE technician_id IN ({}) ORDER BY name, skills.id",
        ids.join(", ")
    );
    let rows = queries.0.reader.query_all_raw(queries.statement(&sql, Vec::new())).await.map_err(plain)?;
    for row in &rows {
        let technician: i64 = row.try_get("", "technician_id").map_err(plain)?;
        held.entry(technician).or_default().push(held_skill(row)?);
    }
    Ok(held)
}

fn held_skill(row: &QueryResult) -> Stored<HeldSkill> {
    let level: String = row.try_get("", "level").map_err(plain)?;
    let skill = skills::Model::from_query_result(row, "").map_err(plain)?;
    let unknown = || RepositoryError::corrupt("technician_skills", "level", skill.id, "is unknown");
    let level = Level::from_stored(&level).ok_or_else(unknown)?;
    Ok(HeldSkill { skill: skill.into_skill()?, level })
}

/// How long a slot is, in whole minutes.
fn slot_minutes(backend: DatabaseBackend) -> &'static str {
    match backend {
        DatabaseBackend::Postgres => {
            "CAST(FLOOR(EXTRACT(EPOCH FROM planned_end_at - planned_start_at) / 60) AS BIGINT)"
        }
        // Seconds with a fraction, to the millisecond; the little more makes up for what a sum of such is short of.
        _ => {
            "CAST((unixepoch(planned_end_at, 'subsec') - unixepoch(planned_start_at, 'subsec') + 0.0001) / 60 AS INTEGER)"
        }
    }
}

pub(super) async fn load(
    queries: &SeaQueries,
    id: TechnicianId,
    from: Instant,
    until: Instant,
    now: Instant,
) -> Stored<TechnicianLoad> {
    let planned = "planned_start_at >= $2 AND planned_start_at < $3";
    let minutes = format!("COALESCE(estimated_minutes, {})", slot_minutes(queries.0.backend()));
    let sql = format!(
        "SELECT COUNT(CASE WHEN {planned} THEN 1 END) AS planned, \
           CAST(COALESCE(SUM(CASE WHEN {planned} THEN {minutes} END), 0) AS BIGINT) AS planned_minutes, \
           COUNT(CASE WHEN planned_start_at IS NULL THEN 1 END) AS unplanned, \
           COUNT(CASE WHEN due_at < $4 THEN 1 END) AS late \
         FROM interventions WHERE technician_id = $1 AND {OPEN_WORK}"
    );
    let nothing = TechnicianLoad { planned: 0, planned_minutes: 0, unplanned: 0, late: 0 };
    let Some(row) = queries.one(&sql, vec![id.0.into(), from.into(), until.into(), now.into()]).await? else {
        return Ok(nothing);
    };
    let number = |column| {
        let number: i64 = row.try_get("", column).map_err(plain)?;
        Ok(u64::try_from(number).unwrap_or_default())
    };
    Ok(TechnicianLoad {
        planned: number("planned")?,
        planned_minutes: number("planned_minutes")?,
        unplanned: number("unplanned")?,
        late: number("late")?,
    })
}

pub(super) async fn list_skills(
    queries: &SeaQueries,
    filter: &SkillFilter,
    page: &PageRequest<SkillSort>,
) -> Stored<Page<Skill>> {
    use skills::Column;
    let rows = skills::Entity::find()
        .apply_if(filter.domain.as_deref(), |rows, domain| rows.filter(Column::Domain.eq(domain)));
    let column = match page.sort {
        SkillSort::Id => Column::Id,
        SkillSort::Name => Column::Name,
        SkillSort::Domain => Column::Domain,
    };
    let sort = page.sort;
    let read = |row: &QueryResult| skills::Model::from_query_result(row, "");
    let keyset = move |row: &skills::Model| {
        let value = match sort {
            SkillSort::Id => SortValue::Integer(row.id),
            SkillSort::Name => SortValue::Text(row.name.clone()),
            SkillSort::Domain => SortValue::Text(row.domain.clone()),
        };
        Keyset { id: row.id, value }
    };
    let by = SortBy { column, nullable: false, id: Column::Id, names: None, within: Within::Table };
    fetch(&queries.0.reader, rows, by, page, read, keyset, skills::Model::into_skill).await
}
