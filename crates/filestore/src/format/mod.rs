//! The blob, as `docs/document-format.md` says: a header of 80 bytes, then chunks of 64 KiB of content, each sealed by
//! ChaCha20-Poly1305 in the STREAM construction with the whole header as associated data.

mod chunks;
mod header;
mod key;

pub(crate) use chunks::ChunkCipher;
pub(crate) use header::{HEADER_BYTES, Header};
pub(crate) use key::FileKey;

/// Bytes of content in every chunk but the last.
pub(crate) const CHUNK_BYTES: usize = 64 * 1024;
/// What authentication adds to a chunk.
pub(crate) const TAG_BYTES: usize = 16;
/// A full chunk as it is stored.
pub(crate) const FRAME_BYTES: usize = CHUNK_BYTES + TAG_BYTES;

const CHUNK: u64 = CHUNK_BYTES as u64;
const TAG: u64 = TAG_BYTES as u64;
const HEADER: u64 = HEADER_BYTES as u64;
/// The counter of the nonce has 32 bits.
const MAX_CHUNKS: u64 = 1 << 32;
/// The longest content, in bytes: 256 TiB.
pub(crate) const MAX_CONTENT: u64 = CHUNK * MAX_CHUNKS;

/// Where the parts of a content are in its blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    size: u64,
}

impl Layout {
    /// `None` when no blob holds that much.
    pub(crate) fn of(size: u64) -> Option<Self> {
        (size <= MAX_CONTENT).then_some(Self { size })
    }

    /// A content of nothing is one empty chunk, so that its end is authenticated too.
    pub(crate) fn chunks(self) -> u64 {
        self.size.div_ceil(CHUNK).max(1)
    }

    pub(crate) fn blob_bytes(self) -> u64 {
        HEADER + self.size + self.chunks() * TAG
    }

    pub(crate) fn is_last(self, position: u64) -> bool {
        position + 1 == self.chunks()
    }

    /// Where a chunk begins in the blob, and how many bytes it takes there.
    pub(crate) fn frame(self, position: u64) -> (u64, usize) {
        let content = self.size.saturating_sub(position * CHUNK).min(CHUNK);
        (HEADER + position * (CHUNK + TAG), usize::try_from(content + TAG).unwrap_or(FRAME_BYTES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_blob_follows_from_its_content() {
        let blob = |size| Layout::of(size).unwrap().blob_bytes();
        assert_eq!(blob(0), 80 + 16);
        assert_eq!(blob(1), 80 + 17);
        assert_eq!(blob(65_536), 80 + 65_552);
        assert_eq!(blob(65_537), 80 + 65_552 + 17);
        assert_eq!(blob(MAX_CONTENT), 80 + MAX_CONTENT + 16 * MAX_CHUNKS);
        assert_eq!(Layout::of(MAX_CONTENT + 1), None);
    }

    #[test]
    fn chunks_lie_side_by_side_up_to_the_end() {
        let layout = Layout::of(65_536 * 2 + 5).unwrap();
        assert_eq!(layout.chunks(), 3);
        assert_eq!([0, 1, 2].map(|position| layout.frame(position)), [(80, 65_552), (65_632, 65_552), (131_184, 21)]);
        assert_eq!(layout.blob_bytes(), 131_184 + 21);
        assert_eq!([0, 1, 2].map(|position| layout.is_last(position)), [false, false, true]);
    }
}
