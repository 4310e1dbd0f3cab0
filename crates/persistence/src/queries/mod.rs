//! Reads: one statement a page, one a row, straight from the tables.

mod equipment;
mod page;
mod sessions;
mod users;

use std::time::Duration;

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::equipment::{Equipment, EquipmentId};
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{
    Credentials, DatabaseHealth, DatabaseProbe, EquipmentFilter, EquipmentScope, EquipmentSort, Queries, SessionStates,
    SessionView, UserFilter, UserScope, UserSort, UserView,
};
use mif_domain::repository::Stored;
use mif_domain::sessions::{SessionId, SessionState};
use mif_domain::users::{SignInName, UserId};
use sea_orm::{ConnectionTrait as _, QueryResult, Statement, Value};

use crate::errors::plain;
use crate::{Database, Schema};

/// Reads from a [`Database`].
#[derive(Debug, Clone)]
pub struct SeaQueries(pub Database);

impl SeaQueries {
    fn statement(&self, sql: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.0.backend(), sql, values)
    }

    async fn one(&self, sql: &str, values: Vec<Value>) -> Stored<Option<QueryResult>> {
        self.0.reader.query_one_raw(self.statement(sql, values)).await.map_err(plain)
    }
}

#[async_trait]
impl SessionStates for SeaQueries {
    async fn find_session_state(&self, id: SessionId, at: Instant) -> Stored<Option<SessionState>> {
        sessions::find_state(self, id, at).await
    }
    async fn find_credentials(&self, name: &SignInName) -> Stored<Option<Credentials>> {
        users::find_credentials(self, name).await
    }
}

#[async_trait]
impl Queries for SeaQueries {
    async fn find_user(&self, id: UserId, scope: UserScope) -> Stored<Option<UserView>> {
        users::find(self, id, scope).await
    }
    async fn list_users(
        &self,
        scope: UserScope,
        filter: &UserFilter,
        page: &PageRequest<UserSort>,
    ) -> Stored<Page<UserView>> {
        users::list(self, scope, filter, page).await
    }
    async fn list_sessions(&self, user: UserId, at: Instant) -> Stored<Vec<SessionView>> {
        sessions::list(self, user, at).await
    }
    async fn find_equipment(&self, id: EquipmentId, scope: EquipmentScope) -> Stored<Option<Equipment>> {
        equipment::find(self, id, scope).await
    }
    async fn list_equipment(
        &self,
        scope: EquipmentScope,
        filter: &EquipmentFilter,
        page: &PageRequest<EquipmentSort>,
    ) -> Stored<Page<Equipment>> {
        equipment::list(self, scope, filter, page).await
    }
}

#[async_trait]
impl DatabaseProbe for SeaQueries {
    async fn probe(&self) -> DatabaseHealth {
        let pending = async { Schema(&self.0).pending().await };
        match tokio::time::timeout(Duration::from_secs(2), pending).await {
            Ok(Ok(0)) => DatabaseHealth::Ready,
            Ok(Ok(_)) => DatabaseHealth::Outdated,
            Ok(Err(_)) | Err(_) => DatabaseHealth::Unreachable,
        }
    }
}
