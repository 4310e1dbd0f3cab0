//! Edits that must not overwrite what their author never saw.

use super::Refusal;

/// Which version of a thing a wish to change it is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// Whichever there is: the caller does not insist.
    #[default]
    Any,
    /// The one that they saw.
    Exactly(i64),
    /// What they name was never a version of ours, so that nothing is it.
    Foreign,
}

impl ExpectedVersion {
    /// `Stale` when the stored version is another one.
    pub(crate) fn check(self, stored: i64) -> Result<(), Refusal> {
        match self {
            Self::Any => Ok(()),
            Self::Exactly(seen) if seen == stored => Ok(()),
            Self::Exactly(_) | Self::Foreign => Err(Refusal::Stale),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_version_that_was_seen_or_any_at_all_is_changed() {
        for (expected, outcome) in [
            (ExpectedVersion::Any, Ok(())),
            (ExpectedVersion::Exactly(7), Ok(())),
            (ExpectedVersion::Exactly(6), Err(Refusal::Stale)),
            (ExpectedVersion::Exactly(8), Err(Refusal::Stale)),
            (ExpectedVersion::Foreign, Err(Refusal::Stale)),
        ] {
            assert_eq!(expected.check(7), outcome, "{expected:?}");
        }
    }
}
