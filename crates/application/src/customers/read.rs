//! Reading customers.

use mif_domain::customers::{Customer, CustomerId};
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{CustomerFilter, CustomerSort};
use mif_domain::repository::Stored;

use crate::Core;
use crate::access::{Action, Actor, Refusal, policy};

/// Reads one customer.
#[derive(Debug, Clone, Copy)]
pub struct GetCustomer {
    /// Which.
    pub id: CustomerId,
}

impl GetCustomer {
    /// One round trip.
    #[tracing::instrument(target = "mif_trace", name = "GetCustomer", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Customer, Refusal> {
        let scope = policy::customer_scope(actor);
        core.queries.find_customer(self.id, scope).await?.ok_or(Refusal::NotFound)
    }
}

/// Lists customers.
#[derive(Debug)]
pub struct ListCustomers {
    /// Which.
    pub filter: CustomerFilter,
    /// Which page of them.
    pub page: PageRequest<CustomerSort>,
}

impl ListCustomers {
    /// One page of what the actor may see.
    #[tracing::instrument(target = "mif_trace", name = "ListCustomers", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Stored<Page<Customer>> {
        core.queries.list_customers(policy::customer_scope(actor), &self.filter, &self.page).await
    }
}

/// How use cases that change a customer begin: what the actor may not see does not exist; what they may see but not change
/// is denied.
pub(super) async fn manage(core: &Core, actor: &Actor, id: CustomerId) -> Result<(), Refusal> {
    let Err(denied) = policy::permit(actor, Action::ManageCustomers) else { return Ok(()) };
    match core.queries.find_customer(id, policy::customer_scope(actor)).await? {
        Some(_) => Err(denied),
        None => Err(Refusal::NotFound),
    }
}
