//! Customers, read.

use async_trait::async_trait;

use crate::customers::{Customer, CustomerId, ServiceLevel};
use crate::paging::{Page, PageRequest};
use crate::repository::Stored;
use crate::words::words;

/// Which customers somebody may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerScope {
    /// Every one.
    All,
    /// One.
    Only(CustomerId),
    /// None.
    Nothing,
}

impl CustomerScope {
    /// Whether it holds this one. Every adapter's queries MUST decide the same.
    pub fn admits(self, customer: CustomerId) -> bool {
        match self {
            Self::All => true,
            Self::Only(only) => only == customer,
            Self::Nothing => false,
        }
    }
}

words! {
    /// What a list of customers can be sorted by.
    CustomerSort {
        /// By identifier, that is by age.
        Id = "id",
        /// By name.
        Name = "name",
        /// By city.
        City = "city",
        /// By level of service.
        ServiceLevel = "service_level",
        /// By date of entry.
        CreatedAt = "created_at",
    }
}

/// What a list of customers can be narrowed by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFilter {
    /// Only those whose name, contact, e-mail address, city or business number holds this, without case or accents.
    pub text: Option<String>,
    /// Only those with this level of service.
    pub service_level: Option<ServiceLevel>,
    /// Only the active, or only the others.
    pub is_active: Option<bool>,
}

/// Customers, read.
#[async_trait]
pub trait CustomerQueries: Send + Sync {
    /// One customer.
    async fn find_customer(&self, id: CustomerId, scope: CustomerScope) -> Stored<Option<Customer>>;
    /// A page of customers.
    async fn list_customers(
        &self,
        scope: CustomerScope,
        filter: &CustomerFilter,
        page: &PageRequest<CustomerSort>,
    ) -> Stored<Page<Customer>>;
}
