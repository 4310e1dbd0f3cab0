//! Small secrets that must be read again, the seed of a second factor for instance, encrypted before they are stored.

use thiserror::Error;
use zeroize::Zeroizing;

/// A secret as the database holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// Which key of the ring.
    pub key_id: String,
    /// The encrypted secret. Useless without the ring, for another purpose and for another owner.
    pub bytes: Vec<u8>,
}

/// Why a secret stays closed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SecretError {
    /// The ring does not have the key.
    #[error("key {0} is not in the ring")]
    UnknownKey(String),
    /// It was changed, or sealed for another purpose or owner.
    #[error("the sealed secret does not open")]
    Corrupt,
}

/// Seals secrets under the key of the ring that encrypts now.
pub trait SecretSealer: Send + Sync + std::fmt::Debug {
    /// Seals a secret. What comes out MUST be bound to `purpose`, which names the use and never changes, to `owner`, the
    /// row that it belongs to, and to the key.
    fn seal(&self, purpose: &'static str, owner: i64, secret: &[u8]) -> Result<SealedSecret, SecretError>;

    /// Opens what was sealed for the same purpose and owner.
    fn open(&self, purpose: &'static str, owner: i64, sealed: &SealedSecret)
    -> Result<Zeroizing<Vec<u8>>, SecretError>;

    /// The same secret, sealed under the key that encrypts now.
    fn reseal(&self, purpose: &'static str, owner: i64, sealed: &SealedSecret) -> Result<SealedSecret, SecretError> {
        let secret = self.open(purpose, owner, sealed)?;
        self.seal(purpose, owner, &secret)
    }
}
