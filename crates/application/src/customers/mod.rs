//! Customers.

mod create;
mod delete;
mod read;
mod update;

pub use create::{CreateCustomer, CreateCustomerError};
pub use delete::{DeleteCustomer, DeleteCustomerError};
pub use read::{GetCustomer, ListCustomers};
pub use update::{CustomerChanges, UpdateCustomer};
