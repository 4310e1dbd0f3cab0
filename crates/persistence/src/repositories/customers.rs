//! Customers.

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::customers::{Customer, CustomerId, CustomerRepository};
use mif_domain::repository::Stored;
use mif_domain::text::Line;
use sea_orm::{ActiveModelTrait as _, NotSet, Set};

use crate::entity::customers as table;
use crate::unit_of_work::Transaction;

pub(crate) struct Customers<'a>(pub(crate) &'a mut Transaction);

#[async_trait]
impl CustomerRepository for Customers<'_> {
    async fn insert(&mut self, name: Line<200>, at: Instant) -> Stored<Customer> {
        let row = table::ActiveModel { id: NotSet, name: Set(name.as_str().to_owned()), created_at: Set(at) };
        let result = row.insert(self.0.connection()).await;
        let stored = self.0.checked(result)?;
        Ok(Customer { id: CustomerId(stored.id), name, created_at: stored.created_at })
    }
}
