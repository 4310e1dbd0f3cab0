//! What an administrator does to the folder while servers run: publish the next key, remove one whose tokens are gone.
//!
//! Nothing here talks to the servers. They read the folder every two seconds, so a new key is known everywhere long
//! before its activation, and a removed one is missed by nobody once its last token has expired.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use mif_domain::sessions::SessionLimits;
use mif_domain::{Clock, Instant};
use mif_keyfiles::RingKey as _;
use mif_keyfiles::Stamp;
use thiserror::Error;

use super::key::{Key, KeyPair};
use super::{JWT, KeyError, SigningAlgorithm, pem, read_key};

/// From the moment that a key lies in the folder until it signs: every server has read it by then.
const UNTIL_USED: TimeDelta = TimeDelta::seconds(10);
/// What tokens may outlive their `exp` by, and clocks of servers differ by.
const MARGIN: TimeDelta = TimeDelta::seconds(15);
/// A rotation tidies up keys that have verified nothing for so long.
const LONG_PAST: TimeDelta = TimeDelta::days(1);

/// The folder of signing keys as an administrator sees it. Unlike [`KeyDirectory`](super::KeyDirectory) it does not
/// insist on a key of the wanted algorithm: bringing in the first one is a rotation as well.
#[derive(Debug)]
pub struct KeyRotation {
    folder: PathBuf,
    algorithm: SigningAlgorithm,
    clock: Arc<dyn Clock>,
}

/// A key that was just published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedKey {
    /// Its `kid`.
    pub key_id: String,
    /// From when on it signs.
    pub signs_from: Instant,
}

/// What a key is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// It verifies, and will sign from then on.
    Waits(Instant),
    /// It signs.
    Signs,
    /// It verifies tokens that may live until then.
    Verifies(Instant),
    /// It is of the other algorithm, and no key of the wanted one was published after it: servers may still sign with it.
    NotReplaced,
}

/// Why a key stays.
#[derive(Debug, Error)]
pub enum RemoveKeyError {
    /// There is no such key.
    #[error("there is no signing key {0}")]
    Unknown(String),
    /// It is needed.
    #[error("signing key {key_id} {why}")]
    Needed {
        /// Which key.
        key_id: String,
        /// What for, and until when.
        why: String,
    },
    /// The folder cannot be read or changed.
    #[error(transparent)]
    Folder(#[from] KeyError),
}

impl KeyRotation {
    /// Looks at nothing yet.
    pub fn new(folder: impl Into<PathBuf>, algorithm: SigningAlgorithm, clock: Arc<dyn Clock>) -> Self {
        Self { folder: folder.into(), algorithm, clock }
    }

    /// Puts a new key into the folder. It signs 10 s later; at once when no key of its algorithm may sign yet, because
    /// then no server that wants it has started. Any number may be waiting. A folder without any key is refused: it is
    /// more likely the wrong one than a new one.
    pub fn publish(&self) -> Result<PublishedKey, KeyError> {
        let (keys, now) = (self.read()?, self.clock.now());
        if keys.is_empty() {
            return Err(KeyError::Missing { folder: self.folder.clone(), algorithm: self.algorithm.name() });
        }
        let signed = keys.iter().any(|(_, key)| key.algorithm() == self.algorithm && key.may_sign_at(now));
        let signs_from = if signed { now + UNTIL_USED } else { now };
        let pair = KeyPair::generate(self.algorithm)?;
        let key_id = pair.key_id();
        let name = format!("jwt-{}-{key_id}.pem", signs_from.timestamp().max(0));
        let text = pem::encode(&pair.to_pkcs8()?);
        if !JWT.publish(&self.folder, &key_id, &name, text.as_bytes())? {
            return Err(KeyError::Generation(self.algorithm.name()));
        }
        Ok(PublishedKey { key_id, signs_from })
    }

    /// Every key with its algorithm and what it is doing, oldest first.
    pub fn list(&self) -> Result<Vec<(String, SigningAlgorithm, KeyUse)>, KeyError> {
        let keys = self.read()?;
        Ok(keys.iter().map(|(_, key)| (key.id().to_owned(), key.algorithm(), self.used(key, &keys))).collect())
    }

    /// Deletes a key for good. Refused while a token that it signed may be alive.
    pub fn remove(&self, key_id: &str) -> Result<(), RemoveKeyError> {
        let keys = self.read()?;
        let Some((_, key)) = keys.iter().find(|(_, key)| key.id() == key_id) else {
            return Err(RemoveKeyError::Unknown(key_id.to_owned()));
        };
        let time = |at: Instant| at.format("%Y-%m-%d %H:%M:%S UTC");
        let why = match self.used(key, &keys) {
            KeyUse::Verifies(until) if until <= self.clock.now() => return Ok(self.delete(key_id, &keys)?),
            KeyUse::Verifies(until) => format!("verifies tokens that live until {}", time(until)),
            KeyUse::Waits(from) => format!("will sign from {} on", time(from)),
            KeyUse::Signs => "signs: run `mif keys rotate jwt` first".to_owned(),
            KeyUse::NotReplaced => format!(
                "may still sign: run `mif keys rotate jwt` with MIF_TOKENS__ALGORITHM={} first",
                self.algorithm.name().to_ascii_lowercase()
            ),
        };
        Err(RemoveKeyError::Needed { key_id: key_id.to_owned(), why })
    }

    /// Deletes the keys that have had nothing to verify for a day, and returns their names.
    pub fn remove_long_past(&self) -> Result<Vec<String>, KeyError> {
        let keys = self.read()?;
        let limit = self.clock.now() - LONG_PAST;
        let past = |key: &Key| matches!(self.used(key, &keys), KeyUse::Verifies(until) if until <= limit);
        let names: Vec<String> = keys.iter().filter(|(_, key)| past(key)).map(|(_, key)| key.id().to_owned()).collect();
        for name in &names {
            self.delete(name, &keys)?;
        }
        Ok(names)
    }

    fn used(&self, key: &Key, keys: &[(Stamp, Key)]) -> KeyUse {
        let wanted = key.algorithm() == self.algorithm;
        if !key.may_sign_at(self.clock.now()) {
            return KeyUse::Waits(key.activates_at());
        }
        // Between two of the same second the identifier decides. Not between algorithms: there each has its own signer.
        let later = |other: &Key| if wanted { other.age() > key.age() } else { other.activation() > key.activation() };
        let successors = keys.iter().map(|(_, other)| other).filter(|other| other.algorithm() == self.algorithm);
        let replaced = successors.filter(|other| later(other)).map(Key::activates_at).min();
        match replaced {
            Some(at) if at <= self.clock.now() => KeyUse::Verifies(at + SessionLimits::ACCESS_TOKEN + MARGIN),
            _ if wanted => KeyUse::Signs,
            _ => KeyUse::NotReplaced,
        }
    }

    fn delete(&self, key_id: &str, keys: &[(Stamp, Key)]) -> Result<(), KeyError> {
        let named = keys.iter().filter(|(_, key)| key.id() == key_id).map(|(stamp, _)| stamp);
        Ok(mif_keyfiles::remove(&self.folder, named)?)
    }

    fn read(&self) -> Result<Vec<(Stamp, Key)>, KeyError> {
        let stamps = JWT.list(&self.folder)?;
        let mut keys =
            stamps.into_iter().map(|stamp| read_key(&stamp).map(|key| (stamp, key))).collect::<Result<Vec<_>, _>>()?;
        keys.sort_by(|(_, one), (_, other)| one.age().cmp(&other.age()));
        Ok(keys)
    }
}
