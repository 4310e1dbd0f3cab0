//! Passwords: as typed, as kept, and which ones are good enough.

mod common_words;
mod policy;

use std::fmt;

use async_trait::async_trait;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

pub use policy::{PasswordPolicy, PasswordRule};

/// A password as it was typed. Wiped from memory when dropped, never printed.
#[derive(Clone)]
pub struct PlainPassword(Zeroizing<String>);

/// A password longer than anybody types; refused before it costs anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have 1 to {} characters", PlainPassword::MAX_CHARS)]
pub struct PlainPasswordError;

impl PlainPassword {
    /// The most characters a password may have, counted in the NFKC form that is hashed.
    pub const MAX_CHARS: usize = 128;

    /// No 128 characters take more, even typed with every mark apart. Measured before anything is normalised, so that a
    /// megabyte costs nothing.
    const MAX_BYTES: usize = Self::MAX_CHARS * 16;

    /// Takes what was typed, to be compared. Whether it is good enough to be *set* is for [`PasswordPolicy::check`].
    pub fn parse(raw: String) -> Result<Self, PlainPasswordError> {
        let typed = Zeroizing::new(raw);
        if typed.len() > Self::MAX_BYTES {
            return Err(PlainPasswordError);
        }
        match typed.nfkc().take(Self::MAX_CHARS + 1).count() {
            1..=Self::MAX_CHARS => Ok(Self(typed)),
            _ => Err(PlainPasswordError),
        }
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainPassword(***)")
    }
}

/// A password as it is stored: a PHC string with algorithm, parameters, salt and hash. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a stored string; only the hasher knows whether it can be used.
    pub fn from_phc(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string.
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

/// Too many passwords are being hashed already. Try again in a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too many passwords are being hashed")]
pub struct HasherBusy;

/// Turns passwords into what may be stored. Slow on purpose, bounded on purpose.
#[async_trait]
pub trait PasswordHasher: Send + Sync + fmt::Debug {
    /// Hashes with a fresh salt. MUST answer [`HasherBusy`] rather than queue without bound.
    async fn hash(&self, password: &PlainPassword) -> Result<PasswordHash, HasherBusy>;

    /// Whether the password is the one behind the hash. With `None` (nobody has that name) or a hash it cannot use it
    /// MUST cost the same and answer `false`, so that time does not tell which accounts exist.
    async fn verify(&self, password: &PlainPassword, hash: Option<&PasswordHash>) -> Result<bool, HasherBusy>;

    /// Whether a hash that verifies should be replaced by one of [`PasswordHasher::hash`] as soon as the password is at
    /// hand: it was made in an older way.
    fn is_outdated(&self, _hash: &PasswordHash) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        let password = PlainPassword::parse("Bielle-Huile-77!".to_owned()).unwrap();
        assert_eq!(format!("{password:?}"), "PlainPassword(***)");
        assert_eq!(format!("{:?}", PasswordHash::from_phc("$argon2id$".to_owned())), "PasswordHash(***)");
    }

    #[test]
    fn nobody_types_129_characters() {
        assert!(PlainPassword::parse("é".repeat(128)).is_ok());
        assert!(PlainPassword::parse("é".repeat(129)).is_err());
        assert!(PlainPassword::parse(String::new()).is_err());
    }

    #[test]
    fn characters_are_counted_as_they_are_hashed() {
        assert!(PlainPassword::parse("e\u{301}".repeat(128)).is_ok(), "typed apart, hashed as one");
        assert!(PlainPassword::parse("e\u{301}".repeat(129)).is_err());
        assert!(PlainPassword::parse("\u{fb03}".repeat(43)).is_err(), "one ligature is three letters");
    }

    #[test]
    fn a_megabyte_is_refused_whatever_it_holds() {
        for piece in ["a", "\0", "\u{301}", "\u{fdfa}"] {
            assert!(PlainPassword::parse(piece.repeat((1 << 20) / piece.len())).is_err());
        }
    }
}
