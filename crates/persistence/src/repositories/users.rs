//! Users.

use async_trait::async_trait;
use mif_domain::customers::CustomerId;
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::text::searchable;
use mif_domain::unit_of_work::{NamedLock, UnitOfWork as _};
use mif_domain::users::{
    EmailAddress, FullName, Language, NewUser, PasswordHash, Role, User, UserId, UserRepository, Username,
};
use mif_domain::{Constraint, Instant};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, NotSet, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Set, Statement,
};

use crate::entity::users as table;
use crate::unit_of_work::Transaction;

pub(crate) struct Users<'a>(pub(crate) &'a mut Transaction);

impl table::Model {
    /// The user of a row.
    pub(crate) fn into_user(self) -> Stored<User> {
        let bad = |column: &str, why: &dyn std::fmt::Display| RepositoryError::corrupt("users", column, self.id, why);
        Ok(User {
            id: UserId(self.id),
            username: Username::parse(&self.username).map_err(|why| bad("username", &why))?,
            email: EmailAddress::parse(&self.email).map_err(|why| bad("email", &why))?,
            full_name: self
                .full_name
                .as_deref()
                .map(FullName::parse)
                .transpose()
                .map_err(|why| bad("full_name", &why))?,
            role: Role::from_stored(&self.role).ok_or_else(|| bad("role", &"is unknown"))?,
            is_active: self.is_active,
            customer_id: self.customer_id.map(CustomerId),
            language: Language::from_stored(&self.language).ok_or_else(|| bad("language", &"is unknown"))?,
            password_hash: PasswordHash::from_phc(self.password_hash),
            password_changed_at: self.password_changed_at,
            must_change_password: self.must_change_password,
            mfa_active: self.mfa_active,
            last_login_at: self.last_login_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

fn search_text(username: &Username, email: &EmailAddress, full_name: Option<&FullName>) -> String {
    searchable(&format!("{username}\n{email}\n{}", full_name.map_or("", |name| name.as_str())))
}

fn new_row(user: NewUser, at: Instant) -> table::ActiveModel {
    table::ActiveModel {
        id: NotSet,
        search_text: Set(search_text(&user.username, &user.email, user.full_name.as_ref())),
        username: Set(user.username.as_str().to_owned()),
        email: Set(user.email.as_str().to_owned()),
        email_norm: Set(user.email.normalized()),
        full_name: Set(user.full_name.map(String::from)),
        role: Set(user.role.as_str().to_owned()),
        is_active: Set(true),
        customer_id: Set(user.customer_id.map(|id| id.0)),
        language: Set(user.language.as_str().to_owned()),
        password_hash: Set(user.password_hash.as_phc().to_owned()),
        password_changed_at: Set(at),
        must_change_password: Set(user.must_change_password),
        mfa_active: Set(false),
        last_login_at: Set(None),
        created_at: Set(at),
        updated_at: Set(at),
        version: Set(1),
    }
}

fn changed_row(user: &User, at: Instant) -> table::ActiveModel {
    table::ActiveModel {
        id: NotSet,
        search_text: Set(search_text(&user.username, &user.email, user.full_name.as_ref())),
        username: Set(user.username.as_str().to_owned()),
        email: Set(user.email.as_str().to_owned()),
        email_norm: Set(user.email.normalized()),
        full_name: Set(user.full_name.clone().map(String::from)),
        role: Set(user.role.as_str().to_owned()),
        is_active: Set(user.is_active),
        customer_id: Set(user.customer_id.map(|id| id.0)),
        language: Set(user.language.as_str().to_owned()),
        password_hash: Set(user.password_hash.as_phc().to_owned()),
        password_changed_at: Set(user.password_changed_at),
        must_change_password: Set(user.must_change_password),
        mfa_active: Set(user.mfa_active),
        last_login_at: NotSet,
        created_at: NotSet,
        updated_at: Set(at),
        version: Set(user.version + 1),
    }
}

#[async_trait]
impl UserRepository for Users<'_> {
    async fn insert(&mut self, user: NewUser, at: Instant) -> Stored<User> {
        let result = new_row(user, at).insert(self.0.connection()).await;
        let stored = self.0.referring(result, Constraint::UnknownCustomer)?;
        self.0.parsed(stored.into_user())
    }

    async fn find_for_update(&mut self, id: UserId) -> Stored<Option<User>> {
        // Not FOR UPDATE: that would also hold up every row that merely points at this one.
        let query = table::Entity::find_by_id(id.0).lock(LockType::NoKeyUpdate);
        let result = query.one(self.0.connection()).await;
        let row = self.0.checked(result)?;
        self.0.parsed(row.map(table::Model::into_user).transpose())
    }

    async fn update(&mut self, user: &User, at: Instant) -> Stored<User> {
        let update = table::Entity::update_many()
            .set(changed_row(user, at))
            .filter(table::Column::Id.eq(user.id.0))
            .filter(table::Column::Version.eq(user.version));
        let result = update.exec_with_returning(self.0.connection()).await;
        match self.0.referring(result, Constraint::UnknownCustomer)?.pop() {
            Some(row) => self.0.parsed(row.into_user()),
            None => self.0.refuse(RepositoryError::Stale),
        }
    }

    async fn record_login(&mut self, id: UserId, at: Instant) -> Stored<()> {
        let sql = "UPDATE users SET last_login_at = $2 WHERE id = $1";
        self.0.execute(sql, vec![id.0.into(), at.into()]).await.map(|_| ())
    }

    async fn replace_password_hash(&mut self, id: UserId, old: &PasswordHash, new: &PasswordHash) -> Stored<bool> {
        let sql = "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2";
        Ok(self.0.execute(sql, vec![id.0.into(), old.as_phc().into(), new.as_phc().into()]).await? == 1)
    }

    async fn remember_password(&mut self, id: UserId, replaced: &PasswordHash, at: Instant) -> Stored<()> {
        let sql = "INSERT INTO password_history (user_id, password_hash, replaced_at) VALUES ($1, $2, $3)";
        self.0.execute(sql, vec![id.0.into(), replaced.as_phc().into(), at.into()]).await?;
        let sql = "DELETE FROM password_history WHERE user_id = $1 AND id NOT IN \
                     (SELECT id FROM password_history WHERE user_id = $1 ORDER BY id DESC LIMIT $2)";
        let kept = i64::try_from(User::FORMER_PASSWORDS).unwrap_or(i64::MAX);
        self.0.execute(sql, vec![id.0.into(), kept.into()]).await.map(|_| ())
    }

    async fn list_former_passwords(&mut self, id: UserId) -> Stored<Vec<PasswordHash>> {
        let sql = "SELECT password_hash FROM password_history WHERE user_id = $1 ORDER BY id DESC";
        let statement = Statement::from_sql_and_values(self.0.backend(), sql, [id.0.into()]);
        let result = self.0.connection().query_all_raw(statement).await;
        let rows = self.0.checked(result)?;
        rows.iter().map(|row| self.0.column(row, "password_hash").map(PasswordHash::from_phc)).collect()
    }

    async fn username_exists(&mut self, username: &Username) -> Stored<bool> {
        let query = table::Entity::find().filter(table::Column::Username.eq(username.as_str()));
        let result = query.count(self.0.connection()).await;
        Ok(self.0.checked(result)? > 0)
    }

    async fn email_exists(&mut self, email: &EmailAddress, except: UserId) -> Stored<bool> {
        let query = table::Entity::find()
            .filter(table::Column::EmailNorm.eq(email.normalized()))
            .filter(table::Column::Id.ne(except.0));
        let result = query.count(self.0.connection()).await;
        Ok(self.0.checked(result)? > 0)
    }

    async fn count_active_admins(&mut self) -> Stored<u64> {
        let query = table::Entity::find()
            .filter(table::Column::Role.eq(Role::Admin.as_str()))
            .filter(table::Column::IsActive.eq(true));
        let result = query.count(self.0.connection()).await;
        self.0.checked(result)
    }

    async fn list_active(&mut self, role: Role, customer: Option<CustomerId>) -> Stored<Vec<UserId>> {
        let query = table::Entity::find()
            .select_only()
            .column(table::Column::Id)
            .filter(table::Column::Role.eq(role.as_str()))
            .filter(table::Column::IsActive.eq(true))
            .apply_if(customer, |rows, customer| rows.filter(table::Column::CustomerId.eq(customer.0)))
            .order_by_asc(table::Column::Id)
            .limit(500);
        let result = query.into_tuple::<i64>().all(self.0.connection()).await;
        Ok(self.0.checked(result)?.into_iter().map(UserId).collect())
    }

    async fn insert_first(&mut self, user: NewUser, at: Instant) -> Stored<Option<UserId>> {
        // On PostgreSQL two of these statements at once, with different names, would both find no user.
        self.0.lock(NamedLock::Admins).await?;
        let sql = "INSERT INTO users (username, email, email_norm, full_name, search_text, role, is_active, language, \
                     password_hash, password_changed_at, must_change_password, created_at, updated_at, version) \
                   SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, $10, 1 \
                   WHERE NOT EXISTS (SELECT 1 FROM users) \
                   ON CONFLICT DO NOTHING RETURNING id";
        let values = vec![
            user.username.as_str().into(),
            user.email.as_str().into(),
            user.email.normalized().into(),
            user.full_name.as_ref().map(|name| name.as_str().to_owned()).into(),
            search_text(&user.username, &user.email, user.full_name.as_ref()).into(),
            user.role.as_str().into(),
            true.into(),
            user.language.as_str().into(),
            user.password_hash.as_phc().into(),
            at.into(),
            user.must_change_password.into(),
        ];
        let Some(row) = self.0.find(sql, values).await? else { return Ok(None) };
        self.0.column(&row, "id").map(|id| Some(UserId(id)))
    }
}
