//! The table `equipment`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "equipment")]
#[expect(clippy::struct_field_names, reason = "a machine has a model")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) code: Option<String>,
    pub(crate) kind: String,
    pub(crate) location: String,
    pub(crate) parent_id: Option<i64>,
    pub(crate) customer_id: Option<i64>,
    pub(crate) brand: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) serial_number: Option<String>,
    pub(crate) status: String,
    pub(crate) criticality: String,
    pub(crate) maintenance_interval_days: Option<i64>,
    pub(crate) commissioned_on: Option<Date>,
    pub(crate) description: Option<String>,
    pub(crate) search_text: String,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) updated_at: DateTimeUtc,
    pub(crate) version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
