//! Entering a customer.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::customers::{Customer, CustomerSheet};
use mif_domain::repository::RepositoryError;
use thiserror::Error;

use crate::Core;
use crate::access::{Action, Actor, Refusal, policy};
use crate::idempotency::{self, Done, IdempotencyError, Once};

/// Enters a customer.
#[derive(Debug)]
pub struct CreateCustomer {
    /// Everything about it.
    pub sheet: CustomerSheet,
}

/// Why it was not entered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CreateCustomerError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The `Idempotency-Key` cannot be used.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
}

impl From<RepositoryError> for CreateCustomerError {
    fn from(error: RepositoryError) -> Self {
        Self::Refused(error.into())
    }
}

impl CreateCustomer {
    /// Enters the customer, once. Two customers may have one name: companies do.
    #[tracing::instrument(target = "mif_trace", name = "CreateCustomer", skip_all)]
    pub async fn run(
        self,
        core: &Core,
        actor: &Actor,
        once: Option<Once<'_, Customer>>,
    ) -> Result<Done<Customer>, CreateCustomerError> {
        policy::permit(actor, Action::ManageCustomers)?;
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        if let Some(answer) = idempotency::claim(&mut *work, once.as_ref(), now).await? {
            return Ok(Done::Before(answer));
        }
        let customer = work.customers().insert(self.sheet, now).await?;
        let event = AuditEvent::success(AuditKind::CustomerCreated, actor.origin(), now);
        work.audit().append(event.on("customer", customer.id.0)).await?;
        idempotency::complete(&mut *work, once.as_ref(), &customer).await?;
        work.commit().await?;
        Ok(Done::Now(customer))
    }
}
