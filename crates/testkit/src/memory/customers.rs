//! Customers.

use async_trait::async_trait;
use mif_domain::customers::{Customer, CustomerId, CustomerRepository, CustomerSheet};
use mif_domain::repository::Stored;
use mif_domain::{Constraint, Instant, RepositoryError};

use super::Unit;

pub(super) struct Customers<'a>(pub(super) &'a mut Unit);

#[async_trait]
impl CustomerRepository for Customers<'_> {
    async fn insert(&mut self, sheet: CustomerSheet, at: Instant) -> Stored<Customer> {
        let id = CustomerId(self.0.state.next_id());
        let customer = Customer { id, sheet, created_at: at, updated_at: at, version: 1 };
        self.0.state.customers.insert(id, customer.clone());
        Ok(customer)
    }

    async fn find_for_update(&mut self, id: CustomerId) -> Stored<Option<Customer>> {
        Ok(self.0.state.customers.get(&id).cloned())
    }

    async fn update(&mut self, customer: &Customer, at: Instant) -> Stored<Customer> {
        let Some(stored) = self.0.state.customers.get(&customer.id).filter(|old| old.version == customer.version)
        else {
            return self.0.refuse(RepositoryError::Stale);
        };
        let created_at = stored.created_at;
        let updated = Customer { created_at, updated_at: at, version: customer.version + 1, ..customer.clone() };
        self.0.state.customers.insert(updated.id, updated.clone());
        Ok(updated)
    }

    async fn delete(&mut self, id: CustomerId, version: i64) -> Stored<()> {
        let state = &self.0.state;
        if state.customers.get(&id).map(|stored| stored.version) != Some(version) {
            return self.0.refuse(RepositoryError::Stale);
        }
        let unreferenced = state.equipment.values().all(|machine| machine.sheet.customer_id != Some(id))
            && state.users.values().all(|user| user.customer_id != Some(id))
            && state.interventions.values().all(|work| work.customer_id != Some(id));
        self.0.keep(unreferenced, Constraint::StillReferenced)?;
        self.0.state.customers.remove(&id);
        Ok(())
    }
}
