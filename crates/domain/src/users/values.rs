//! Value objects of a user.

use std::fmt;

use thiserror::Error;

use crate::text::{Line, normalized};
use crate::words::words;

/// A person's name as it is shown.
pub type FullName = Line<150>;

/// What a person signs in with when not by e-mail: `[a-z0-9._-]{3,50}`, never an `@`, so that the two cannot be
/// confused. Upper case is accepted and folded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Username(String);

/// Why a username was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UsernameError {
    /// Fewer than 3 or more than 50 characters.
    #[error("must have 3 to 50 characters")]
    Length,
    /// Something other than a letter without accent, a digit, a dot, a dash or an underscore.
    #[error("may contain letters without accents, digits, '.', '_' and '-' only")]
    Character,
}

impl Username {
    /// Parses what a person typed.
    pub fn parse(raw: &str) -> Result<Self, UsernameError> {
        let name = raw.trim().to_ascii_lowercase();
        if !name.chars().all(Self::allowed) {
            return Err(UsernameError::Character);
        }
        if !(3..=50).contains(&name.len()) {
            return Err(UsernameError::Length);
        }
        Ok(Self(name))
    }

    /// The username for somebody who gave only an e-mail address: its local part, with `-` for characters that a
    /// username cannot have. The `attempt`-th one (from 1) ends in `-2`, `-3`... because the plain one is taken.
    pub fn suggested_from(email: &EmailAddress, attempt: u32) -> Self {
        let mut name: String = email
            .local_part()
            .chars()
            .map(|c| c.to_ascii_lowercase())
            .map(|c| if Self::allowed(c) { c } else { '-' })
            .take(40)
            .collect();
        while name.len() < 3 {
            name.push('-');
        }
        if attempt > 1 { Self(format!("{name}-{attempt}")) } else { Self(name) }
    }

    fn allowed(c: char) -> bool {
        c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-')
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An e-mail address as it was typed. Two spellings that differ in case are the same address: see
/// [`EmailAddress::normalized`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

/// Why an e-mail address was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EmailError {
    /// Longer than RFC 5321 lets a path be.
    #[error("is longer than 254 bytes")]
    TooLong,
    /// Not of the form `local@domain`.
    #[error("is not of the form name@domain")]
    Form,
}

impl EmailAddress {
    /// Parses an address. Deliberately stricter than RFC 5321: no quoted local parts, no address literals, no comments.
    pub fn parse(raw: &str) -> Result<Self, EmailError> {
        let address = raw.trim();
        if address.len() > 254 {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = address.rsplit_once('@').ok_or(EmailError::Form)?;
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
        let label_ok = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        // A single label is allowed: the first administrator is `admin@mif.local`, and plants do use `@usine`.
        if local_ok && domain.split('.').all(label_ok) { Ok(Self(address.to_owned())) } else { Err(EmailError::Form) }
    }

    /// The address as it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that is unique: NFKC, lower case.
    pub fn normalized(&self) -> String {
        normalized(&self.0)
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

words! {
    /// What a user may do, in the broad. The policy in `application` says it in detail.
    Role {
        /// Everything.
        Admin = "admin",
        /// Plans and dispatches the work.
        Manager = "manager",
        /// Does the work.
        Technician = "technician",
        /// Owns machines and reports their failures.
        Customer = "customer",
    }
}

words! {
    /// The language in which messages reach a person.
    Language {
        /// The default.
        French = "fr",
        /// On request.
        English = "en",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_username_is_folded_and_never_holds_an_at_sign() {
        assert_eq!(Username::parse(" Fatima.Z ").unwrap().as_str(), "fatima.z");
        assert_eq!(Username::parse("a@b"), Err(UsernameError::Character));
        assert_eq!(Username::parse("ab"), Err(UsernameError::Length));
        assert_eq!(Username::parse("é_é_é"), Err(UsernameError::Character));
    }

    #[test]
    fn a_username_is_made_from_the_local_part() {
        let email = EmailAddress::parse("Jean+Paul.É@exemple.ma").unwrap();
        assert_eq!(Username::suggested_from(&email, 1).as_str(), "jean-paul.-");
        assert_eq!(Username::suggested_from(&email, 2).as_str(), "jean-paul.--2");
        let short = EmailAddress::parse("a@b.ma").unwrap();
        assert_eq!(Username::suggested_from(&short, 1).as_str(), "a--");
    }

    #[test]
    fn an_address_needs_both_halves() {
        for bad in ["", "a", "@b.ma", "a@", "a b@c.ma", "a@b..ma", "a@-b.ma", "a\0@b.ma", "a@b@", ".a@b.ma"] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(EmailAddress::parse(" A.b+c@Exemple.MA ").unwrap().normalized(), "a.b+c@exemple.ma");
    }

    proptest! {
        #[test]
        fn every_suggestion_is_a_username(local in "[!-?A-~]{1,64}", attempt in 1u32..1000) {
            if let Ok(email) = EmailAddress::parse(&format!("{local}@exemple.ma")) {
                let suggested = Username::suggested_from(&email, attempt);
                prop_assert_eq!(Username::parse(suggested.as_str()), Ok(suggested));
            }
        }

        #[test]
        fn parsing_an_address_never_panics_and_is_stable(raw in ".{0,80}") {
            if let Ok(email) = EmailAddress::parse(&raw) {
                prop_assert_eq!(EmailAddress::parse(email.as_str()), Ok(email));
            }
        }
    }
}
