//! A technician and what can be said about one.

use crate::clock::Instant;
use crate::text::Line;
use crate::users::UserId;
use crate::words::words;

/// Identifies a technician.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TechnicianId(pub i64);

/// Identifies a skill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SkillId(pub i64);

words! {
    /// Whether a technician can be sent.
    Availability {
        /// At once.
        Available = "available",
        /// After what they are doing.
        Busy = "busy",
        /// On leave.
        OnLeave = "on_leave",
        /// In training.
        Training = "training",
        /// For another reason not.
        Unavailable = "unavailable",
    }
}

words! {
    /// How well somebody does something, from little to much.
    Level {
        /// Learns it.
        Beginner = "beginner",
        /// Does it with help.
        Intermediate = "intermediate",
        /// Does it alone.
        Advanced = "advanced",
        /// Teaches it.
        Expert = "expert",
    }
}

/// What people write about a skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillSheet {
    /// Unique, whatever its case.
    pub name: Line<100>,
    /// What it belongs to, for instance `electricite`.
    pub domain: Line<100>,
}

/// Something that technicians can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skill {
    /// The identifier.
    pub id: SkillId,
    /// What people wrote.
    pub sheet: SkillSheet,
}

/// A skill and how well a technician has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldSkill {
    /// The skill.
    pub skill: Skill,
    /// How well.
    pub level: Level,
}

/// Everything about a technician that people write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TechnicianSheet {
    /// Their team.
    pub team: Option<Line<100>>,
    /// Whether they can be sent.
    pub availability: Availability,
    /// How experienced they are in all.
    pub level: Level,
    /// Where they usually work.
    pub zone: Option<Line<100>>,
    /// Whether they can be called at night.
    pub on_call: bool,
    /// Where to call.
    pub phone: Option<Line<30>>,
}

impl Default for TechnicianSheet {
    /// What is known of a technician who was made together with their account.
    fn default() -> Self {
        Self {
            team: None,
            availability: Availability::Available,
            level: Level::Intermediate,
            zone: None,
            on_call: false,
            phone: None,
        }
    }
}

/// A technician as stored. One per user of role technician; archived, never deleted, because history points at them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Technician {
    /// The identifier.
    pub id: TechnicianId,
    /// Their account.
    pub user_id: UserId,
    /// What people wrote.
    pub sheet: TechnicianSheet,
    /// Since when they take no work any more.
    pub archived_at: Option<Instant>,
    /// When they were entered.
    pub created_at: Instant,
    /// When they last changed.
    pub updated_at: Instant,
    /// Grows with every change.
    pub version: i64,
}
