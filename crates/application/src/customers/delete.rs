//! Deleting a customer that was entered by mistake. One that owns something is made inactive instead.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::customers::CustomerId;
use mif_domain::repository::{Constraint, RepositoryError};
use thiserror::Error;

use super::read::manage;
use crate::Core;
use crate::access::{Actor, ExpectedVersion, Refusal};

/// Deletes a customer.
#[derive(Debug, Clone, Copy)]
pub struct DeleteCustomer {
    /// Which.
    pub id: CustomerId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
}

/// Why it was not deleted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeleteCustomerError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A machine, an account or an intervention points at it: make it inactive instead.
    #[error("the customer is in use")]
    InUse,
}

impl From<RepositoryError> for DeleteCustomerError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Conflict(Constraint::StillReferenced) => Self::InUse,
            other => Self::Refused(other.into()),
        }
    }
}

impl DeleteCustomer {
    /// Deletes the customer; the audit trail keeps its name.
    #[tracing::instrument(target = "mif_trace", name = "DeleteCustomer", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<(), DeleteCustomerError> {
        manage(core, actor, self.id).await?;
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let customer = work.customers().find_for_update(self.id).await?.ok_or(Refusal::NotFound)?;
        self.expected_version.check(customer.version)?;
        work.customers().delete(self.id, customer.version).await?;
        let event = AuditEvent::success(AuditKind::CustomerDeleted, actor.origin(), now)
            .on("customer", self.id.0)
            .with("name", customer.sheet.name.as_str());
        work.audit().append(event).await?;
        work.commit().await?;
        Ok(())
    }
}
