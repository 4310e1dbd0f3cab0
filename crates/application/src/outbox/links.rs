//! Where letters lead.

use mif_domain::mail::WayIn;

use crate::letter_token::LetterToken;

/// Where people hand in the tokens of letters.
#[derive(Debug, Clone)]
pub struct LetterLinks {
    /// What links begin with, without a slash at the end. `None`: nobody said where people reach the application, so
    /// letters hold bare tokens.
    pub public_url: Option<String>,
    /// The page that sets a password, from its slash on, with [`LetterLinks::TOKEN`] where the token stands.
    pub reset_path: String,
    /// The page that confirms an address, likewise.
    pub confirm_path: String,
}

impl LetterLinks {
    /// What stands in a path for the token.
    pub const TOKEN: &'static str = "{jeton}";

    pub(super) fn reset(&self, token: &LetterToken) -> WayIn {
        self.way_in(&self.reset_path, token)
    }

    pub(super) fn confirm(&self, token: &LetterToken) -> WayIn {
        self.way_in(&self.confirm_path, token)
    }

    fn way_in(&self, path: &str, token: &LetterToken) -> WayIn {
        match &self.public_url {
            Some(base) => WayIn::Link(format!("{base}{}", path.replace(Self::TOKEN, token.expose()))),
            None => WayIn::Token(token.expose().to_owned()),
        }
    }
}
