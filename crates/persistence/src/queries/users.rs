//! Users, read.

use mif_domain::Instant;
use mif_domain::paging::{Keyset, Page, PageRequest, SortValue};
use mif_domain::queries::{Credentials, UserFilter, UserScope, UserSort, UserView};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::users::{EmailAddress, PasswordHash, SignInName, UserId};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult as _, QueryFilter as _, QueryResult, QueryTrait as _, Select,
};

use super::SeaQueries;
use super::page::{SortBy, Within, fetch, holds};
use crate::entity::users as table;
use crate::errors::plain;

pub(super) async fn find_credentials(queries: &SeaQueries, name: &SignInName) -> Stored<Option<Credentials>> {
    let by_name = match name {
        SignInName::Username(username) => table::Column::Username.eq(username.as_str()),
        SignInName::Email(email) => table::Column::EmailNorm.eq(email.normalized()),
    };
    let row = table::Entity::find().filter(by_name).one(&queries.0.reader).await.map_err(plain)?;
    Ok(row.map(|row| Credentials {
        user_id: UserId(row.id),
        password_hash: PasswordHash::from_phc(row.password_hash),
        is_active: row.is_active,
    }))
}

pub(super) async fn find(queries: &SeaQueries, id: UserId, scope: UserScope) -> Stored<Option<UserView>> {
    let row = visible(scope).filter(table::Column::Id.eq(id.0)).one(&queries.0.reader).await.map_err(plain)?;
    row.map(view).transpose()
}

pub(super) async fn find_wanted_email(queries: &SeaQueries, user: UserId, at: Instant) -> Stored<Option<EmailAddress>> {
    let sql = "SELECT new_email FROM email_changes WHERE user_id = $1 AND expires_at > $2";
    let Some(row) = queries.one(sql, vec![user.0.into(), at.into()]).await? else { return Ok(None) };
    let email: String = row.try_get("", "new_email").map_err(plain)?;
    let bad = |why| RepositoryError::corrupt("email_changes", "new_email", user.0, why);
    EmailAddress::parse(&email).map(Some).map_err(bad)
}

pub(super) async fn list(
    queries: &SeaQueries,
    scope: UserScope,
    filter: &UserFilter,
    page: &PageRequest<UserSort>,
) -> Stored<Page<UserView>> {
    use table::Column;
    let rows = visible(scope)
        .apply_if(filter.text.as_deref(), |rows, text| rows.filter(holds(queries.0.backend(), "users", text)))
        .apply_if(filter.role, |rows, role| rows.filter(Column::Role.eq(role.as_str())))
        .apply_if(filter.is_active, |rows, active| rows.filter(Column::IsActive.eq(active)))
        .apply_if(filter.customer_id, |rows, customer| rows.filter(Column::CustomerId.eq(customer.0)));
    let (column, nullable) = match page.sort {
        UserSort::Id => (Column::Id, false),
        UserSort::Username => (Column::Username, false),
        UserSort::Email => (Column::EmailNorm, false),
        UserSort::Role => (Column::Role, false),
        UserSort::LastLogin => (Column::LastLoginAt, true),
        UserSort::CreatedAt => (Column::CreatedAt, false),
    };
    let sort = page.sort;
    let read = |row: &QueryResult| table::Model::from_query_result(row, "");
    let keyset = move |row: &table::Model| Keyset { id: row.id, value: sort_value(row, sort) };
    fetch(
        &queries.0.reader,
        rows,
        SortBy { column, nullable, id: Column::Id, names: None, within: Within::Table },
        page,
        read,
        keyset,
        view,
    )
    .await
}

fn sort_value(row: &table::Model, sort: UserSort) -> SortValue {
    match sort {
        UserSort::Id => SortValue::Integer(row.id),
        UserSort::Username => SortValue::Text(row.username.clone()),
        UserSort::Email => SortValue::Text(row.email_norm.clone()),
        UserSort::Role => SortValue::Text(row.role.clone()),
        UserSort::LastLogin => row.last_login_at.map_or(SortValue::Null, SortValue::Instant),
        UserSort::CreatedAt => SortValue::Instant(row.created_at),
    }
}

fn visible(scope: UserScope) -> Select<table::Entity> {
    match scope {
        UserScope::All => table::Entity::find(),
        UserScope::Only(id) => table::Entity::find().filter(table::Column::Id.eq(id.0)),
    }
}

fn view(row: table::Model) -> Stored<UserView> {
    row.into_user().map(UserView::from)
}
