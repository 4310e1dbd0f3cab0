//! Sealing and opening single chunks, at any position and in place.

use std::fmt;

use aead_stream::{StreamBE32, StreamPrimitive as _};
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Buffer, Error};

use super::{HEADER_BYTES, MAX_CHUNKS, TAG_BYTES};

/// Seals and opens the chunks of one blob.
pub(crate) struct ChunkCipher {
    stream: StreamBE32<ChaCha20Poly1305>,
    header: [u8; HEADER_BYTES],
}

impl fmt::Debug for ChunkCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChunkCipher(***)")
    }
}

impl ChunkCipher {
    pub(super) fn new(stream: StreamBE32<ChaCha20Poly1305>, header: [u8; HEADER_BYTES]) -> Self {
        Self { stream, header }
    }

    /// Encrypts a chunk where it stands; the last [`TAG_BYTES`] of `frame` are room for the tag. `None` past the last
    /// position that there is.
    pub(crate) fn seal(&self, position: u64, is_last: bool, frame: &mut [u8]) -> Option<()> {
        let length = frame.len().checked_sub(TAG_BYTES)?;
        let mut frame = Frame { bytes: frame, length };
        self.stream.encrypt_in_place(counter(position, is_last)?, is_last, &self.header, &mut frame).ok()
    }

    /// Decrypts a chunk where it stands and cuts its tag off. `None` when it is not what was sealed at this position; what
    /// is left in `frame` then MUST NOT be used.
    pub(crate) fn open(&self, position: u64, is_last: bool, frame: &mut Vec<u8>) -> Option<()> {
        self.stream.decrypt_in_place(counter(position, is_last)?, is_last, &self.header, frame).ok()
    }
}

/// As in STREAM itself, the highest counter is for a last chunk only.
fn counter(position: u64, is_last: bool) -> Option<u32> {
    if !is_last && position + 1 >= MAX_CHUNKS {
        return None;
    }
    u32::try_from(position).ok()
}

/// A part of a larger buffer that has room for a tag.
struct Frame<'a> {
    bytes: &'a mut [u8],
    length: usize,
}

impl AsRef<[u8]> for Frame<'_> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl AsMut<[u8]> for Frame<'_> {
    fn as_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.length).unwrap_or_default()
    }
}

impl Buffer for Frame<'_> {
    fn extend_from_slice(&mut self, other: &[u8]) -> Result<(), Error> {
        let end = self.length.checked_add(other.len()).ok_or(Error)?;
        self.bytes.get_mut(self.length..end).ok_or(Error)?.copy_from_slice(other);
        self.length = end;
        Ok(())
    }

    fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }
}

#[cfg(test)]
mod tests {
    use mif_domain::Entropy;
    use mif_domain::documents::FileId;

    use super::*;
    use crate::format::FileKey;

    #[derive(Debug)]
    struct Sevens;

    impl Entropy for Sevens {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    fn cipher() -> ChunkCipher {
        FileKey::random(&Sevens).seal(FileId([1; 16]), &Sevens).unwrap().1
    }

    fn sealed(position: u64, is_last: bool) -> Vec<u8> {
        let mut frame = [b"content".as_slice(), &[0; TAG_BYTES]].concat();
        cipher().seal(position, is_last, &mut frame).unwrap();
        frame
    }

    #[test]
    fn a_chunk_opens_at_its_position_and_as_the_end_only_if_it_is() {
        for (position, is_last, opens) in [(4, true, true), (4, false, false), (3, true, false), (5, true, false)] {
            let mut frame = sealed(4, true);
            let opened = cipher().open(position, is_last, &mut frame);
            assert_eq!(opened.is_some(), opens, "{position} {is_last}");
            assert!(!opens || frame == b"content");
        }
        assert!(cipher().open(4, true, &mut sealed(4, false)).is_none());
    }

    #[test]
    fn the_counter_never_starts_again() {
        const HIGHEST: u64 = u32::MAX as u64;
        let mut frame = vec![0; TAG_BYTES];
        assert!(cipher().seal(HIGHEST - 1, false, &mut frame).is_some());
        assert!(cipher().seal(HIGHEST, true, &mut frame).is_some());
        assert!(cipher().seal(HIGHEST, false, &mut frame).is_none());
        assert!(cipher().seal(HIGHEST + 1, true, &mut frame).is_none());
    }

    #[test]
    fn what_has_no_tag_is_refused() {
        for length in 0..TAG_BYTES {
            assert!(cipher().open(0, true, &mut vec![0; length]).is_none());
        }
    }
}
