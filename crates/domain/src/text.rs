//! Text that people type: parsed once, then known to be clean.

use std::fmt;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Why a text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// More than `max` characters.
    #[error("is longer than {max} characters")]
    TooLong {
        /// The most characters allowed.
        max: usize,
    },
    /// A control character, such as NUL or a line break where one line is wanted.
    #[error("contains a control character")]
    ControlCharacter,
}

/// One line of 1 to `MAX` characters, trimmed, without control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line<const MAX: usize>(String);

/// Several lines of at most `MAX` characters in all, trimmed, without control characters other than line breaks and tabs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Paragraph<const MAX: usize>(String);

impl<const MAX: usize> Line<MAX> {
    /// Parses what a person typed.
    pub fn parse(raw: &str) -> Result<Self, TextError> {
        Self::from_string(raw.to_owned())
    }

    /// The same for a text that is already ours: what is clean is not copied again.
    pub fn from_string(text: String) -> Result<Self, TextError> {
        clean(text, MAX, char::is_control).map(Self)
    }
}

impl<const MAX: usize> Paragraph<MAX> {
    /// Parses what a person typed.
    pub fn parse(raw: &str) -> Result<Self, TextError> {
        Self::from_string(raw.to_owned())
    }

    /// The same for a text that is already ours: what is clean is not copied again.
    pub fn from_string(text: String) -> Result<Self, TextError> {
        clean(text, MAX, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')).map(Self)
    }
}

fn clean(raw: String, max: usize, forbidden: fn(char) -> bool) -> Result<String, TextError> {
    let trimmed = raw.trim();
    let text = if trimmed.len() == raw.len() { raw } else { trimmed.to_owned() };
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.contains(forbidden) {
        return Err(TextError::ControlCharacter);
    }
    // Bytes are never fewer than characters: most texts need no counting.
    if text.len() > max && text.chars().count() > max {
        return Err(TextError::TooLong { max });
    }
    Ok(text)
}

macro_rules! text_traits {
    ($name:ident) => {
        impl<const MAX: usize> $name<MAX> {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl<const MAX: usize> fmt::Display for $name<MAX> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl<const MAX: usize> From<$name<MAX>> for String {
            fn from(text: $name<MAX>) -> String {
                text.0
            }
        }
    };
}
text_traits!(Line);
text_traits!(Paragraph);

/// The form in which two spellings count as the same for uniqueness: NFKC, lower case.
pub fn normalized(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// The form in which people search: NFKD, marks stripped, lower case. "Électricité" becomes "electricite".
pub fn searchable(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_trimmed_and_refuses_control_characters() {
        assert_eq!(Line::<10>::parse("  Presse 4 ").unwrap().as_str(), "Presse 4");
        assert_eq!(Line::<10>::parse("a\0b"), Err(TextError::ControlCharacter));
        assert_eq!(Line::<10>::parse("a\nb"), Err(TextError::ControlCharacter));
        assert_eq!(Line::<10>::parse(" \t "), Err(TextError::Empty));
    }

    #[test]
    fn a_paragraph_keeps_its_line_breaks() {
        assert_eq!(Paragraph::<10>::parse("a\nb").unwrap().as_str(), "a\nb");
        assert_eq!(Paragraph::<10>::parse("a\u{7}b"), Err(TextError::ControlCharacter));
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert!(Line::<3>::parse("ééé").is_ok());
        assert_eq!(Line::<3>::parse("éééé"), Err(TextError::TooLong { max: 3 }));
    }

    #[test]
    fn searching_forgets_marks_and_case() {
        assert_eq!(searchable("Électricité ÇA"), "electricite ca");
        assert_eq!(normalized("É"), normalized("E\u{301}").to_lowercase());
    }

    proptest! {
        #[test]
        fn parsing_twice_changes_nothing(raw in ".{0,40}") {
            if let Ok(line) = Line::<30>::parse(&raw) {
                prop_assert_eq!(Line::<30>::parse(line.as_str()), Ok(line));
            }
        }

        #[test]
        fn normal_forms_are_stable(raw in "[a-zA-Zéèàç ]{0,20}") {
            prop_assert_eq!(normalized(&normalized(&raw)), normalized(&raw));
            prop_assert_eq!(searchable(&searchable(&raw)), searchable(&raw));
        }
    }
}
