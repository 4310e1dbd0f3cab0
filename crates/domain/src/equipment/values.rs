//! A machine and what can be said about it.

use chrono::NaiveDate;
use thiserror::Error;

use crate::clock::Instant;
use crate::customers::CustomerId;
use crate::text::{Line, Paragraph, searchable};
use crate::words::words;

/// Identifies a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EquipmentId(pub i64);

words! {
    /// The state of a machine.
    EquipmentStatus {
        /// It runs.
        Operational = "operational",
        /// It is being worked on.
        Maintenance = "maintenance",
        /// It is down.
        Failed = "failed",
        /// It is out of service for good.
        Retired = "retired",
    }
}

words! {
    /// What its failure costs the plant.
    Criticality {
        /// Production stops.
        Critical = "critical",
        /// Production suffers.
        Important = "important",
        /// The usual.
        Standard = "standard",
        /// Nobody notices.
        NonCritical = "non_critical",
    }
}

/// Days between two maintenances: 1 to 3650.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaintenanceInterval(u16);

/// An interval that no plan could follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be between 1 and 3650 days")]
pub struct MaintenanceIntervalError;

impl MaintenanceInterval {
    /// Parses a number of days.
    pub fn from_days(days: i64) -> Result<Self, MaintenanceIntervalError> {
        u16::try_from(days).ok().filter(|days| (1..=3650).contains(days)).map(Self).ok_or(MaintenanceIntervalError)
    }

    /// The number of days.
    pub fn days(self) -> u16 {
        self.0
    }
}

/// Everything about a machine that people write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EquipmentDraft {
    /// What it is called.
    pub name: Line<200>,
    /// The plant's own code, unique.
    pub code: Option<Line<50>>,
    /// What kind of machine it is.
    pub kind: Line<100>,
    /// Where it stands.
    pub location: Line<200>,
    /// The machine it is a part of. The tree has no cycles.
    pub parent_id: Option<EquipmentId>,
    /// Whose it is.
    pub customer_id: Option<CustomerId>,
    /// Who made it.
    pub brand: Option<Line<100>>,
    /// The maker's name for it.
    pub model: Option<Line<100>>,
    /// The maker's number, unique.
    pub serial_number: Option<Line<100>>,
    /// Its state.
    pub status: EquipmentStatus,
    /// What its failure costs.
    pub criticality: Criticality,
    /// How often it wants care.
    pub maintenance_interval: Option<MaintenanceInterval>,
    /// Since when it runs: a civil date.
    pub commissioned_on: Option<NaiveDate>,
    /// Anything else.
    pub description: Option<Paragraph<4000>>,
}

impl EquipmentDraft {
    /// What a search looks into.
    pub fn search_text(&self) -> String {
        let parts = [
            Some(self.name.as_str()),
            self.code.as_ref().map(Line::as_str),
            Some(self.kind.as_str()),
            Some(self.location.as_str()),
            self.brand.as_ref().map(Line::as_str),
            self.model.as_ref().map(Line::as_str),
            self.serial_number.as_ref().map(Line::as_str),
        ];
        searchable(&parts.into_iter().flatten().collect::<Vec<_>>().join("\n"))
    }
}

/// A machine as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equipment {
    /// The identifier.
    pub id: EquipmentId,
    /// What people wrote.
    pub sheet: EquipmentDraft,
    /// When it was entered.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// Grows with every change.
    pub version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_a_sensible_number_of_days() {
        assert_eq!(MaintenanceInterval::from_days(90).unwrap().days(), 90);
        for bad in [0, -1, 3651, i64::MAX] {
            assert!(MaintenanceInterval::from_days(bad).is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn stored_words_read_back() {
        for status in EquipmentStatus::ALL {
            assert_eq!(EquipmentStatus::from_stored(status.as_str()), Some(*status));
        }
        assert_eq!(Criticality::from_stored("Critical"), None);
    }
}
