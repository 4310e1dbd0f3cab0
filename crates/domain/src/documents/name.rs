//! What a file is called.

use std::fmt;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization as _;

/// Why a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FileNameError {
    /// Nothing is left of it.
    #[error("is empty")]
    Empty,
    /// More than [`FileName::MAX`] characters.
    #[error("is longer than {} characters", FileName::MAX)]
    TooLong,
    /// A control character.
    #[error("contains a control character")]
    ControlCharacter,
}

/// The name of a file: 1 to 255 characters, without a folder and without what would make it look like another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileName(String);

impl FileName {
    /// The most characters.
    pub const MAX: usize = 255;

    /// Reads what a client calls its file. Folders before it are dropped, of Unix and of Windows, because some clients
    /// send them; so are the marks that turn the direction of writing, behind which `gpj.exe` reads as `exe.jpg`.
    pub fn parse(raw: &str) -> Result<Self, FileNameError> {
        // Longer ones are refused below; nothing need be done with megabytes of them before.
        if raw.len() > 64 * Self::MAX {
            return Err(FileNameError::TooLong);
        }
        let last = raw.rsplit(['/', '\\']).next().unwrap_or_default();
        let name: String = last.chars().filter(|c| !turns_direction(*c)).nfc().collect();
        let name = name.trim().trim_start_matches('.').trim_end_matches(['.', ' ']);
        if name.is_empty() {
            return Err(FileNameError::Empty);
        }
        if name.contains(char::is_control) {
            return Err(FileNameError::ControlCharacter);
        }
        if name.chars().count() > Self::MAX {
            return Err(FileNameError::TooLong);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the last dot, in lower case.
    pub fn extension(&self) -> Option<String> {
        self.0.rsplit_once('.').map(|(_, extension)| extension.to_lowercase())
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Invisible characters that change the order in which others are shown (UAX 9), and the byte order mark.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(raw: &str) -> Result<String, FileNameError> {
        FileName::parse(raw).map(|name| name.as_str().to_owned())
    }

    #[test]
    fn a_folder_is_no_part_of_a_name() {
        assert_eq!(name("../../etc/passwd").unwrap(), "passwd");
        assert_eq!(name("C:\\Users\\amal\\Bon de travail.pdf").unwrap(), "Bon de travail.pdf");
        assert_eq!(name("../.."), Err(FileNameError::Empty));
        assert_eq!(name(".htaccess").unwrap(), "htaccess");
    }

    #[test]
    fn arabic_stays_and_the_turn_of_direction_goes() {
        assert_eq!(name("تقرير الصيانة.pdf").unwrap(), "تقرير الصيانة.pdf");
        assert_eq!(name("facture\u{202e}gpj.exe").unwrap(), "facturegpj.exe");
    }

    #[test]
    fn a_name_is_neither_endless_nor_of_control_characters() {
        assert_eq!(name(&format!("{}.pdf", "é".repeat(251))).unwrap().chars().count(), 255);
        assert_eq!(name(&format!("{}.pdf", "é".repeat(252))), Err(FileNameError::TooLong));
        assert_eq!(name(&"a".repeat(1 << 20)), Err(FileNameError::TooLong));
        assert_eq!(name("a\r\nSet-Cookie: b.pdf"), Err(FileNameError::ControlCharacter));
        assert_eq!(name("  "), Err(FileNameError::Empty));
    }

    #[test]
    fn the_extension_is_what_follows_the_last_dot() {
        assert_eq!(FileName::parse("plan.v2.PDF").unwrap().extension().as_deref(), Some("pdf"));
        assert_eq!(FileName::parse("plan").unwrap().extension(), None);
    }

    proptest! {
        #[test]
        fn a_name_that_was_accepted_is_accepted_again(raw in ".{0,300}") {
            if let Ok(name) = FileName::parse(&raw) {
                prop_assert!(!name.as_str().contains(['/', '\\']));
                prop_assert_eq!(FileName::parse(name.as_str()), Ok(name));
            }
        }
    }
}
