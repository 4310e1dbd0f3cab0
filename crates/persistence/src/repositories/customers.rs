//! Customers.

use async_trait::async_trait;
use mif_domain::customers::{BusinessId, Customer, CustomerId, CustomerRepository, CustomerSheet, ServiceLevel};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::text::Line;
use mif_domain::users::EmailAddress;
use mif_domain::{Constraint, Instant};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, NotSet, QueryFilter as _, QuerySelect as _, Set,
};

use super::line;
use crate::entity::customers as table;
use crate::unit_of_work::Transaction;

pub(crate) struct Customers<'a>(pub(crate) &'a mut Transaction);

impl table::Model {
    /// The customer of a row.
    pub(crate) fn into_customer(self) -> Stored<Customer> {
        let id = self.id;
        let bad = |column: &str, why: &dyn std::fmt::Display| RepositoryError::corrupt("customers", column, id, why);
        let sheet = CustomerSheet {
            name: Line::from_string(self.name).map_err(|why| bad("name", &why))?,
            contact: line(self.contact).map_err(|why| bad("contact", &why))?,
            email: self.email.as_deref().map(EmailAddress::parse).transpose().map_err(|why| bad("email", &why))?,
            phone: line(self.phone).map_err(|why| bad("phone", &why))?,
            address: line(self.address).map_err(|why| bad("address", &why))?,
            city: line(self.city).map_err(|why| bad("city", &why))?,
            business_id: self
                .business_id
                .as_deref()
                .map(BusinessId::parse)
                .transpose()
                .map_err(|why| bad("business_id", &why))?,
            service_level: ServiceLevel::from_stored(&self.service_level)
                .ok_or_else(|| bad("service_level", &"is unknown"))?,
            is_active: self.is_active,
        };
        let (created_at, updated_at, version) = (self.created_at, self.updated_at, self.version);
        Ok(Customer { id: CustomerId(id), sheet, created_at, updated_at, version })
    }
}

/// The columns that people write.
fn row(sheet: &CustomerSheet) -> table::ActiveModel {
    let text = |line: Option<&str>| Set(line.map(str::to_owned));
    table::ActiveModel {
        id: NotSet,
        name: Set(sheet.name.as_str().to_owned()),
        contact: text(sheet.contact.as_ref().map(Line::as_str)),
        email: text(sheet.email.as_ref().map(EmailAddress::as_str)),
        phone: text(sheet.phone.as_ref().map(Line::as_str)),
        address: text(sheet.address.as_ref().map(Line::as_str)),
        city: text(sheet.city.as_ref().map(Line::as_str)),
        business_id: text(sheet.business_id.as_ref().map(BusinessId::as_str)),
        service_level: Set(sheet.service_level.as_str().to_owned()),
        is_active: Set(sheet.is_active),
        search_text: Set(sheet.search_text()),
        created_at: NotSet,
        updated_at: NotSet,
        version: NotSet,
    }
}

#[async_trait]
impl CustomerRepository for Customers<'_> {
    async fn insert(&mut self, sheet: CustomerSheet, at: Instant) -> Stored<Customer> {
        let new = table::ActiveModel { created_at: Set(at), updated_at: Set(at), version: Set(1), ..row(&sheet) };
        let result = new.insert(self.0.connection()).await;
        let stored = self.0.checked(result)?;
        self.0.parsed(stored.into_customer())
    }

    async fn find_for_update(&mut self, id: CustomerId) -> Stored<Option<Customer>> {
        let query = table::Entity::find_by_id(id.0).lock(LockType::NoKeyUpdate);
        let result = query.one(self.0.connection()).await;
        let found = self.0.checked(result)?;
        self.0.parsed(found.map(table::Model::into_customer).transpose())
    }

    async fn update(&mut self, customer: &Customer, at: Instant) -> Stored<Customer> {
        let changed =
            table::ActiveModel { updated_at: Set(at), version: Set(customer.version + 1), ..row(&customer.sheet) };
        let update = table::Entity::update_many()
            .set(changed)
            .filter(table::Column::Id.eq(customer.id.0))
            .filter(table::Column::Version.eq(customer.version));
        let result = update.exec_with_returning(self.0.connection()).await;
        match self.0.checked(result)?.pop() {
            Some(row) => self.0.parsed(row.into_customer()),
            None => self.0.refuse(RepositoryError::Stale),
        }
    }

    async fn delete(&mut self, id: CustomerId, version: i64) -> Stored<()> {
        let delete =
            table::Entity::delete_many().filter(table::Column::Id.eq(id.0)).filter(table::Column::Version.eq(version));
        let result = delete.exec(self.0.connection()).await;
        match self.0.referring(result, Constraint::StillReferenced)?.rows_affected {
            1 => Ok(()),
            _ => self.0.refuse(RepositoryError::Stale),
        }
    }
}
