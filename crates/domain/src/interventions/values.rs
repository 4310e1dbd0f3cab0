//! An intervention and what can be said about it.

use thiserror::Error;

use super::Reference;
use crate::clock::Instant;
use crate::customers::CustomerId;
use crate::equipment::EquipmentId;
use crate::technicians::TechnicianId;
use crate::text::{Line, Paragraph, searchable};
use crate::users::UserId;
use crate::words::words;

/// Identifies an intervention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterventionId(pub i64);

words! {
    /// Why it is done.
    InterventionKind {
        /// Something broke.
        Corrective = "corrective",
        /// So that nothing breaks.
        Preventive = "preventive",
        /// So that it works better.
        Improvement = "improvement",
        /// To find out what is wrong.
        Diagnostic = "diagnostic",
    }
}

words! {
    /// Where it is in its life.
    Status {
        /// Reported, given to nobody.
        Open = "open",
        /// Given to a technician.
        Assigned = "assigned",
        /// Being worked on.
        InProgress = "in_progress",
        /// Interrupted.
        OnHold = "on_hold",
        /// Finished.
        Closed = "closed",
        /// Given up.
        Cancelled = "cancelled",
        /// Put away.
        Archived = "archived",
    }
}

impl Status {
    /// Whether work is still expected.
    pub fn is_open_work(self) -> bool {
        matches!(self, Self::Open | Self::Assigned | Self::InProgress | Self::OnHold)
    }
}

words! {
    /// What comes first, from first to last.
    Priority {
        /// Now.
        Urgent = "urgent",
        /// Today.
        High = "high",
        /// In turn.
        Normal = "normal",
        /// When there is time.
        Low = "low",
        /// On its date.
        Scheduled = "scheduled",
    }
}

/// A duration in whole minutes: 0 to 525 600, a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minutes(u32);

/// A duration that no work has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be between 0 and 525600 minutes")]
pub struct MinutesError;

impl Minutes {
    /// Parses a number of minutes.
    pub fn parse(minutes: i64) -> Result<Self, MinutesError> {
        u32::try_from(minutes).ok().filter(|minutes| *minutes <= 525_600).map(Self).ok_or(MinutesError)
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// How content the customer is: 1 to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rating(u8);

/// Not 1 to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be between 1 and 5")]
pub struct RatingError;

impl Rating {
    /// Parses a number.
    pub fn parse(stars: i64) -> Result<Self, RatingError> {
        u8::try_from(stars).ok().filter(|stars| (1..=5).contains(stars)).map(Self).ok_or(RatingError)
    }

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }
}

/// When it is planned: both ends known, the end after the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    start: Instant,
    end: Instant,
}

/// A slot that ends before it starts, or lasts longer than a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SlotError {
    /// The end is not after the start.
    #[error("the end must be after the start")]
    EndsBeforeStart,
    /// Longer than 31 days: a typing error in the month.
    #[error("must not last longer than 31 days")]
    TooLong,
}

impl Slot {
    /// Puts two instants together.
    pub fn new(start: Instant, end: Instant) -> Result<Self, SlotError> {
        if end <= start {
            return Err(SlotError::EndsBeforeStart);
        }
        if end - start > chrono::TimeDelta::days(31) {
            return Err(SlotError::TooLong);
        }
        Ok(Self { start, end })
    }

    /// Its beginning.
    pub fn start(self) -> Instant {
        self.start
    }

    /// Its end, which does not belong to it: slots may touch.
    pub fn end(self) -> Instant {
        self.end
    }
}

/// What is written when an intervention is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterventionDraft {
    /// What it is about.
    pub title: Line<200>,
    /// In more words.
    pub description: Option<Paragraph<4000>>,
    /// Why it is done.
    pub kind: InterventionKind,
    /// What comes first.
    pub priority: Priority,
    /// Whether production stands still.
    pub is_urgent: bool,
    /// The machine.
    pub equipment_id: EquipmentId,
    /// Until when it must be done.
    pub due_at: Option<Instant>,
    /// When it is planned.
    pub slot: Option<Slot>,
    /// How long it will probably take.
    pub estimated: Option<Minutes>,
}

/// What is reported when work is finished.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closing {
    /// What was done.
    pub report: Option<Paragraph<8000>>,
    /// Why it had failed.
    pub failure_cause: Option<Line<300>>,
    /// How long the machine stood still.
    pub downtime: Option<Minutes>,
}

/// An intervention as it is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIntervention {
    /// See [`Intervention::reference`].
    pub reference: Reference,
    /// See [`Intervention::draft`].
    pub draft: InterventionDraft,
    /// See [`Intervention::technician_id`].
    pub technician_id: Option<TechnicianId>,
    /// See [`Intervention::customer_id`].
    pub customer_id: Option<CustomerId>,
    /// See [`Intervention::author_id`].
    pub author_id: Option<UserId>,
}

impl NewIntervention {
    /// Given to nobody, of no customer, entered by the system.
    pub fn reported(reference: Reference, draft: InterventionDraft) -> Self {
        Self { reference, draft, technician_id: None, customer_id: None, author_id: None }
    }

    /// Where its life begins: given to somebody at once, it is assigned.
    pub fn status(&self) -> Status {
        if self.technician_id.is_some() { Status::Assigned } else { Status::Open }
    }

    /// What an adapter MUST have stored under this identifier.
    pub fn stored_as(self, id: InterventionId, at: Instant) -> Intervention {
        Intervention {
            id,
            status: self.status(),
            reference: self.reference,
            draft: self.draft,
            technician_id: self.technician_id,
            customer_id: self.customer_id,
            author_id: self.author_id,
            closing: Closing::default(),
            rating: None,
            started_at: None,
            finished_at: None,
            closed_at: None,
            created_at: at,
            updated_at: at,
            version: 1,
        }
    }
}

/// An intervention as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intervention {
    /// The identifier.
    pub id: InterventionId,
    /// The number that people quote.
    pub reference: Reference,
    /// What was written.
    pub draft: InterventionDraft,
    /// Where it is in its life.
    pub status: Status,
    /// Who has it.
    pub technician_id: Option<TechnicianId>,
    /// Whose machine it was when this was entered; never follows the machine. Alone decides what a customer sees.
    pub customer_id: Option<CustomerId>,
    /// Who entered it; `None` for the system.
    pub author_id: Option<UserId>,
    /// What was reported.
    pub closing: Closing,
    /// How content the customer was.
    pub rating: Option<Rating>,
    /// When work first began.
    pub started_at: Option<Instant>,
    /// When it was done.
    pub finished_at: Option<Instant>,
    /// When it was closed.
    pub closed_at: Option<Instant>,
    /// When it was entered.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// Grows with every change.
    pub version: i64,
}

impl Intervention {
    /// Whether it should have been done by now.
    pub fn is_late(&self, at: Instant) -> bool {
        self.status.is_open_work() && self.draft.due_at.is_some_and(|due| due < at)
    }

    /// What a search looks into, beside the names of machine and technician.
    pub fn search_text(reference: &Reference, draft: &InterventionDraft) -> String {
        let description = draft.description.as_ref().map_or("", |text| text.as_str());
        searchable(&format!("{reference}\n{}\n{description}", draft.title))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_limits() {
        assert_eq!(Minutes::parse(90).unwrap().get(), 90);
        assert!(Minutes::parse(-1).is_err() && Minutes::parse(525_601).is_err());
        assert_eq!(Rating::parse(5).unwrap().get(), 5);
        assert!(Rating::parse(0).is_err() && Rating::parse(6).is_err());
    }

    #[test]
    fn a_slot_ends_after_it_starts() {
        let start = chrono::DateTime::UNIX_EPOCH;
        let later = |hours| start + chrono::TimeDelta::hours(hours);
        assert!(Slot::new(start, later(2)).is_ok());
        assert_eq!(Slot::new(start, start), Err(SlotError::EndsBeforeStart));
        assert_eq!(Slot::new(later(1), start), Err(SlotError::EndsBeforeStart));
        assert_eq!(Slot::new(start, later(31 * 24 + 1)), Err(SlotError::TooLong));
    }
}
