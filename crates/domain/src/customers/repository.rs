//! Customers inside a unit of work.

use async_trait::async_trait;

use super::{Customer, CustomerId, CustomerSheet};
use crate::clock::Instant;
use crate::repository::Stored;

/// Customers inside a unit of work.
#[async_trait]
pub trait CustomerRepository: Send {
    /// Stores a new customer at version 1.
    async fn insert(&mut self, sheet: CustomerSheet, at: Instant) -> Stored<Customer>;

    /// Reads a customer and keeps others from changing it until the unit ends.
    async fn find_for_update(&mut self, id: CustomerId) -> Stored<Option<Customer>>;

    /// Writes every field, sets `updated_at` and bumps the version. MUST return `Stale` when `customer.version` is not the
    /// stored one.
    async fn update(&mut self, customer: &Customer, at: Instant) -> Stored<Customer>;

    /// Deletes a customer. MUST return `Conflict(StillReferenced)` when something points at it, and `Stale` when `version`
    /// is not the stored one.
    async fn delete(&mut self, id: CustomerId, version: i64) -> Stored<()>;
}
