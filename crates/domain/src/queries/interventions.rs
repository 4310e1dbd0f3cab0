//! Interventions, read.

use async_trait::async_trait;

use crate::clock::Instant;
use crate::customers::CustomerId;
use crate::equipment::EquipmentId;
use crate::interventions::{HistoryEntry, Intervention, InterventionId, InterventionKind, Priority, Slot, Status};
use crate::paging::{Page, PageRequest};
use crate::repository::Stored;
use crate::technicians::{Availability, Level, TechnicianId};
use crate::words::words;

/// Which interventions somebody may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterventionScope {
    /// Every one.
    All,
    /// Those given to a technician, and those that are open and given to nobody.
    OfTechnician(TechnicianId),
    /// Those that are open and given to nobody: a technician whose sheet is missing.
    Unassigned,
    /// Those of one customer.
    OfCustomer(CustomerId),
    /// None.
    Nothing,
}

impl InterventionScope {
    /// Whether it holds this one. Every adapter's queries MUST decide the same.
    pub fn admits(self, work: &Intervention) -> bool {
        let free = work.status == Status::Open && work.technician_id.is_none();
        match self {
            Self::All => true,
            Self::OfTechnician(technician) => free || work.technician_id == Some(technician),
            Self::Unassigned => free,
            Self::OfCustomer(customer) => work.customer_id == Some(customer),
            Self::Nothing => false,
        }
    }
}

words! {
    /// What a list of interventions can be sorted by.
    InterventionSort {
        /// By identifier, that is by age.
        Id = "id",
        /// By reference.
        Reference = "reference",
        /// By title.
        Title = "title",
        /// By state, in the order of a life.
        Status = "status",
        /// By priority, from what can wait to what is urgent.
        Priority = "priority",
        /// By date of entry.
        CreatedAt = "created_at",
        /// By the date it must be done.
        DueAt = "due_at",
        /// By the date it is planned.
        PlannedStart = "planned_start_at",
        /// By date of the last change.
        UpdatedAt = "updated_at",
    }
}

/// From an instant until another, which does not belong to it; either end may be open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeSpan {
    /// The beginning.
    pub from: Option<Instant>,
    /// The end.
    pub until: Option<Instant>,
}

/// What a list of interventions can be narrowed by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InterventionFilter {
    /// Only those whose reference, title or description holds this, without case or accents.
    pub text: Option<String>,
    /// Only those in one of these states; empty means any.
    pub statuses: Vec<Status>,
    /// Only those of this kind.
    pub kind: Option<InterventionKind>,
    /// Only those of this priority.
    pub priority: Option<Priority>,
    /// Only the urgent, or only the others.
    pub is_urgent: Option<bool>,
    /// Only those given to this technician.
    pub technician_id: Option<TechnicianId>,
    /// Only those on this machine.
    pub equipment_id: Option<EquipmentId>,
    /// Only those of this customer.
    pub customer_id: Option<CustomerId>,
    /// Only those entered then.
    pub created: TimeSpan,
    /// Only those due then.
    pub due: TimeSpan,
    /// Only those late at this instant (`true`) or not (`false`).
    pub late_at: Option<(bool, Instant)>,
}

/// An intervention with the names that go with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterventionView {
    /// What is stored.
    pub intervention: Intervention,
    /// The name of the machine.
    pub equipment_name: String,
    /// The name of the technician: full name, else username.
    pub technician_name: Option<String>,
}

/// Why a technician is suggested, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CandidateReason {
    /// Has a skill of the machine's kind, at this level.
    Skill {
        /// The skill.
        name: String,
        /// How well.
        level: Level,
    },
    /// Has no skill of the machine's kind.
    NoSkill,
    /// In this state.
    Availability(Availability),
    /// So much open work.
    Load {
        /// Open interventions.
        open: u64,
    },
    /// Usually works where the machine stands.
    SameZone,
    /// Has something else at that time.
    SlotTaken,
}

/// A technician who could be sent, with everything that speaks for and against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub technician_id: TechnicianId,
    /// Their name.
    pub name: String,
    /// Their state.
    pub availability: Availability,
    /// Where they usually work.
    pub zone: Option<String>,
    /// The skills whose domain or name is the machine's kind.
    pub matching_skills: Vec<(String, Level)>,
    /// Open interventions.
    pub open_work: u64,
    /// Whether something else is planned at that time.
    pub slot_taken: bool,
}

/// Interventions, read.
#[async_trait]
pub trait InterventionQueries: Send + Sync {
    /// One intervention.
    async fn find_intervention(&self, id: InterventionId, scope: InterventionScope)
    -> Stored<Option<InterventionView>>;
    /// A page of interventions.
    async fn list_interventions(
        &self,
        scope: InterventionScope,
        filter: &InterventionFilter,
        page: &PageRequest<InterventionSort>,
    ) -> Stored<Page<InterventionView>>;
    /// The history of an intervention, oldest first, at most 1 000 entries. With `internal` false the entries that are not
    /// for customers keep their step, lose their remark and are not called internal; comments among them are left out.
    async fn intervention_history(&self, id: InterventionId, internal: bool) -> Stored<Vec<HistoryEntry>>;
    /// Every technician who takes work, with what is needed to rank them for a kind of machine and a time.
    async fn candidates(
        &self,
        equipment: EquipmentId,
        slot: Option<Slot>,
        except: InterventionId,
    ) -> Stored<Vec<Candidate>>;
}
