//! Reads: one statement a page, one a row, straight from the tables.

mod audit;
mod customers;
mod documents;
mod equipment;
mod interventions;
mod notifications;
mod operations;
mod page;
mod sessions;
#[cfg(test)]
mod statement_count;
mod technicians;
mod users;

use std::time::Duration;

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::audit::{MarkKind, SignedMark};
use mif_domain::customers::{Customer, CustomerId};
use mif_domain::documents::{Document, DocumentId, FileId};
use mif_domain::equipment::{Equipment, EquipmentId};
use mif_domain::interventions::{HistoryEntry, InterventionId, Slot, Status};
use mif_domain::notifications::Notification;
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{
    AuditEntry, AuditFilter, AuditQueries, AuditSort, Candidate, Credentials, CustomerFilter, CustomerQueries,
    CustomerScope, CustomerSort, DatabaseHealth, DatabaseProbe, DocumentFilter, DocumentQueries, DocumentScope,
    DocumentSort, EquipmentFilter, EquipmentScope, EquipmentSort, InterventionFilter, InterventionQueries,
    InterventionScope, InterventionSort, InterventionView, KeyUse, NotificationFilter, NotificationQueries,
    NotificationSort, OperationsQueries, OutboxState, PoolState, Queries, SessionStates, SessionView, SkillFilter,
    SkillSort, TechnicianFilter, TechnicianLoad, TechnicianQueries, TechnicianSort, TechnicianView, UserFilter,
    UserScope, UserSort, UserView,
};
use mif_domain::repository::Stored;
use mif_domain::sessions::{SessionId, SessionState};
use mif_domain::technicians::{Skill, TechnicianId};
use mif_domain::users::{EmailAddress, SignInName, UserId};
use sea_orm::{ConnectionTrait as _, QueryResult, Statement, Value};

use crate::audit_chain::find_mark;
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
    async fn find_wanted_email(&self, user: UserId, at: Instant) -> Stored<Option<EmailAddress>> {
        users::find_wanted_email(self, user, at).await
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
impl CustomerQueries for SeaQueries {
    async fn find_customer(&self, id: CustomerId, scope: CustomerScope) -> Stored<Option<Customer>> {
        customers::find(self, id, scope).await
    }
    async fn list_customers(
        &self,
        scope: CustomerScope,
        filter: &CustomerFilter,
        page: &PageRequest<CustomerSort>,
    ) -> Stored<Page<Customer>> {
        customers::list(self, scope, filter, page).await
    }
}

#[async_trait]
impl TechnicianQueries for SeaQueries {
    async fn find_technician(&self, id: TechnicianId) -> Stored<Option<TechnicianView>> {
        technicians::find(self, id).await
    }
    async fn list_technicians(
        &self,
        filter: &TechnicianFilter,
        page: &PageRequest<TechnicianSort>,
    ) -> Stored<Page<TechnicianView>> {
        technicians::list(self, filter, page).await
    }
    async fn technician_load(
        &self,
        id: TechnicianId,
        from: Instant,
        until: Instant,
        now: Instant,
    ) -> Stored<TechnicianLoad> {
        technicians::load(self, id, from, until, now).await
    }
    async fn list_skills(&self, filter: &SkillFilter, page: &PageRequest<SkillSort>) -> Stored<Page<Skill>> {
        technicians::list_skills(self, filter, page).await
    }
}

#[async_trait]
impl InterventionQueries for SeaQueries {
    async fn find_intervention(
        &self,
        id: InterventionId,
        scope: InterventionScope,
    ) -> Stored<Option<InterventionView>> {
        interventions::find(self, id, scope).await
    }
    async fn list_interventions(
        &self,
        scope: InterventionScope,
        filter: &InterventionFilter,
        page: &PageRequest<InterventionSort>,
    ) -> Stored<Page<InterventionView>> {
        interventions::list(self, scope, filter, page).await
    }
    async fn intervention_history(&self, id: InterventionId, internal: bool) -> Stored<Vec<HistoryEntry>> {
        interventions::history(self, id, internal).await
    }
    async fn candidates(
        &self,
        equipment: EquipmentId,
        slot: Option<Slot>,
        except: InterventionId,
    ) -> Stored<Vec<Candidate>> {
        interventions::candidates(self, equipment, slot, except).await
    }
}

#[async_trait]
impl NotificationQueries for SeaQueries {
    async fn list_notifications(
        &self,
        user: UserId,
        filter: &NotificationFilter,
        page: &PageRequest<NotificationSort>,
    ) -> Stored<Page<Notification>> {
        notifications::list(self, user, filter, page).await
    }
}

#[async_trait]
impl DocumentQueries for SeaQueries {
    async fn find_document(&self, id: DocumentId, scope: DocumentScope) -> Stored<Option<Document>> {
        documents::find(self, id, scope).await
    }
    async fn list_documents(
        &self,
        scope: DocumentScope,
        filter: &DocumentFilter,
        page: &PageRequest<DocumentSort>,
    ) -> Stored<Page<Document>> {
        documents::list(self, scope, filter, page).await
    }
    async fn documents_after(
        &self,
        after: Option<DocumentId>,
        other_than: Option<&str>,
        limit: u16,
    ) -> Stored<Vec<Document>> {
        documents::after(self, after, other_than, limit).await
    }
    async fn known_files(&self, files: &[FileId]) -> Stored<Vec<FileId>> {
        documents::known(self, files).await
    }
    async fn key_uses(&self) -> Stored<Vec<KeyUse>> {
        documents::key_uses(self).await
    }
}

#[async_trait]
impl OperationsQueries for SeaQueries {
    async fn outbox_state(&self) -> Stored<OutboxState> {
        operations::outbox_state(self).await
    }
    async fn interventions_by_status(&self) -> Stored<Vec<(Status, u64)>> {
        operations::interventions_by_status(self).await
    }
}

#[async_trait]
impl AuditQueries for SeaQueries {
    async fn list_audit(&self, filter: &AuditFilter, page: &PageRequest<AuditSort>) -> Stored<Page<AuditEntry>> {
        audit::list(self, filter, page).await
    }
    async fn newest_checkpoint(&self) -> Stored<Option<SignedMark>> {
        find_mark(&self.0.reader, self.0.backend(), MarkKind::Checkpoint).await
    }
}

#[async_trait]
impl DatabaseProbe for SeaQueries {
    async fn probe(&self) -> DatabaseHealth {
        if let Some(sentinel) = self.0.sentinel() {
            return sentinel.ask().await;
        }
        let pending = async { Schema(&self.0).pending().await };
        match tokio::time::timeout(Duration::from_secs(2), pending).await {
            Ok(Ok(0)) => DatabaseHealth::Ready,
            Ok(Ok(pending)) => DatabaseHealth::Outdated(pending),
            Ok(Err(_)) | Err(_) => DatabaseHealth::Unreachable,
        }
    }

    fn pool(&self) -> PoolState {
        self.0.pools()
    }
}
