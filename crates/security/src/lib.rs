//! Secrets at work: password hashes, access and refresh tokens, the keys that sign them, and the randomness behind all
//! of it.
//!
//! Lives here: the adapters of [`mif_domain::Entropy`], [`mif_domain::users::PasswordHasher`],
//! [`mif_domain::sessions::RefreshTokens`] and [`mif_domain::sessions::AccessTokens`], the folder of signing keys, and the
//! audit trail's keys and file of checkpoints.
//! May come in: cryptography, and the disk for key files. Must not: the database, HTTP, settings, and any rule about
//! who may do what (that is `application`). Secrets are wiped where the libraries allow and printed nowhere.

mod access;
mod checkpoints;
mod entropy;
pub mod keys;
mod passwords;
mod refresh;

pub use access::JwtTokens;
pub use checkpoints::CheckpointFile;
pub use entropy::OsEntropy;
pub use keys::{
    AuditKeys, KeyDirectory, KeyError, KeyRotation, KeyUse, PublishedKey, RemoveKeyError, SigningAlgorithm,
};
pub use passwords::{Argon2Hasher, HasherSettings, HasherSettingsError};
pub use refresh::RefreshTokenCodec;
