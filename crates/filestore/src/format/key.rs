//! The key of one file, and what is derived from it.

use std::fmt;

use aead_stream::{NewStream as _, StreamBE32};
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::KeyInit as _;
use hkdf::Hkdf;
use mif_domain::Entropy;
use mif_domain::documents::FileId;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::ChunkCipher;
use super::header::{COMMITMENT_BYTES, Header, PREFIX_BYTES};

const LABEL: &[u8] = b"mif document v1";
pub(crate) const KEY_BYTES: usize = 32;

/// 256 random bits, used for one file only.
#[derive(Clone)]
pub(crate) struct FileKey(Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(***)")
    }
}

impl FileKey {
    pub(crate) fn random(entropy: &dyn Entropy) -> Self {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        entropy.fill(key.as_mut_slice());
        Self(key)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|key| Self(Zeroizing::new(key)))
    }

    pub(crate) fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Begins a blob. `None` never happens, and is here so that nothing is ever encrypted with an underived key.
    pub(crate) fn seal(&self, id: FileId, entropy: &dyn Entropy) -> Option<(Header, ChunkCipher)> {
        let mut prefix = [0; PREFIX_BYTES];
        entropy.fill(&mut prefix);
        let (key, commitment) = self.derive(&Header::preamble(id, prefix))?;
        let header = Header::new(id, prefix, &commitment);
        let cipher = cipher(&key, &header);
        Some((header, cipher))
    }

    /// Opens a blob, when its header was made with this key.
    pub(crate) fn open(&self, header: &Header, id: FileId) -> Option<ChunkCipher> {
        let (key, commitment) = self.derive(&Header::preamble(id, header.prefix()))?;
        header.commits_to(&commitment).then(|| cipher(&key, header))
    }

    /// The key of the chunks and the commitment: 64 bytes of HKDF-SHA-256, salted with all that the header says, so that
    /// the commitment vouches for every bit of it.
    fn derive(&self, preamble: &[u8]) -> Option<(Zeroizing<[u8; KEY_BYTES]>, [u8; COMMITMENT_BYTES])> {
        let mut both = Zeroizing::new([0; KEY_BYTES + COMMITMENT_BYTES]);
        Hkdf::<Sha256>::new(Some(preamble), self.0.as_slice()).expand(LABEL, both.as_mut_slice()).ok()?;
        let (mut key, mut commitment) = (Zeroizing::new([0; KEY_BYTES]), [0; COMMITMENT_BYTES]);
        let (first, second) = both.split_at(KEY_BYTES);
        key.copy_from_slice(first);
        commitment.copy_from_slice(second);
        Some((key, commitment))
    }
}

fn cipher(key: &[u8; KEY_BYTES], header: &Header) -> ChunkCipher {
    let aead = ChaCha20Poly1305::new(key.into());
    ChunkCipher::new(StreamBE32::from_aead(aead, &header.prefix().into()), *header.bytes())
}
