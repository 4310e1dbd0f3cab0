//! Customers: whose machines we maintain. A user of role `client` sees what their customer owns and nothing else.

use async_trait::async_trait;

use crate::clock::Instant;
use crate::repository::Stored;
use crate::text::Line;

/// Identifies a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerId(pub i64);

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its identifier.
    pub id: CustomerId,
    /// Its name.
    pub name: Line<200>,
    /// When it was entered.
    pub created_at: Instant,
}

/// Customers inside a unit of work.
#[async_trait]
pub trait CustomerRepository: Send {
    /// Stores a new customer and returns it with its identifier.
    async fn insert(&mut self, name: Line<200>, at: Instant) -> Stored<Customer>;
}
