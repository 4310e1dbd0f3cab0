//! Passwords: as typed, as kept, and which ones are good enough.

use std::fmt;

use async_trait::async_trait;
use thiserror::Error;
use zeroize::Zeroizing;

use super::{EmailAddress, Username};
use crate::text::normalized;

/// A password as it was typed. Wiped from memory when dropped, never printed.
#[derive(Clone)]
pub struct PlainPassword(Zeroizing<String>);

/// A password longer than anybody types; refused before it costs anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have 1 to {} characters", PlainPassword::MAX_CHARS)]
pub struct PlainPasswordError;

impl PlainPassword {
    /// The most characters a password may have.
    pub const MAX_CHARS: usize = 128;

    /// Takes what was typed, to be compared. Whether it is good enough to be *set* is for [`PasswordPolicy::check`].
    pub fn parse(raw: String) -> Result<Self, PlainPasswordError> {
        let typed = Zeroizing::new(raw);
        match typed.chars().take(Self::MAX_CHARS + 1).count() {
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

/// Which passwords may be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordPolicy {
    /// At least 10 characters with a lower-case letter, an upper-case letter, a digit and a symbol.
    GoProd,
    /// At least 15 characters of any kind (NIST SP 800-63B-4).
    Nist,
}

/// A rule that a password breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordRule {
    /// Too few characters.
    TooShort {
        /// The fewest allowed.
        min: usize,
    },
    /// No lower-case letter.
    NoLowercase,
    /// No upper-case letter.
    NoUppercase,
    /// No digit.
    NoDigit,
    /// No symbol.
    NoSymbol,
    /// It is, or contains, the user's name or e-mail address.
    ContainsIdentity,
    /// It is one of the last five.
    Reused,
}

impl PasswordPolicy {
    /// Every rule the password breaks; empty means that it may be set.
    pub fn broken_rules(
        self,
        password: &PlainPassword,
        username: &Username,
        email: &EmailAddress,
    ) -> Vec<PasswordRule> {
        let typed = password.expose();
        let mut broken = Vec::new();
        let min = match self {
            Self::GoProd => 10,
            Self::Nist => 15,
        };
        if typed.chars().count() < min {
            broken.push(PasswordRule::TooShort { min });
        }
        if self == Self::GoProd {
            let is_symbol = |c: char| !c.is_alphanumeric() && !c.is_control();
            let classes = [
                (PasswordRule::NoLowercase, typed.contains(char::is_lowercase)),
                (PasswordRule::NoUppercase, typed.contains(char::is_uppercase)),
                (PasswordRule::NoDigit, typed.contains(char::is_numeric)),
                (PasswordRule::NoSymbol, typed.contains(is_symbol)),
            ];
            broken.extend(classes.into_iter().filter(|(_, present)| !present).map(|(rule, _)| rule));
        }
        let folded = normalized(typed);
        let identities = [username.as_str().to_owned(), email.normalized(), normalized(email.local_part())];
        if identities.iter().any(|identity| identity.chars().count() >= 3 && folded.contains(identity.as_str())) {
            broken.push(PasswordRule::ContainsIdentity);
        }
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(policy: PasswordPolicy, typed: &str) -> Vec<PasswordRule> {
        let username = Username::parse("karim").unwrap();
        let email = EmailAddress::parse("k.alaoui@exemple.ma").unwrap();
        policy.broken_rules(&PlainPassword::parse(typed.to_owned()).unwrap(), &username, &email)
    }

    #[test]
    fn every_broken_rule_is_named() {
        use PasswordRule::{ContainsIdentity, NoDigit, NoLowercase, NoSymbol, NoUppercase, TooShort};
        assert_eq!(broken(PasswordPolicy::GoProd, "Bielle-Huile-77!"), []);
        assert_eq!(broken(PasswordPolicy::GoProd, "abc"), [TooShort { min: 10 }, NoUppercase, NoDigit, NoSymbol]);
        assert_eq!(broken(PasswordPolicy::GoProd, "12345678901"), [NoLowercase, NoUppercase, NoSymbol]);
        assert_eq!(broken(PasswordPolicy::GoProd, "Xx9!KARIM-karim"), [ContainsIdentity]);
        assert_eq!(broken(PasswordPolicy::GoProd, "K.Alaoui@Exemple.ma7"), [ContainsIdentity]);
        assert_eq!(broken(PasswordPolicy::Nist, "quatorze lettr"), [TooShort { min: 15 }]);
        assert_eq!(broken(PasswordPolicy::Nist, "une phrase assez longue"), []);
    }

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
}
