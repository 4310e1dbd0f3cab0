//! What every adapter of the write side must do, written once. Each suite is a module of cases; the macro beside it names
//! every case in the tests of the adapter that runs it.
//!
//! The fixture is the path of an `async fn() -> Backend` that makes an empty store of its own for every case:
//!
//! ```text
//! mod sqlite {
//!     mif_testkit::unit_of_work_contracts!(crate::sqlite::fixture);
//! }
//! ```

pub mod audit_chain;
pub mod customers;
pub mod documents;
pub mod equipment;
pub mod files;
pub mod guesses;
pub mod history;
pub mod idempotency;
pub mod interventions;
pub mod lateness;
pub mod letter_tokens;
pub mod mfa;
pub mod notifications;
pub mod outbox;
pub mod planning;
pub mod queries;
pub mod scanner;
pub mod sessions;
pub mod technicians;
pub mod units;
pub mod users;

use std::any::Any;
use std::future::Future;
use std::sync::Arc;

use mif_domain::Instant;
use mif_domain::equipment::{Equipment, EquipmentDraft};
use mif_domain::interventions::{Intervention, InterventionDraft, NewIntervention, Status};
use mif_domain::outbox::OutboxQueue;
use mif_domain::queries::{Queries, SessionStates};
use mif_domain::technicians::{Skill, SkillSheet, Technician, TechnicianId, TechnicianSheet};
use mif_domain::text::Line;
use mif_domain::unit_of_work::{UnitOfWork, UnitOfWorkFactory};
use mif_domain::users::{NewUser, User};

use crate::{T0, a_user};

/// A store of its own for one case, and every port to it.
#[derive(Debug, Clone)]
pub struct Backend {
    /// Writes.
    pub work: Arc<dyn UnitOfWorkFactory>,
    /// Session states and credentials.
    pub states: Arc<dyn SessionStates>,
    /// The worker's side of the outbox.
    pub queue: Arc<dyn OutboxQueue>,
    /// Single rows; lists too where the adapter is a database.
    pub queries: Arc<dyn Queries>,
    /// What must live as long as the store, a folder for instance.
    pub keep: Arc<dyn Guard>,
}

/// Anything that is only kept alive.
pub trait Guard: Any + Send + Sync + std::fmt::Debug {}
impl<T: Any + Send + Sync + std::fmt::Debug> Guard for T {}

impl Backend {
    /// Opens a unit.
    pub async fn begin(&self) -> Box<dyn UnitOfWork> {
        self.work.begin().await.expect("a unit of work")
    }

    /// Stores a user.
    pub async fn insert_user(&self, user: NewUser) -> User {
        let mut unit = self.begin().await;
        let user = unit.users().insert(user, T0).await.expect("a new user");
        unit.commit().await.expect("a commit");
        user
    }

    /// Stores a machine.
    pub async fn insert_equipment(&self, sheet: EquipmentDraft) -> Equipment {
        let mut unit = self.begin().await;
        let equipment = unit.equipment().insert(sheet, T0).await.expect("a new machine");
        unit.commit().await.expect("a commit");
        equipment
    }

    /// Stores a user of this name and their sheet.
    pub async fn insert_technician(&self, username: &str, sheet: TechnicianSheet) -> Technician {
        let mut unit = self.begin().await;
        let user = unit.users().insert(a_user(username).build(), T0).await.expect("a new user");
        let technician = unit.technicians().insert(user.id, sheet, T0).await.expect("a new technician");
        unit.commit().await.expect("a commit");
        technician
    }

    /// Stores a skill.
    pub async fn insert_skill(&self, name: &str, domain: &str) -> Skill {
        let mut unit = self.begin().await;
        let (name, domain) = (Line::parse(name).expect("a name"), Line::parse(domain).expect("a domain"));
        let skill = unit.skills().insert(SkillSheet { name, domain }, T0).await.expect("a new skill");
        unit.commit().await.expect("a commit");
        skill
    }

    /// Stores an intervention of 2026 for whoever owns the machine now.
    pub async fn insert_intervention(
        &self,
        draft: InterventionDraft,
        technician: Option<TechnicianId>,
        at: Instant,
    ) -> Intervention {
        let mut unit = self.begin().await;
        let machine = unit.equipment().find_for_update(draft.equipment_id).await.expect("a read").expect("a machine");
        let mut work = unit.interventions();
        let reference = work.next_reference(2026).await.expect("a reference");
        let customer_id = machine.sheet.customer_id;
        let new =
            NewIntervention { technician_id: technician, customer_id, ..NewIntervention::reported(reference, draft) };
        let stored = work.insert(new, at).await;
        drop(work);
        unit.commit().await.expect("a commit");
        stored.expect("a new intervention")
    }

    /// Brings an intervention into a state, whatever the life cycle says, with what the schema wants to see there.
    pub async fn bring_into(
        &self,
        work: Intervention,
        status: Status,
        technician: Option<TechnicianId>,
    ) -> Intervention {
        let closed_at = (status == Status::Closed).then_some(work.updated_at);
        let changed = Intervention { status, technician_id: technician, closed_at, ..work };
        let mut unit = self.begin().await;
        let stored = unit.interventions().update(&changed, changed.updated_at).await.expect("a change");
        unit.commit().await.expect("a commit");
        stored
    }
}

/// Runs callers at the same time, each as a task of its own, and returns what they returned.
pub async fn at_once<T, F>(callers: u32, call: impl Fn(u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..callers).map(|caller| tokio::spawn(call(caller))).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.expect("a caller that does not panic"));
    }
    results
}

/// Names cases of one suite. Several threads, so that callers really run at once.
#[macro_export]
macro_rules! contract_cases {
    ($fixture:path => $suite:ident: $($case:ident),+ $(,)?) => {
        mod $suite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    $crate::contracts::$suite::$case(&$fixture().await).await;
                }
            )+
        }
    };
}

/// Every suite that a store of units of work must pass.
#[macro_export]
macro_rules! unit_of_work_contracts {
    ($fixture:path) => {
        $crate::unit_contracts!($fixture);
        $crate::user_contracts!($fixture);
        $crate::session_contracts!($fixture);
        $crate::customer_contracts!($fixture);
        $crate::equipment_contracts!($fixture);
        $crate::technician_contracts!($fixture);
        $crate::intervention_contracts!($fixture);
        $crate::planning_contracts!($fixture);
        $crate::lateness_contracts!($fixture);
        $crate::history_contracts!($fixture);
        $crate::notification_contracts!($fixture);
        $crate::document_contracts!($fixture);
        $crate::idempotency_contracts!($fixture);
        $crate::outbox_contracts!($fixture);
        $crate::guess_contracts!($fixture);
        $crate::letter_token_contracts!($fixture);
        $crate::mfa_contracts!($fixture);
    };
}
