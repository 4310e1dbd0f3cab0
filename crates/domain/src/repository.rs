//! The one error that every port to the database speaks.

use thiserror::Error;

/// Rows of one table that a purge deletes in a call, at most: others want to write too.
pub const PURGED: u64 = 1000;

/// An invariant that the database keeps. Adapters translate their driver's constraint names into these in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    /// Two users with one username.
    UsernameTaken,
    /// Two users with one e-mail address, whatever its case.
    EmailTaken,
    /// Two machines with one code.
    EquipmentCodeTaken,
    /// Two machines with one serial number.
    SerialNumberTaken,
    /// A reference to a customer that does not exist.
    UnknownCustomer,
    /// A machine whose parent does not exist.
    UnknownParent,
    /// A reference to a machine that does not exist.
    UnknownEquipment,
    /// A reference to a skill that does not exist.
    UnknownSkill,
    /// A second technician for one user.
    TechnicianExists,
    /// Two skills with one name.
    SkillNameTaken,
    /// A row that others still point at.
    StillReferenced,
    /// An invariant without a meaning for callers: a fault of the program.
    Other,
}

/// Why a repository or a query could not do its work. "Not found" is not among them: lookups return `Ok(None)`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RepositoryError {
    /// The write would break an invariant.
    #[error("the write breaks {0:?}")]
    Conflict(Constraint),
    /// The row changed since it was read.
    #[error("the row changed since it was read")]
    Stale,
    /// The database cannot be reached, is overloaded, or gave up waiting for a lock. Trying again may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A stored value does not parse any more, or the database answered something impossible.
    #[error("the stored data is corrupt: {0}")]
    Corrupt(String),
}

impl RepositoryError {
    /// Names the place of a value that does not parse.
    pub fn corrupt(table: &str, column: &str, row: i64, why: impl std::fmt::Display) -> Self {
        Self::Corrupt(format!("{table}.{column} of row {row}: {why}"))
    }
}

/// What every port to the database returns.
pub type Stored<T> = Result<T, RepositoryError>;
