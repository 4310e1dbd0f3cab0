//! A database at its worst.

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::audit::SignedMark;
use mif_domain::customers::{Customer, CustomerId};
use mif_domain::documents::{Document, DocumentId, FileId};
use mif_domain::equipment::{Equipment, EquipmentId};
use mif_domain::interventions::{HistoryEntry, InterventionId, Slot, Status};
use mif_domain::notifications::Notification;
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{
    AuditEntry, AuditFilter, AuditQueries, AuditSort, Candidate, CustomerFilter, CustomerQueries, CustomerScope,
    CustomerSort, DocumentFilter, DocumentQueries, DocumentScope, DocumentSort, EquipmentFilter, EquipmentScope,
    EquipmentSort, InterventionFilter, InterventionQueries, InterventionScope, InterventionSort, InterventionView,
    KeyUse, NotificationFilter, NotificationQueries, NotificationSort, OperationsQueries, OutboxState, Queries,
    SessionView, SkillFilter, SkillSort, TechnicianFilter, TechnicianLoad, TechnicianQueries, TechnicianSort,
    TechnicianView, UserFilter, UserScope, UserSort, UserView,
};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::technicians::{Skill, TechnicianId};
use mif_domain::users::{EmailAddress, UserId};

/// One machine panics, a list of machines is corrupt, a list of customers never comes, everything else is dead. All that
/// speak say `secret detail`.
#[derive(Debug)]
pub(crate) struct Broken;

fn dead<T>() -> Stored<T> {
    Err(RepositoryError::Unavailable("secret detail".into()))
}

#[async_trait]
impl Queries for Broken {
    async fn find_user(&self, _: UserId, _: UserScope) -> Stored<Option<UserView>> {
        dead()
    }
    async fn find_wanted_email(&self, _: UserId, _: Instant) -> Stored<Option<EmailAddress>> {
        dead()
    }
    async fn list_users(&self, _: UserScope, _: &UserFilter, _: &PageRequest<UserSort>) -> Stored<Page<UserView>> {
        dead()
    }
    async fn list_sessions(&self, _: UserId, _: Instant) -> Stored<Vec<SessionView>> {
        dead()
    }
    async fn find_equipment(&self, _: EquipmentId, _: EquipmentScope) -> Stored<Option<Equipment>> {
        panic!("secret detail")
    }
    async fn list_equipment(
        &self,
        _: EquipmentScope,
        _: &EquipmentFilter,
        _: &PageRequest<EquipmentSort>,
    ) -> Stored<Page<Equipment>> {
        Err(RepositoryError::Corrupt("secret detail".into()))
    }
}

#[async_trait]
impl CustomerQueries for Broken {
    async fn find_customer(&self, _: CustomerId, _: CustomerScope) -> Stored<Option<Customer>> {
        dead()
    }
    async fn list_customers(
        &self,
        _: CustomerScope,
        _: &CustomerFilter,
        _: &PageRequest<CustomerSort>,
    ) -> Stored<Page<Customer>> {
        std::future::pending().await
    }
}

#[async_trait]
impl TechnicianQueries for Broken {
    async fn find_technician(&self, _: TechnicianId) -> Stored<Option<TechnicianView>> {
        dead()
    }
    async fn list_technicians(
        &self,
        _: &TechnicianFilter,
        _: &PageRequest<TechnicianSort>,
    ) -> Stored<Page<TechnicianView>> {
        dead()
    }
    async fn technician_load(&self, _: TechnicianId, _: Instant, _: Instant, _: Instant) -> Stored<TechnicianLoad> {
        dead()
    }
    async fn list_skills(&self, _: &SkillFilter, _: &PageRequest<SkillSort>) -> Stored<Page<Skill>> {
        dead()
    }
}

#[async_trait]
impl InterventionQueries for Broken {
    async fn find_intervention(&self, _: InterventionId, _: InterventionScope) -> Stored<Option<InterventionView>> {
        dead()
    }
    async fn list_interventions(
        &self,
        _: InterventionScope,
        _: &InterventionFilter,
        _: &PageRequest<InterventionSort>,
    ) -> Stored<Page<InterventionView>> {
        dead()
    }
    async fn intervention_history(&self, _: InterventionId, _: bool) -> Stored<Vec<HistoryEntry>> {
        dead()
    }
    async fn candidates(&self, _: EquipmentId, _: Option<Slot>, _: InterventionId) -> Stored<Vec<Candidate>> {
        dead()
    }
}

#[async_trait]
impl NotificationQueries for Broken {
    async fn list_notifications(
        &self,
        _: UserId,
        _: &NotificationFilter,
        _: &PageRequest<NotificationSort>,
    ) -> Stored<Page<Notification>> {
        dead()
    }
}

#[async_trait]
impl AuditQueries for Broken {
    async fn list_audit(&self, _: &AuditFilter, _: &PageRequest<AuditSort>) -> Stored<Page<AuditEntry>> {
        dead()
    }
    async fn newest_checkpoint(&self) -> Stored<Option<SignedMark>> {
        dead()
    }
}

#[async_trait]
impl DocumentQueries for Broken {
    async fn find_document(&self, _: DocumentId, _: DocumentScope) -> Stored<Option<Document>> {
        dead()
    }
    async fn list_documents(
        &self,
        _: DocumentScope,
        _: &DocumentFilter,
        _: &PageRequest<DocumentSort>,
    ) -> Stored<Page<Document>> {
        dead()
    }
    async fn documents_after(&self, _: Option<DocumentId>, _: Option<&str>, _: u16) -> Stored<Vec<Document>> {
        dead()
    }
    async fn known_files(&self, _: &[FileId]) -> Stored<Vec<FileId>> {
        dead()
    }
    async fn key_uses(&self) -> Stored<Vec<KeyUse>> {
        dead()
    }
}

#[async_trait]
impl OperationsQueries for Broken {
    async fn outbox_state(&self) -> Stored<OutboxState> {
        dead()
    }
    async fn interventions_by_status(&self) -> Stored<Vec<(Status, u64)>> {
        dead()
    }
}
