//! The first 80 bytes of a blob.

use mif_domain::documents::FileId;
use subtle::ConstantTimeEq as _;

use super::CHUNK_BYTES;

pub(crate) const HEADER_BYTES: usize = 80;
pub(super) const PREFIX_BYTES: usize = 7;
pub(super) const COMMITMENT_BYTES: usize = 32;
/// All before the commitment: what the key is derived with.
pub(super) const PREAMBLE_BYTES: usize = HEADER_BYTES - COMMITMENT_BYTES;

/// The first byte is no text in any encoding of one, the last one is spoilt by a transfer as text.
const MAGIC: [u8; 8] = *b"\x93MIFDOC\n";
const VERSION: u8 = 1;
const RESERVED: [u8; 12] = [0; 12];

/// What stands before the chunks, and is authenticated with every one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    bytes: [u8; HEADER_BYTES],
    prefix: [u8; PREFIX_BYTES],
}

impl Header {
    /// The part that the key is derived with.
    pub(super) fn preamble(id: FileId, prefix: [u8; PREFIX_BYTES]) -> [u8; PREAMBLE_BYTES] {
        let chunk_bytes = u32::try_from(CHUNK_BYTES).unwrap_or_default().to_be_bytes();
        let parts: [&[u8]; 6] = [&MAGIC, &[VERSION], &prefix, &id.0, &chunk_bytes, &RESERVED];
        let mut preamble = [0; PREAMBLE_BYTES];
        for (to, from) in preamble.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        preamble
    }

    pub(super) fn new(id: FileId, prefix: [u8; PREFIX_BYTES], commitment: &[u8; COMMITMENT_BYTES]) -> Self {
        let mut bytes = [0; HEADER_BYTES];
        let preamble = Self::preamble(id, prefix);
        for (to, from) in bytes.iter_mut().zip(preamble.iter().chain(commitment)) {
            *to = *from;
        }
        Self { bytes, prefix }
    }

    pub(crate) fn bytes(&self) -> &[u8; HEADER_BYTES] {
        &self.bytes
    }

    pub(super) fn prefix(&self) -> [u8; PREFIX_BYTES] {
        self.prefix
    }

    /// Reads a header that MUST be of this file; what is wrong with it otherwise. The commitment is judged later, by
    /// [`Header::commits_to`].
    pub(crate) fn read(bytes: &[u8; HEADER_BYTES], id: FileId) -> Result<Self, &'static str> {
        let parts = bytes
            .split_first_chunk::<8>()
            .and_then(|(magic, rest)| rest.split_first().map(|(version, rest)| (magic, version, rest)))
            .and_then(|(magic, version, rest)| {
                rest.split_first_chunk::<PREFIX_BYTES>().map(|(prefix, _)| (magic, *version, *prefix))
            });
        let Some((magic, version, prefix)) = parts else { return Err("its header is cut") };
        if *magic != MAGIC {
            return Err("it does not begin like a blob");
        }
        if version != VERSION {
            return Err("its version is unknown");
        }
        let wanted = Self::preamble(id, prefix);
        if bytes.get(16..32) != wanted.get(16..32) {
            return Err("it is another file's");
        }
        if bytes.get(..PREAMBLE_BYTES) != Some(&wanted) {
            return Err("its chunk size or reserved bytes are not those of its version");
        }
        Ok(Self { bytes: *bytes, prefix })
    }

    /// Whether the key is the one that this header was made with, in constant time.
    pub(super) fn commits_to(&self, commitment: &[u8; COMMITMENT_BYTES]) -> bool {
        let stored = self.bytes.get(PREAMBLE_BYTES..).unwrap_or_default();
        stored.ct_eq(commitment.as_slice()).into()
    }
}
