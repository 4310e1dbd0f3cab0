//! The number that people quote: `INT-2026-000042`.

use std::fmt;

use thiserror::Error;

/// A reference: the year and a counter of that year. Gaps are allowed, doubles are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    year: u16,
    number: u32,
}

/// Not of the form `INT-2026-000042`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be of the form INT-2026-000042")]
pub struct ReferenceError;

impl Reference {
    /// The `number`-th reference of a year.
    pub fn new(year: u16, number: u32) -> Result<Self, ReferenceError> {
        ((1000..=9999).contains(&year) && number > 0).then_some(Self { year, number }).ok_or(ReferenceError)
    }

    /// Parses what is printed.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let (year, number) = text.strip_prefix("INT-").and_then(|rest| rest.split_once('-')).ok_or(ReferenceError)?;
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if year.len() != 4 || number.len() < 6 || !digits(year) || !digits(number) {
            return Err(ReferenceError);
        }
        Self::new(year.parse().map_err(|_| ReferenceError)?, number.parse().map_err(|_| ReferenceError)?)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INT-{:04}-{:06}", self.year, self.number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_printed_form_is_read() {
        assert_eq!(Reference::parse("INT-2026-000042").unwrap(), Reference::new(2026, 42).unwrap());
        for bad in ["", "INT-2026-42", "int-2026-000042", "INT-26-000042", "INT-2026-000000", "INT-2026-+00042"] {
            assert_eq!(Reference::parse(bad), Err(ReferenceError), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(year in 1000u16..=9999, number in 1u32..) {
            let reference = Reference::new(year, number).unwrap();
            prop_assert_eq!(Reference::parse(&reference.to_string()), Ok(reference));
        }
    }
}
