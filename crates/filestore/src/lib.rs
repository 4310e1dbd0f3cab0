//! The document store: contents encrypted in blobs of their own, on a disk or in S3, and the ring of keys above them.
//!
//! Lives here: the adapters of [`mif_domain::documents::FileStore`], [`mif_domain::documents::FileKeys`] and
//! [`mif_domain::secrets::SecretSealer`]. `format` is the blob to the last bit (`docs/document-format.md` in words),
//! [`ring`] the keys that file keys are wrapped with, `sealing` and `opening` the work between, [`disk`] and [`s3`] the
//! two places. May come in: cryptography, disk and network for blobs and key files. Must not: the database, HTTP,
//! settings, and any rule about who may read what. No key is printed, logged or shown by `Debug`.

pub mod disk;
mod format;
mod opening;
pub mod ring;
pub mod s3;
mod sealing;

pub use disk::DiskStore;
pub use ring::{KeyRing, KeySource, RingError};
pub use s3::{S3Settings, S3SettingsError, S3Store};
