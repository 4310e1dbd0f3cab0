//! The table `documents`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "documents")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) intervention_id: Option<i64>,
    pub(crate) equipment_id: Option<i64>,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) size: i64,
    pub(crate) sha256: Vec<u8>,
    pub(crate) analysis: String,
    pub(crate) signature: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) is_internal: bool,
    pub(crate) uploaded_by: i64,
    pub(crate) file_id: Vec<u8>,
    pub(crate) key_id: String,
    pub(crate) wrapped_key: Vec<u8>,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
