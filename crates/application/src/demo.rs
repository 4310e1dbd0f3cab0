//! A believable plant to try the product on.

use chrono::NaiveDate;
use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::customers::CustomerId;
use mif_domain::equipment::{Criticality, EquipmentDraft, EquipmentId, EquipmentStatus, MaintenanceInterval};
use mif_domain::repository::{Constraint, RepositoryError};
use mif_domain::text::{Line, TextError};
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::{
    EmailAddress, FullName, HasherBusy, Language, NewUser, PasswordHash, PlainPassword, Role, Username,
};
use thiserror::Error;

use crate::Core;

/// Enters customers, users of every role and machines, all or nothing.
#[derive(Debug)]
pub struct SeedDemo {
    /// The password of every demo user.
    pub password: PlainPassword,
}

/// What was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demo {
    /// The users, with their roles.
    pub users: Vec<(Username, Role)>,
    /// How many machines.
    pub machines: usize,
}

/// Why nothing was entered.
#[derive(Debug, Error)]
pub enum SeedDemoError {
    /// The demo users are there already.
    #[error("the demo data are there already")]
    AlreadySeeded,
    /// A line of the table below is wrong.
    #[error("the demo data do not parse: {0}")]
    Data(String),
    /// Too many passwords are being hashed.
    #[error(transparent)]
    Busy(#[from] HasherBusy),
    /// The database failed.
    #[error(transparent)]
    Repository(RepositoryError),
}

impl From<RepositoryError> for SeedDemoError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Conflict(
                Constraint::UsernameTaken | Constraint::EmailTaken | Constraint::EquipmentCodeTaken,
            ) => Self::AlreadySeeded,
            other => Self::Repository(other),
        }
    }
}

impl From<TextError> for SeedDemoError {
    fn from(error: TextError) -> Self {
        Self::Data(error.to_string())
    }
}

const CUSTOMERS: [&str; 2] = ["Conserverie Atlas", "Textiles du Souss"];

/// Username, name, role, customer.
const USERS: [(&str, &str, Role, Option<usize>); 9] = [
    ("demo.admin", "Nadia Berrada", Role::Admin, None),
    ("demo.responsable", "Youssef El Amrani", Role::Manager, None),
    ("demo.planning", "Salma Idrissi", Role::Manager, None),
    ("demo.mecanicien", "Karim Alaoui", Role::Technician, None),
    ("demo.electricien", "Hind Tazi", Role::Technician, None),
    ("demo.automaticien", "Omar Bennis", Role::Technician, None),
    ("demo.frigoriste", "Rachid Ouazzani", Role::Technician, None),
    ("demo.client", "Leïla Chraïbi", Role::Customer, Some(0)),
    ("demo.client2", "Hamid Ait Baha", Role::Customer, Some(1)),
];

/// A line of production, its place, and whose it is.
const LINES: [(&str, &str, Option<usize>); 4] = [
    ("Ligne de conditionnement 1", "Atelier A", None),
    ("Ligne de conditionnement 2", "Atelier A", None),
    ("Ligne de mise en boîte", "Site Safi", Some(0)),
    ("Atelier de tissage", "Site Agadir", Some(1)),
];

/// Every line has one of each: name, kind, brand, criticality, days between two maintenances.
const MACHINES: [(&str, &str, &str, Criticality, i64); 9] = [
    ("Convoyeur d'alimentation", "convoyeur", "Interroll", Criticality::Important, 90),
    ("Presse hydraulique", "presse", "Schuler", Criticality::Critical, 60),
    ("Compresseur à vis", "compresseur", "Atlas Copco", Criticality::Critical, 30),
    ("Groupe froid", "froid", "Carrier", Criticality::Important, 180),
    ("Armoire électrique", "electricite", "Schneider", Criticality::Critical, 365),
    ("Automate programmable", "automatisme", "Siemens", Criticality::Critical, 365),
    ("Pompe centrifuge", "pompe", "Grundfos", Criticality::Standard, 120),
    ("Palettiseur", "robot", "KUKA", Criticality::Important, 90),
    ("Extracteur d'air", "ventilation", "France Air", Criticality::NonCritical, 365),
];

impl SeedDemo {
    /// Enters everything in one unit of work. A second time it is refused and nothing changes.
    pub async fn run(self, core: &Core) -> Result<Demo, SeedDemoError> {
        let hash = core.hasher.hash(&self.password).await?;
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let mut customers = Vec::new();
        for name in CUSTOMERS {
            customers.push(work.customers().insert(Line::parse(name)?, now).await?.id);
        }
        let users = seed_users(&mut *work, &customers, &hash, now).await?;
        let machines = seed_machines(&mut *work, &customers, now).await?;
        work.commit().await?;
        Ok(Demo { users, machines })
    }
}

async fn seed_users(
    work: &mut dyn UnitOfWork,
    customers: &[CustomerId],
    hash: &PasswordHash,
    now: Instant,
) -> Result<Vec<(Username, Role)>, SeedDemoError> {
    let mut made = Vec::new();
    for (username, name, role, customer) in USERS {
        let wrong = |why: &dyn std::fmt::Display| SeedDemoError::Data(format!("{username}: {why}"));
        let new = NewUser {
            username: Username::parse(username).map_err(|why| wrong(&why))?,
            email: EmailAddress::parse(&format!("{username}@demo.mif.local")).map_err(|why| wrong(&why))?,
            full_name: Some(FullName::parse(name)?),
            role,
            customer_id: customer.and_then(|index| customers.get(index)).copied(),
            language: Language::French,
            password_hash: hash.clone(),
            must_change_password: false,
        };
        let user = work.users().insert(new, now).await?;
        let event = AuditEvent::success(AuditKind::UserCreated, AuditOrigin::default(), now).on("user", user.id.0);
        work.audit().append(event.with("role", role.as_str())).await?;
        made.push((user.username, role));
    }
    Ok(made)
}

async fn seed_machines(
    work: &mut dyn UnitOfWork,
    customers: &[CustomerId],
    now: Instant,
) -> Result<usize, SeedDemoError> {
    let mut count = 0;
    for (line_number, (line, place, customer)) in (1_i32..).zip(LINES) {
        let customer = customer.and_then(|index| customers.get(index)).copied();
        let head = EquipmentDraft {
            name: Line::parse(line)?,
            code: Some(Line::parse(&format!("DEMO-L{line_number}"))?),
            kind: Line::parse("ligne")?,
            location: Line::parse(place)?,
            parent_id: None,
            customer_id: customer,
            brand: None,
            model: None,
            serial_number: None,
            status: EquipmentStatus::Operational,
            criticality: Criticality::Critical,
            maintenance_interval: None,
            commissioned_on: NaiveDate::from_ymd_opt(2012 + line_number, 3, 1),
            description: None,
        };
        let parent = enter(work, head.clone(), now).await?;
        count += 1;
        for (number, (name, kind, brand, criticality, days)) in (1_i32..).zip(MACHINES) {
            let machine = EquipmentDraft {
                name: Line::parse(&format!("{name} {line_number}"))?,
                code: Some(Line::parse(&format!("DEMO-L{line_number}-{number:02}"))?),
                kind: Line::parse(kind)?,
                parent_id: Some(parent),
                brand: Some(Line::parse(brand)?),
                serial_number: Some(Line::parse(&format!("DEMO-{line_number}{number:03}"))?),
                status: if (line_number, number) == (2, 7) { EquipmentStatus::Failed } else { head.status },
                criticality,
                maintenance_interval: MaintenanceInterval::from_days(days).ok(),
                ..head.clone()
            };
            enter(work, machine, now).await?;
            count += 1;
        }
    }
    Ok(count)
}

async fn enter(work: &mut dyn UnitOfWork, sheet: EquipmentDraft, now: Instant) -> Result<EquipmentId, SeedDemoError> {
    let machine = work.equipment().insert(sheet, now).await?;
    let event = AuditEvent::success(AuditKind::EquipmentCreated, AuditOrigin::default(), now);
    work.audit().append(event.on("equipment", machine.id.0)).await?;
    Ok(machine.id)
}
