//! Fields of a JSON merge patch (RFC 7396): absent keeps, `null` empties, anything else sets.

use mif_application::Change;
use serde::{Deserialize, Deserializer};

use crate::problem::{FieldErrors, FieldProblem};

/// One field of a patch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Patch<T> {
    /// Not named.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// A value.
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Null, Self::Value))
    }
}

impl<T> Patch<T> {
    /// A field that may be empty.
    pub(crate) fn optional<U, E: Into<FieldProblem>>(
        self,
        errors: &mut FieldErrors,
        name: &str,
        parse: impl FnOnce(T) -> Result<U, E>,
    ) -> Change<Option<U>> {
        match self {
            Self::Absent => Change::Keep,
            Self::Null => Change::Set(None),
            Self::Value(value) => {
                errors.check(name, parse(value)).map_or(Change::Keep, |value| Change::Set(Some(value)))
            }
        }
    }

    /// A field that always has a value.
    pub(crate) fn required<U, E: Into<FieldProblem>>(
        self,
        errors: &mut FieldErrors,
        name: &str,
        parse: impl FnOnce(T) -> Result<U, E>,
    ) -> Change<U> {
        let parsed = match self {
            Self::Absent => return Change::Keep,
            Self::Null => errors.require(name, None),
            Self::Value(value) => errors.check(name, parse(value)),
        };
        parsed.map_or(Change::Keep, Change::Set)
    }
}

/// For values that need no further parsing.
#[expect(clippy::unnecessary_wraps, reason = "it stands in for parsers, which can refuse")]
pub(crate) fn as_is<T, U: From<T>>(value: T) -> Result<U, FieldProblem> {
    Ok(U::from(value))
}
