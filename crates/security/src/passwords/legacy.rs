//! bcrypt hashes of the system before this one: verified, never made.

use std::ops::RangeInclusive;
use std::str::FromStr as _;

use bcrypt::HashParts;
use mif_domain::users::PlainPassword;

/// The costs that are computed. The highest takes about a second, and each step more would double it.
const COSTS: RangeInclusive<u32> = 4..=14;
/// The prefixes of bcrypt as it should be; `$2x$` marks the hashes of a faulty one.
const PREFIXES: [&str; 3] = ["$2a$", "$2b$", "$2y$"];

/// A hash that bcrypt made.
#[derive(Debug, Clone)]
pub(super) struct LegacyHash(String);

/// Whether a stored string claims to be one, usable or not.
pub(super) fn is_legacy(stored: &str) -> bool {
    PREFIXES.iter().any(|prefix| stored.starts_with(prefix))
}

impl LegacyHash {
    /// Reads a stored string for which [`is_legacy`] is true.
    pub(super) fn read(stored: &str) -> Result<Self, &'static str> {
        let parts = HashParts::from_str(stored).map_err(|_| "not a bcrypt hash")?;
        if !COSTS.contains(&parts.get_cost()) {
            return Err("a bcrypt cost that bcrypt refuses, or above the ceiling");
        }
        Ok(Self(stored.to_owned()))
    }

    /// Whether the password is the one behind the hash: its bytes as typed, of which bcrypt looks at 72.
    pub(super) fn verifies(&self, password: &PlainPassword) -> bool {
        let typed = password.expose();
        // bcrypt repeats a password with a NUL behind it until the key is full: `abc` and `abc\0abc` are one key.
        let matches = bcrypt::verify(typed, &self.0).unwrap_or(false);
        matches && !typed.contains('\0')
    }
}
