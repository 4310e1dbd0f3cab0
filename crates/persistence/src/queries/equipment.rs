//! Equipment, read.

use std::sync::LazyLock;

use mif_domain::equipment::{Equipment, EquipmentId};
use mif_domain::paging::{Keyset, Page, PageRequest, SortValue};
use mif_domain::queries::{EquipmentFilter, EquipmentScope, EquipmentSort};
use mif_domain::repository::Stored;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, Iterable as _, QueryFilter as _, QuerySelect as _, QueryTrait as _, Select,
};

use super::SeaQueries;
use super::page::{SortBy, Within, fetch, holds};
use crate::entity::equipment as table;
use crate::errors::plain;
use crate::repositories::equipment::COLUMNS;

pub(super) async fn find(queries: &SeaQueries, id: EquipmentId, scope: EquipmentScope) -> Stored<Option<Equipment>> {
    // Written out because mobile clients send this all day: building it anew costs more than running it.
    static ANY: LazyLock<String> = LazyLock::new(|| format!("SELECT {COLUMNS} FROM equipment WHERE id = $1"));
    static OF_CUSTOMER: LazyLock<String> = LazyLock::new(|| format!("{} AND customer_id = $2", *ANY));
    let row = match scope {
        EquipmentScope::All => queries.one(&ANY, vec![id.0.into()]).await?,
        EquipmentScope::OfCustomer(customer) => queries.one(&OF_CUSTOMER, vec![id.0.into(), customer.0.into()]).await?,
        EquipmentScope::Nothing => return Ok(None),
    };
    let row = row.map(|row| table::Model::from_row(&row)).transpose().map_err(plain)?;
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
        .apply_if(filter.text.as_deref(), |rows, text| rows.filter(holds(queries.0.backend(), "equipment", text)))
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
    let within = match (scope, filter.customer_id) {
        (EquipmentScope::OfCustomer(customer), _) | (_, Some(customer)) => Within::Of("customer_id", customer.0),
        _ => Within::Table,
    };
    let sort = SortBy { column, nullable, id: Column::Id, names: None, within };
    fetch(&queries.0.reader, rows, sort, page, table::Model::from_row, keyset, table::Model::into_equipment).await
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
    use table::Column;
    let rows = table::Entity::find()
        .select_only()
        .columns(Column::iter().filter(|column| !matches!(column, Column::SearchText)));
    match scope {
        EquipmentScope::All => Some(rows),
        EquipmentScope::OfCustomer(customer) => Some(rows.filter(Column::CustomerId.eq(customer.0))),
        EquipmentScope::Nothing => None,
    }
}
