//! The table `users`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) email_norm: String,
    pub(crate) full_name: Option<String>,
    pub(crate) search_text: String,
    pub(crate) role: String,
    pub(crate) is_active: bool,
    pub(crate) customer_id: Option<i64>,
    pub(crate) language: String,
    pub(crate) password_hash: String,
    pub(crate) password_changed_at: DateTimeUtc,
    pub(crate) must_change_password: bool,
    pub(crate) mfa_active: bool,
    pub(crate) last_login_at: Option<DateTimeUtc>,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) updated_at: DateTimeUtc,
    pub(crate) version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
