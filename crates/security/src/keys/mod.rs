//! The folder of signing keys.
//!
//! A key is a file `jwt-<activation>-<label>.pem`, PKCS#8, mode 0600. `<activation>` is the Unix second from which it
//! may sign; before that, and long after a newer one took over, it only verifies. The newest key of the wanted
//! algorithm whose activation has come signs. So a rotation is: put a file with an activation a few seconds ahead, wait
//! until every replica has read it, and delete the old one when its last token has expired ([`KeyRotation`]). Files are never rewritten
//! and nothing is locked. `kid` is computed from the public key: a renamed file keeps it, two keys never share one.

mod audit;
mod key;
mod pem;
mod rotation;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mif_domain::{Clock, Instant};
use mif_keyfiles::{KeyFileError, KeyFolder, KeyKind, Ring, Stamp};
use thiserror::Error;

pub use audit::AuditKeys;
pub(crate) use key::Key;
use key::KeyPair;
pub use rotation::{KeyRotation, KeyUse, PublishedKey, RemoveKeyError};

const JWT: KeyKind = KeyKind {
    purpose: "signing",
    prefix: "jwt-",
    suffix: ".pem",
    misnamed: "the name must be jwt-<unix seconds of activation>-<letters, digits and dashes>.pem",
};

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
    /// A key file cannot be used or made.
    #[error(transparent)]
    File(#[from] KeyFileError),
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

    /// The key that signs now.
    pub(crate) fn signing<'a>(&self, ring: &'a Ring<Key>, now: Instant) -> Option<&'a Arc<Key>> {
        ring.newest_first().find(|key| key.algorithm() == self.algorithm && key.may_sign_at(now))
    }

    fn load(&self) -> Result<Ring<Key>, KeyError> {
        self.read(&JWT.list(&self.folder)?)
    }

    fn read(&self, stamps: &[Stamp]) -> Result<Ring<Key>, KeyError> {
        let ring = Ring::new(stamps.iter().map(read_key).collect::<Result<Vec<_>, _>>()?);
        match self.signing(&ring, self.clock.now()) {
            Some(_) => Ok(ring),
            None => Err(KeyError::Missing { folder: self.folder.clone(), algorithm: self.algorithm.name() }),
        }
    }

    /// Makes the first key, unless somebody else does at the same time: see [`KeyKind::publish`].
    fn create_first(&self) -> Result<(), KeyError> {
        mif_keyfiles::create_folder(&self.folder)?;
        let pair = KeyPair::generate(self.algorithm)?;
        let text = pem::encode(&pair.to_pkcs8()?);
        let made = JWT.publish(&self.folder, &pair.key_id(), self.algorithm.first_file(), text.as_bytes())?;
        if made {
            tracing::info!(folder = %self.folder.display(), algorithm = self.algorithm.name(), "made a signing key");
        }
        Ok(())
    }
}

/// The keys of a folder, for a server that runs.
#[derive(Debug)]
pub(crate) struct SigningKeys(pub(crate) KeyDirectory);

impl KeyFolder for SigningKeys {
    type Key = Key;
    type Error = KeyError;
    const PURPOSE: &'static str = JWT.purpose;

    fn uptime(&self) -> Duration {
        self.0.clock.uptime()
    }

    fn stamps(&self) -> Result<Option<Vec<Stamp>>, KeyError> {
        Ok(Some(JWT.list(&self.0.folder)?))
    }

    fn keys(&self, stamps: &[Stamp]) -> Result<Ring<Key>, KeyError> {
        self.0.read(stamps)
    }
}

fn read_key(stamp: &Stamp) -> Result<Key, KeyError> {
    let activation = JWT.activation(stamp)?;
    let pair = read_pair(JWT, stamp, "neither Ed25519 nor RSA of 2048 to 8192 bits in PKCS#8", |_| true)?;
    Ok(Key::new(pair, activation))
}

/// The key pair in a file, if it is one that is taken.
fn read_pair(
    kind: KeyKind,
    stamp: &Stamp,
    wanted: &'static str,
    is_taken: impl FnOnce(&KeyPair) -> bool,
) -> Result<KeyPair, KeyFileError> {
    let text = kind.read(stamp)?;
    let der = pem::decode(&text);
    let der = der.ok_or_else(|| kind.unusable(stamp, "not one PEM block of type PRIVATE KEY (PKCS#8)"))?;
    KeyPair::from_pkcs8(&der).filter(is_taken).ok_or_else(|| kind.unusable(stamp, wanted))
}
