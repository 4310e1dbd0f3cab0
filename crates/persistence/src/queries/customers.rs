//! Customers, read.

use mif_domain::customers::{Customer, CustomerId};
use mif_domain::paging::{Keyset, Page, PageRequest, SortValue};
use mif_domain::queries::{CustomerFilter, CustomerScope, CustomerSort};
use mif_domain::repository::Stored;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult as _, QueryFilter as _, QueryResult, QueryTrait as _, Select,
};

use super::SeaQueries;
use super::page::{SortBy, Within, fetch, holds};
use crate::entity::customers as table;
use crate::errors::plain;

pub(super) async fn find(queries: &SeaQueries, id: CustomerId, scope: CustomerScope) -> Stored<Option<Customer>> {
    let Some(rows) = visible(scope) else { return Ok(None) };
    let row = rows.filter(table::Column::Id.eq(id.0)).one(&queries.0.reader).await.map_err(plain)?;
    row.map(table::Model::into_customer).transpose()
}

pub(super) async fn list(
    queries: &SeaQueries,
    scope: CustomerScope,
    filter: &CustomerFilter,
    page: &PageRequest<CustomerSort>,
) -> Stored<Page<Customer>> {
    use table::Column;
    let Some(rows) = visible(scope) else {
        return Ok(Page { items: Vec::new(), next: None, total: page.with_total.then_some(0) });
    };
    let rows = rows
        .apply_if(filter.text.as_deref(), |rows, text| rows.filter(holds(queries.0.backend(), "customers", text)))
        .apply_if(filter.service_level, |rows, level| rows.filter(Column::ServiceLevel.eq(level.as_str())))
        .apply_if(filter.is_active, |rows, active| rows.filter(Column::IsActive.eq(active)));
    let (column, nullable) = match page.sort {
        CustomerSort::Id => (Column::Id, false),
        CustomerSort::Name => (Column::Name, false),
        CustomerSort::City => (Column::City, true),
        CustomerSort::ServiceLevel => (Column::ServiceLevel, false),
        CustomerSort::CreatedAt => (Column::CreatedAt, false),
    };
    let sort = page.sort;
    let read = |row: &QueryResult| table::Model::from_query_result(row, "");
    let keyset = move |row: &table::Model| Keyset { id: row.id, value: sort_value(row, sort) };
    let by = SortBy { column, nullable, id: Column::Id, names: None, within: Within::Table };
    fetch(&queries.0.reader, rows, by, page, read, keyset, table::Model::into_customer).await
}

fn sort_value(row: &table::Model, sort: CustomerSort) -> SortValue {
    match sort {
        CustomerSort::Id => SortValue::Integer(row.id),
        CustomerSort::Name => SortValue::Text(row.name.clone()),
        CustomerSort::City => row.city.clone().map_or(SortValue::Null, SortValue::Text),
        CustomerSort::ServiceLevel => SortValue::Text(row.service_level.clone()),
        CustomerSort::CreatedAt => SortValue::Instant(row.created_at),
    }
}

fn visible(scope: CustomerScope) -> Option<Select<table::Entity>> {
    match scope {
        CustomerScope::All => Some(table::Entity::find()),
        CustomerScope::Only(id) => Some(table::Entity::find().filter(table::Column::Id.eq(id.0))),
        CustomerScope::Nothing => None,
    }
}
