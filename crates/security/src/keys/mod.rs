//! The folder of signing keys.
//!
//! A key is a file `jwt-<activation>-<label>.pem`, PKCS#8, mode 0600. `<activation>` is the Unix second from which it
//! may sign; before that, and long after a newer one took over, it only verifies. The newest key of the wanted
//! algorithm whose activation has come signs. So a rotation is: put a file with an activation a few seconds ahead, wait
//! until every replica has read it, and delete the old one when its last token has expired ([`KeyRotation`]). Files are never rewritten
//! and nothing is locked. `kid` is computed from the public key: a renamed file keeps it, two keys never share one.

mod audit;
mod files;
mod key;
mod pem;
mod ring;
mod rotation;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mif_domain::Clock;
use thiserror::Error;

pub use audit::AuditKeys;
use files::Stamp;
pub(crate) use key::Key;
use key::KeyPair;
use ring::Ring;
pub(crate) use ring::WatchedRing;
pub use rotation::{KeyRotation, KeyUse, PublishedKey, RemoveKeyError};

/// What new keys sign with. Keys of the other kind in the folder go on verifying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// Ed25519 (RFC 8037): the default.
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256, for clients that know nothing newer. At least 2048 bits.
    Rs256,
}

impl SigningAlgorithm {
    /// The registered name: the `alg` header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }

    /// The file of the first key, the same in every process. Activation 0: it may sign at once, whatever the clocks of
    /// the replicas say, and gives way to any later key.
    const fn first_file(self) -> &'static str {
        match self {
            Self::EdDsa => "jwt-0-first-eddsa.pem",
            Self::Rs256 => "jwt-0-first-rs256.pem",
        }
    }
}

/// Why the signing keys cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// No key may sign now, and none may be made.
    #[error(
        "no {algorithm} signing key in {}: put a key file there, or set MIF_KEYS__DIR to the folder that holds one",
        folder.display()
    )]
    Missing {
        /// The folder that was searched.
        folder: PathBuf,
        /// The `alg` that was wanted.
        algorithm: &'static str,
    },
    /// There is no key for the audit trail, and none may be made.
    #[error("no key for the audit trail in {}: run `mif keys init`, or put an audit key file there", folder.display())]
    NoAuditKey {
        /// The folder that was searched.
        folder: PathBuf,
    },
    /// Others than its owner may open it.
    #[error("{} has mode {mode:04o}, so others can use the key: make it 0600 (chmod 600)", file.display())]
    Exposed {
        /// The key file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not a key file as this module writes them.
    #[error("{} is not a usable signing key: {reason}", file.display())]
    Unusable {
        /// The key file.
        file: PathBuf,
        /// What is wrong with it; never a part of it.
        reason: &'static str,
    },
    /// The disk said no.
    #[error("cannot {action} {}: {source}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The cryptographic library could not make a key.
    #[error("a new {0} key could not be generated")]
    Generation(&'static str),
}

/// A folder of signing keys that has been read once and was good.
#[derive(Debug)]
pub struct KeyDirectory {
    folder: PathBuf,
    algorithm: SigningAlgorithm,
    clock: Arc<dyn Clock>,
}

impl KeyDirectory {
    /// Opens the folder. With `create`, the folder (0700) and a first key are made when they are missing; without, as in
    /// production, a missing key is an error: a replica that invented its own would refuse everybody else's tokens.
    pub fn open(
        folder: impl Into<PathBuf>,
        algorithm: SigningAlgorithm,
        create: bool,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyError> {
        let directory = Self { folder: folder.into(), algorithm, clock };
        match directory.load() {
            Err(KeyError::Missing { .. }) if create => {
                directory.create_first()?;
                directory.load()?;
            }
            read => drop(read?),
        }
        Ok(directory)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// What keys made here sign with.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Reads the folder afresh: whether a key may sign now, and every key file is good.
    pub fn check(&self) -> Result<(), KeyError> {
        self.load().map(drop)
    }

    pub(crate) fn watch(self) -> Result<WatchedRing, KeyError> {
        WatchedRing::new(self)
    }

    /// What lies in the folder, without reading the keys: cheap enough to do every two seconds.
    fn stamps(&self) -> Result<Vec<Stamp>, KeyError> {
        files::list(&self.folder)
    }

    fn load(&self) -> Result<(Ring, Vec<Stamp>), KeyError> {
        // Stamps first: a change between the two is then seen at the next look instead of never.
        let stamps = self.stamps()?;
        let keys = stamps.iter().map(read_key).collect::<Result<Vec<_>, _>>()?;
        let ring = Ring::new(keys);
        if ring.signing(self.algorithm, self.clock.now()).is_none() {
            return Err(KeyError::Missing { folder: self.folder.clone(), algorithm: self.algorithm.name() });
        }
        Ok((ring, stamps))
    }

    /// Makes the first key, unless somebody else does at the same time.
    ///
    /// Any number of processes may race here. Each writes a complete key to a temporary file of its own and then links
    /// it to the one fixed name. The file system lets exactly one link succeed and shows no half-written file under that
    /// name, so whoever comes second drops its own key and reads the winner's. Nothing waits and nothing is locked, so a
    /// process that dies here leaves at most a temporary file that nobody reads.
    fn create_first(&self) -> Result<(), KeyError> {
        files::create_folder(&self.folder)?;
        let pair = KeyPair::generate(self.algorithm)?;
        let text = pem::encode(&pair.to_pkcs8()?);
        let made = files::publish(&self.folder, &pair.key_id(), self.algorithm.first_file(), text.as_bytes())?;
        if made {
            tracing::info!(folder = %self.folder.display(), algorithm = self.algorithm.name(), "made a signing key");
        }
        Ok(())
    }
}

fn read_key(stamp: &Stamp) -> Result<Key, KeyError> {
    let unusable = |reason| KeyError::Unusable { file: stamp.path().to_owned(), reason };
    let activation = activation(stamp.name()).ok_or_else(|| {
        unusable("the name must be jwt-<unix seconds of activation>-<letters, digits and dashes>.pem")
    })?;
    let text = files::read_secret(stamp.path())?;
    let der = pem::decode(&text).ok_or_else(|| unusable("not one PEM block of type PRIVATE KEY (PKCS#8)"))?;
    let pair =
        KeyPair::from_pkcs8(&der).ok_or_else(|| unusable("neither Ed25519 nor RSA of 2048 to 8192 bits in PKCS#8"))?;
    Ok(Key::new(pair, activation))
}

fn activation(name: &str) -> Option<i64> {
    activation_of("jwt-", name)
}

/// The activation in `<prefix><activation>-<label>.pem`.
fn activation_of(prefix: &str, name: &str) -> Option<i64> {
    let (seconds, label) = name.strip_prefix(prefix)?.strip_suffix(".pem")?.split_once('-')?;
    let labelled = !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let digits = !seconds.is_empty() && seconds.bytes().all(|b| b.is_ascii_digit());
    if labelled && digits { seconds.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_tells_when_its_key_begins_to_sign() {
        assert_eq!(activation("jwt-0-first-eddsa.pem"), Some(0));
        assert_eq!(activation("jwt-1795168800-0123456789abcdef.pem"), Some(1_795_168_800));
        for bad in ["jwt-.pem", "jwt-0.pem", "jwt-0-.pem", "jwt--1-a.pem", "jwt-+1-a.pem", "jwt-0-a.b.pem", "0-a.pem"] {
            assert_eq!(activation(bad), None, "{bad}");
        }
    }
}
