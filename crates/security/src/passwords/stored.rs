//! Which stored hashes are verified, and what stands in for the others.

use argon2::password_hash::phc::{self, Output, ParamsString, Salt};
use argon2::password_hash::{Error as HashError, PasswordVerifier as _};
use argon2::{ARGON2ID_IDENT, Argon2, Params, Version};
use mif_domain::users::{PasswordHash, PlainPassword};

use super::legacy::{LegacyHash, is_legacy};
use super::nfkc;

/// What a stored hash may cost at most: a row that somebody tampered with must not take the server's memory.
pub(super) struct Ceiling;

impl Ceiling {
    pub(super) const MEMORY_KIB: u32 = 256 * 1024;
    pub(super) const ITERATIONS: u32 = 10;
    pub(super) const PARALLELISM: u32 = 4;

    pub(super) fn admits(params: &Params) -> bool {
        params.m_cost() <= Self::MEMORY_KIB
            && params.t_cost() <= Self::ITERATIONS
            && params.p_cost() <= Self::PARALLELISM
    }
}

/// Bytes of a hash. A shorter one in the database would be guessed too easily.
const OUTPUT_BYTES: usize = Params::DEFAULT_OUTPUT_LEN;

/// What a password is compared with.
pub(super) enum Stored {
    /// The hash of somebody's password.
    Genuine(phc::PasswordHash),
    /// The same, made by the system before this one.
    Legacy(LegacyHash),
    /// A hash of the same cost that no password has, so that the time taken does not tell which accounts exist.
    StandIn(Option<phc::PasswordHash>),
}

impl Stored {
    pub(super) fn read(hash: Option<&PasswordHash>, current: &Params, salt: [u8; super::SALT_BYTES]) -> Self {
        let Some(hash) = hash else { return Self::StandIn(stand_in(current, salt)) };
        let stored = hash.as_phc();
        let read = if is_legacy(stored) {
            LegacyHash::read(stored).map(Self::Legacy)
        } else {
            genuine(stored).map(Self::Genuine)
        };
        read.unwrap_or_else(|reason| {
            tracing::warn!(reason, "a stored password hash cannot be used");
            Self::StandIn(stand_in(current, salt))
        })
    }

    /// Compares. Whoever calls this waits for a hash, whatever it is compared with.
    pub(super) fn verifies(&self, password: &PlainPassword, argon2: &Argon2<'_>) -> Result<bool, HashError> {
        let (phc, is_genuine) = match self {
            Self::Legacy(hash) => return Ok(hash.verifies(password)),
            Self::Genuine(phc) => (Some(phc), true),
            Self::StandIn(phc) => (phc.as_ref(), false),
        };
        let Some(phc) = phc else { return Ok(false) };
        match argon2.verify_password(nfkc(password).as_bytes(), phc) {
            Ok(()) => Ok(is_genuine),
            Err(HashError::PasswordInvalid) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn genuine(stored: &str) -> Result<phc::PasswordHash, &'static str> {
    let hash = phc::PasswordHash::new(stored).map_err(|_| "not a PHC string")?;
    if hash.algorithm != ARGON2ID_IDENT || hash.version != Some(Version::V0x13.into()) {
        return Err("not argon2id version 19");
    }
    if hash.salt.is_none() || hash.hash.is_none_or(|output| output.len() < OUTPUT_BYTES) {
        return Err("no salt, or too short a hash");
    }
    match Params::try_from(&hash) {
        Ok(params) if Ceiling::admits(&params) => Ok(hash),
        Ok(_) => Err("parameters above the ceiling"),
        Err(_) => Err("parameters that argon2 refuses"),
    }
}

/// `None` cannot happen with parameters that the hasher was built with; the answer would still be "wrong password".
fn stand_in(params: &Params, salt: [u8; super::SALT_BYTES]) -> Option<phc::PasswordHash> {
    Some(phc::PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).ok()?,
        salt: Some(Salt::new(&salt).ok()?),
        hash: Some(Output::new(&[0; OUTPUT_BYTES]).ok()?),
    })
}
