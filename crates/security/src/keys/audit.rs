//! The keys that sign what the audit trail states: files `audit-<activation>-<label>.pem`, Ed25519 in PKCS#8, mode 0600, in
//! the same folder as the others and made in the same way. The newest whose activation has come at the start signs; all of
//! them verify, so an old one stays as long as checkpoints that it signed are to be believed.

use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use mif_domain::Instant;
use mif_domain::audit::{Mark, MarkSigner, SignedMark};
use mif_keyfiles::{KeyKind, Stamp};

use super::key::KeyPair;
use super::{KeyError, SigningAlgorithm, pem, read_pair};

/// The file of the first key, the same in every process.
const FIRST: &str = "audit-0-first.pem";
const AUDIT: KeyKind = KeyKind {
    purpose: "audit",
    prefix: "audit-",
    suffix: ".pem",
    misnamed: "the name must be audit-<unix seconds of activation>-<letters, digits and dashes>.pem",
};

/// The audit trail's keys, read once.
#[derive(Debug)]
pub struct AuditKeys {
    /// The newest first.
    keys: Vec<Key>,
    /// Where the one that signs stands.
    signing: usize,
}

#[derive(Debug)]
struct Key {
    activation: i64,
    id: String,
    pair: KeyPair,
}

impl AuditKeys {
    /// Reads the folder. With `create`, a first key is made when there is none; without, as in production, that is an error:
    /// a replica that invented its own would sign what nobody else can check.
    pub fn open(folder: &Path, create: bool, now: Instant) -> Result<Self, KeyError> {
        let mut keys = Self::read(folder)?;
        if keys.is_empty() && create {
            Self::create_first(folder)?;
            keys = Self::read(folder)?;
        }
        let signing = keys.iter().position(|key| key.activation <= now.timestamp());
        let signing = signing.ok_or_else(|| KeyError::NoAuditKey { folder: PathBuf::from(folder) })?;
        Ok(Self { keys, signing })
    }

    /// The identifier of every key, the newest first, and whether it signs.
    pub fn list(&self) -> Vec<(&str, bool)> {
        self.keys.iter().enumerate().map(|(place, key)| (key.id.as_str(), place == self.signing)).collect()
    }

    fn read(folder: &Path) -> Result<Vec<Key>, KeyError> {
        let stamps = AUDIT.list(folder)?;
        let mut keys = stamps.iter().map(read_key).collect::<Result<Vec<_>, _>>()?;
        keys.sort_by(|one, other| (other.activation, &other.id).cmp(&(one.activation, &one.id)));
        Ok(keys)
    }

    /// Whoever comes second reads the winner's: see [`KeyKind::publish`].
    fn create_first(folder: &Path) -> Result<(), KeyError> {
        mif_keyfiles::create_folder(folder)?;
        let pair = KeyPair::generate(SigningAlgorithm::EdDsa)?;
        let text = pem::encode(&pair.to_pkcs8()?);
        if AUDIT.publish(folder, &pair.key_id(), FIRST, text.as_bytes())? {
            tracing::info!(folder = %folder.display(), "made a key for the audit trail");
        }
        Ok(())
    }
}

fn read_key(stamp: &Stamp) -> Result<Key, KeyError> {
    let activation = AUDIT.activation(stamp)?;
    let is_ed25519 = |pair: &KeyPair| pair.algorithm() == SigningAlgorithm::EdDsa;
    let pair = read_pair(AUDIT, stamp, "not Ed25519 in PKCS#8", is_ed25519)?;
    Ok(Key { activation, id: pair.key_id(), pair })
}

impl MarkSigner for AuditKeys {
    fn sign(&self, mark: Mark) -> SignedMark {
        // `open` found a key; a signature that could not be made would verify nowhere.
        let key = self.keys.get(self.signing);
        let signature = key.and_then(|key| key.pair.sign(&mark.message())).unwrap_or_default();
        SignedMark { mark, key_id: key.map(|key| key.id.clone()).unwrap_or_default(), signature }
    }

    fn is_genuine(&self, signed: &SignedMark) -> bool {
        self.keys.iter().filter(|key| key.id == signed.key_id).any(|key| {
            let public = UnparsedPublicKey::new(&ED25519, key.pair.public_bytes());
            public.verify(&signed.mark.message(), &signed.signature).is_ok()
        })
    }
}
