//! Changing a customer.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::customers::{BusinessId, Customer, CustomerId, CustomerSheet, ServiceLevel};
use mif_domain::text::Line;
use mif_domain::users::EmailAddress;

use super::read::manage;
use crate::access::{Actor, ExpectedVersion, Refusal};
use crate::{Change, Core};

/// What may be changed about a customer: everything that people write. See [`CustomerSheet`].
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each field is the one of the same name in `CustomerSheet`")]
pub struct CustomerChanges {
    pub name: Change<Line<200>>,
    pub contact: Change<Option<Line<150>>>,
    pub email: Change<Option<EmailAddress>>,
    pub phone: Change<Option<Line<30>>>,
    pub address: Change<Option<Line<300>>>,
    pub city: Change<Option<Line<100>>>,
    pub business_id: Change<Option<BusinessId>>,
    pub service_level: Change<ServiceLevel>,
    pub is_active: Change<bool>,
}

/// Changes a customer.
#[derive(Debug)]
pub struct UpdateCustomer {
    /// Which.
    pub id: CustomerId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
    /// What.
    pub changes: CustomerChanges,
}

impl UpdateCustomer {
    /// Changes what was named. Without any difference nothing is written and the version stays.
    #[tracing::instrument(target = "mif_trace", name = "UpdateCustomer", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Customer, Refusal> {
        manage(core, actor, self.id).await?;
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let mut customer = work.customers().find_for_update(self.id).await?.ok_or(Refusal::NotFound)?;
        self.expected_version.check(customer.version)?;
        let changed = self.changes.apply(&mut customer.sheet);
        if changed.is_empty() {
            return Ok(customer);
        }
        let stored = work.customers().update(&customer, now).await?;
        let event = AuditEvent::success(AuditKind::CustomerUpdated, actor.origin(), now)
            .on("customer", stored.id.0)
            .with("fields", changed.join(","));
        work.audit().append(event).await?;
        work.commit().await?;
        Ok(stored)
    }
}

impl CustomerChanges {
    /// Writes the changes into the sheet. Returns the names of the fields that differ.
    fn apply(self, sheet: &mut CustomerSheet) -> Vec<&'static str> {
        let applied = [
            ("name", self.name.apply(&mut sheet.name)),
            ("contact", self.contact.apply(&mut sheet.contact)),
            ("email", self.email.apply(&mut sheet.email)),
            ("phone", self.phone.apply(&mut sheet.phone)),
            ("address", self.address.apply(&mut sheet.address)),
            ("city", self.city.apply(&mut sheet.city)),
            ("business_id", self.business_id.apply(&mut sheet.business_id)),
            ("service_level", self.service_level.apply(&mut sheet.service_level)),
            ("is_active", self.is_active.apply(&mut sheet.is_active)),
        ];
        applied.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
    }
}
