//! Equipment, read.

use mif_domain::equipment::{Equipment, EquipmentId};
use mif_domain::paging::{Keyset, Page, PageRequest, SortValue};
use mif_domain::queries::{EquipmentFilter, EquipmentScope, EquipmentSort};
use mif_domain::repository::Stored;
use mif_domain::text::searchable;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, FromQueryResult as _, QueryFilter as _, QueryTrait as _, Select};

use super::SeaQueries;
use super::page::{SortBy, contains, fetch};
use crate::entity::equipment as table;
use crate::errors::plain;

// Written out because this is the statement that mobile clients send all day: building it anew costs more than running it.
const FIND: &str = "\
    SELECT id, name, code, kind, location, parent_id, customer_id, brand, model, serial_number, status, criticality, \
      maintenance_interval_days, commissioned_on, description, search_text, created_at, updated_at, version \
    FROM equipment WHERE id = $1";
const OF_CUSTOMER: &str = " AND customer_id = $2";

pub(super) async fn find(queries: &SeaQueries, id: EquipmentId, scope: EquipmentScope) -> Stored<Option<Equipment>> {
    let statement = match scope {
        EquipmentScope::All => queries.statement(FIND, vec![id.0.into()]),
        EquipmentScope::OfCustomer(customer) => {
            queries.statement(&format!("{FIND}{OF_CUSTOMER}"), vec![id.0.into(), customer.0.into()])
        }
        EquipmentScope::Nothing => return Ok(None),
    };
    let row = table::Model::find_by_statement(statement).one(&queries.0.reader).await.map_err(plain)?;
    row.map(table::Model::into_equipment).transpose()
}

pub(super) async fn list(
    queries: &SeaQueries,
    scope: EquipmentScope,
    filter: &EquipmentFilter,
    page: &PageRequest<EquipmentSort>,
) -> Stored<Page<Equipment>> {
    use table::Column;
    let Some(rows) = visible(scope) else {
        return Ok(Page { items: Vec::new(), next: None, total: page.with_total.then_some(0) });
    };
    let rows = rows
        .apply_if(filter.text.as_deref(), |rows, text| {
            rows.filter(Expr::col(Column::SearchText).like(contains(&searchable(text))))
        })
        .apply_if(filter.status, |rows, status| rows.filter(Column::Status.eq(status.as_str())))
        .apply_if(filter.criticality, |rows, criticality| rows.filter(Column::Criticality.eq(criticality.as_str())))
        .apply_if(filter.kind.as_deref(), |rows, kind| rows.filter(Column::Kind.eq(kind)))
        .apply_if(filter.location.as_deref(), |rows, location| rows.filter(Column::Location.eq(location)))
        .apply_if(filter.parent_id, |rows, parent| rows.filter(Column::ParentId.eq(parent.0)))
        .apply_if(filter.customer_id, |rows, customer| rows.filter(Column::CustomerId.eq(customer.0)));
    let (column, nullable) = match page.sort {
        EquipmentSort::Id => (Column::Id, false),
        EquipmentSort::Name => (Column::Name, false),
        EquipmentSort::Code => (Column::Code, true),
        EquipmentSort::Kind => (Column::Kind, false),
        EquipmentSort::Location => (Column::Location, false),
        EquipmentSort::Status => (Column::Status, false),
        EquipmentSort::Criticality => (Column::Criticality, false),
        EquipmentSort::CreatedAt => (Column::CreatedAt, false),
        EquipmentSort::UpdatedAt => (Column::UpdatedAt, false),
    };
    let sort = page.sort;
    let keyset = move |row: &table::Model| Keyset { id: row.id, value: sort_value(row, sort) };
    let sort = SortBy { column, nullable, id: Column::Id };
    fetch(&queries.0.reader, rows, sort, page, keyset, table::Model::into_equipment).await
}

fn sort_value(row: &table::Model, sort: EquipmentSort) -> SortValue {
    match sort {
        EquipmentSort::Id => SortValue::Integer(row.id),
        EquipmentSort::Name => SortValue::Text(row.name.clone()),
        EquipmentSort::Code => row.code.clone().map_or(SortValue::Null, SortValue::Text),
        EquipmentSort::Kind => SortValue::Text(row.kind.clone()),
        EquipmentSort::Location => SortValue::Text(row.location.clone()),
        EquipmentSort::Status => SortValue::Text(row.status.clone()),
        EquipmentSort::Criticality => SortValue::Text(row.criticality.clone()),
        EquipmentSort::CreatedAt => SortValue::Instant(row.created_at),
        EquipmentSort::UpdatedAt => SortValue::Instant(row.updated_at),
    }
}

fn visible(scope: EquipmentScope) -> Option<Select<table::Entity>> {
    match scope {
        EquipmentScope::All => Some(table::Entity::find()),
        EquipmentScope::OfCustomer(customer) => {
            Some(table::Entity::find().filter(table::Column::CustomerId.eq(customer.0)))
        }
        EquipmentScope::Nothing => None,
    }
}
