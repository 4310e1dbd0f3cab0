//! Believable data: a plant in Casablanca, its people and its machines.

mod work;

use chrono::{DateTime, NaiveDate, TimeDelta};
use mif_domain::Instant;
use mif_domain::customers::{Customer, CustomerId, CustomerSheet};
use mif_domain::equipment::{Criticality, EquipmentDraft, EquipmentId, EquipmentStatus, MaintenanceInterval};
use mif_domain::sessions::{ClientInfo, NewSession, SessionLimits, TokenHash};
use mif_domain::text::{Line, Paragraph};
use mif_domain::unit_of_work::UnitOfWorkFactory;
use mif_domain::users::{
    EmailAddress, FullName, Language, NewUser, PasswordHash, PlainPassword, Role, UserId, Username,
};

pub use work::{
    InterventionBuilder, TechnicianBuilder, a_document, a_notice, a_slot, a_stored_technician, a_technician,
    an_intervention,
};

use crate::FastHasher;

/// When tests begin: Monday 5 January 2026, 07:00 UTC.
pub const T0: Instant = match DateTime::from_timestamp(1_767_596_400, 0) {
    Some(instant) => instant,
    None => panic!("a valid instant"),
};

/// The password of everybody whom a builder makes: good enough for every policy.
pub const PASSWORD: &str = "Bielle-Huile-77!";

/// So many seconds after [`T0`].
pub fn later(seconds: i64) -> Instant {
    T0 + TimeDelta::seconds(seconds)
}

/// A typed password.
pub fn password(typed: &str) -> PlainPassword {
    PlainPassword::parse(typed.to_owned()).expect("1 to 128 characters")
}

/// A customer, stored.
pub async fn a_customer(work: &dyn UnitOfWorkFactory, name: &str) -> Customer {
    let mut unit = work.begin().await.unwrap();
    let sheet = CustomerSheet::named(Line::parse(name).unwrap());
    let customer = unit.customers().insert(sheet, T0).await.unwrap();
    unit.commit().await.unwrap();
    customer
}

/// A session of a user that began at an instant.
pub fn a_session(user: UserId, token_hash: TokenHash, at: Instant) -> NewSession {
    let client = ClientInfo {
        ip: Some("196.200.131.7".to_owned()),
        user_agent: Some(Line::parse("Mozilla/5.0 (Linux; Android 15)").unwrap()),
    };
    NewSession { user_id: user, token_hash, client, created_at: at, expires_at: at + SessionLimits::LIFETIME }
}

/// A technician with this username, `<username>@mif.ma` and [`PASSWORD`] as [`FastHasher`] keeps it.
pub fn a_user(username: &str) -> UserBuilder {
    UserBuilder(NewUser {
        username: Username::parse(username).unwrap(),
        email: EmailAddress::parse(&format!("{username}@mif.ma")).unwrap(),
        full_name: Some(FullName::parse("Karim Alaoui").unwrap()),
        role: Role::Technician,
        customer_id: None,
        language: Language::French,
        password_hash: FastHasher::stored(PASSWORD),
        must_change_password: false,
    })
}

/// Changes what a test cares about.
#[derive(Debug, Clone)]
pub struct UserBuilder(NewUser);

impl UserBuilder {
    /// Another role.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.0.role = role;
        self
    }

    /// Another address.
    #[must_use]
    pub fn email(mut self, email: &str) -> Self {
        self.0.email = EmailAddress::parse(email).unwrap();
        self
    }

    /// Another name.
    #[must_use]
    pub fn full_name(mut self, name: &str) -> Self {
        self.0.full_name = Some(FullName::parse(name).unwrap());
        self
    }

    /// Sees the machines of this customer.
    #[must_use]
    pub fn customer(mut self, customer: CustomerId) -> Self {
        self.0.customer_id = Some(customer);
        self
    }

    /// A password hash of the real hasher.
    #[must_use]
    pub fn password_hash(mut self, hash: PasswordHash) -> Self {
        self.0.password_hash = hash;
        self
    }

    /// The password is temporary.
    #[must_use]
    pub fn must_change_password(mut self) -> Self {
        self.0.must_change_password = true;
        self
    }

    /// The user, about to be stored.
    pub fn build(self) -> NewUser {
        self.0
    }
}

/// A hydraulic press of this name in the stamping shop, without code, serial number, parent or customer.
pub fn an_equipment(name: &str) -> EquipmentBuilder {
    EquipmentBuilder(EquipmentDraft {
        name: Line::parse(name).unwrap(),
        code: None,
        kind: Line::parse("Presse hydraulique").unwrap(),
        location: Line::parse("Casablanca, atelier emboutissage").unwrap(),
        parent_id: None,
        customer_id: None,
        brand: Some(Line::parse("Schuler").unwrap()),
        model: Some(Line::parse("MSP 400").unwrap()),
        serial_number: None,
        status: EquipmentStatus::Operational,
        criticality: Criticality::Standard,
        maintenance_interval: Some(MaintenanceInterval::from_days(90).unwrap()),
        commissioned_on: NaiveDate::from_ymd_opt(2019, 3, 14),
        description: Some(Paragraph::parse("Vérifier le niveau d'huile.\nGants obligatoires.").unwrap()),
    })
}

/// Changes what a test cares about.
#[derive(Debug, Clone)]
pub struct EquipmentBuilder(EquipmentDraft);

impl EquipmentBuilder {
    /// The plant's own code.
    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        self.0.code = Some(Line::parse(code).unwrap());
        self
    }

    /// The maker's number.
    #[must_use]
    pub fn serial_number(mut self, number: &str) -> Self {
        self.0.serial_number = Some(Line::parse(number).unwrap());
        self
    }

    /// Another kind.
    #[must_use]
    pub fn kind(mut self, kind: &str) -> Self {
        self.0.kind = Line::parse(kind).unwrap();
        self
    }

    /// Another place.
    #[must_use]
    pub fn location(mut self, location: &str) -> Self {
        self.0.location = Line::parse(location).unwrap();
        self
    }

    /// A part of this machine.
    #[must_use]
    pub fn parent(mut self, parent: EquipmentId) -> Self {
        self.0.parent_id = Some(parent);
        self
    }

    /// Owned by this customer.
    #[must_use]
    pub fn customer(mut self, customer: CustomerId) -> Self {
        self.0.customer_id = Some(customer);
        self
    }

    /// Another state.
    #[must_use]
    pub fn status(mut self, status: EquipmentStatus) -> Self {
        self.0.status = status;
        self
    }

    /// Another criticality.
    #[must_use]
    pub fn criticality(mut self, criticality: Criticality) -> Self {
        self.0.criticality = criticality;
        self
    }

    /// The machine, about to be stored.
    pub fn build(self) -> EquipmentDraft {
        self.0
    }
}
