//! Customers: whose machines we maintain. A user of role `client` sees what their customer owns and nothing else.

mod repository;
mod values;

pub use repository::CustomerRepository;
pub use values::{BusinessId, BusinessIdError, Customer, CustomerId, CustomerSheet, ServiceLevel};
