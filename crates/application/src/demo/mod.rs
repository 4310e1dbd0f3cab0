//! A believable plant to try the product on: people, machines in a tree, and eighteen months of work on them.
//!
//! `people` and `machines` are tables; `orders` decides what had to be done and when, `requests` how it was asked for,
//! `course` who did it, and `work` writes it down through the life cycle of the domain. The same instant and seed give the
//! same demo.

mod course;
mod hours;
mod machines;
mod orders;
mod people;
mod requests;
mod texts;
mod work;

use chrono::{SubsecRound as _, TimeDelta};
use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::repository::{Constraint, RepositoryError, Stored};
use mif_domain::text::TextError;
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::{HasherBusy, PlainPassword, Role, Username};
use thiserror::Error;

use crate::Core;

/// Enters customers, users of every role, technicians with their skills, machines and interventions, all or nothing.
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
    /// How many interventions.
    pub interventions: usize,
}

/// Why nothing was entered.
#[derive(Debug, Error)]
pub enum SeedDemoError {
    /// The demo users are there already.
    #[error("the demo data are there already")]
    AlreadySeeded,
    /// A line of the tables is wrong.
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
                Constraint::UsernameTaken
                | Constraint::EmailTaken
                | Constraint::EquipmentCodeTaken
                | Constraint::SerialNumberTaken
                | Constraint::SkillNameTaken,
            ) => Self::AlreadySeeded,
            other => Self::Repository(other),
        }
    }
}

impl From<TextError> for SeedDemoError {
    fn from(error: TextError) -> Self {
        data(error)
    }
}

fn data(why: impl std::fmt::Display) -> SeedDemoError {
    SeedDemoError::Data(why.to_string())
}

/// Between which instants the demo takes place.
#[derive(Debug, Clone, Copy)]
struct Moments {
    /// When people and machines were entered.
    opening: Instant,
    /// When the first intervention may have been reported.
    first_work: Instant,
    /// Today. What the audit trail says happened now: the demo was entered now, whatever it is about.
    now: Instant,
}

impl Moments {
    /// Eighteen months of work.
    const SPAN: TimeDelta = TimeDelta::days(548);

    fn until(now: Instant) -> Self {
        let first_work = now.trunc_subsecs(0) - Self::SPAN;
        Self { opening: hours::before(first_work, TimeDelta::days(5)), first_work, now }
    }
}

impl SeedDemo {
    /// Enters everything in one unit of work. A second time it is refused and nothing changes.
    pub async fn run(self, core: &Core) -> Result<Demo, SeedDemoError> {
        let hash = core.hasher.hash(&self.password).await?;
        let mut work = core.work.begin().await?;
        let moments = Moments::until(core.clock.now());
        let people = people::seed(&mut *work, &hash, moments).await?;
        let park = machines::seed(&mut *work, &people.customers, moments).await?;
        let stories = course::stories(&people, &park, moments)?;
        let interventions = work::seed(&mut *work, &people, park.machines, stories, moments).await?;
        work.commit().await?;
        Ok(Demo { users: people.users, machines: park.count, interventions })
    }
}

async fn record(work: &mut dyn UnitOfWork, kind: AuditKind, on: &str, id: i64, now: Instant) -> Stored<()> {
    work.audit().append(AuditEvent::success(kind, AuditOrigin::default(), now).on(on, id)).await
}
