//! What a file holds, told by its content. The name only has to agree.

use thiserror::Error;

use super::FileName;
use crate::words::words;

words! {
    /// The kinds of files that a plant keeps. The stored spelling is what the setting `documents.types` lists.
    FileKind {
        /// Portable Document Format.
        Pdf = "pdf",
        /// A photograph.
        Jpeg = "jpeg",
        /// A drawing or a screenshot.
        Png = "png",
        /// A picture for the web.
        WebP = "webp",
        /// A picture of few colours.
        Gif = "gif",
        /// A photograph of an Apple device.
        Heic = "heic",
        /// A film.
        Mp4 = "mp4",
        /// Plain text.
        Text = "txt",
        /// A table in plain text.
        Csv = "csv",
        /// Word since 2007.
        Docx = "docx",
        /// Excel since 2007.
        Xlsx = "xlsx",
        /// `PowerPoint` since 2007.
        Pptx = "pptx",
        /// Word before.
        Doc = "doc",
        /// Excel before.
        Xls = "xls",
        /// `PowerPoint` before.
        Ppt = "ppt",
        /// `OpenDocument` text.
        Odt = "odt",
        /// `OpenDocument` spreadsheet.
        Ods = "ods",
        /// `OpenDocument` presentation.
        Odp = "odp",
    }
}

/// How a content shows what it is.
#[derive(Debug, Clone, Copy)]
enum Mark {
    /// Bytes at fixed places.
    Bytes(&'static [(usize, &'static [u8])]),
    /// An ISO base media file whose brand is, or is not, one of Apple's for pictures.
    IsoMedia { pictures: bool },
    /// A ZIP archive with a part in this folder.
    Office(&'static [u8]),
    /// No byte that text does not have.
    Characters,
}

const ZIP_ENTRY: &[u8] = b"PK\x03\x04";
const OLE: &[(usize, &[u8])] = &[(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")];
/// The brands of ISO 23008-12 pictures.
const PICTURE_BRANDS: [&[u8]; 7] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"];
/// From the start of a ZIP entry to its name (APPNOTE 4.3.7).
const ENTRY_NAME_AT: usize = 30;

impl FileKind {
    /// The kind that a name claims.
    pub fn of_name(name: &FileName) -> Option<Self> {
        let extension = name.extension()?;
        match extension.as_str() {
            "jpg" => Some(Self::Jpeg),
            "heif" => Some(Self::Heic),
            "m4v" => Some(Self::Mp4),
            "text" | "log" => Some(Self::Text),
            other => Self::from_stored(other),
        }
    }

    /// The registered media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Heic => "image/heic",
            Self::Mp4 => "video/mp4",
            Self::Text => "text/plain",
            Self::Csv => "text/csv",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            Self::Doc => "application/msword",
            Self::Xls => "application/vnd.ms-excel",
            Self::Ppt => "application/vnd.ms-powerpoint",
            Self::Odt => "application/vnd.oasis.opendocument.text",
            Self::Ods => "application/vnd.oasis.opendocument.spreadsheet",
            Self::Odp => "application/vnd.oasis.opendocument.presentation",
        }
    }

    const fn mark(self) -> Mark {
        match self {
            Self::Pdf => Mark::Bytes(&[(0, b"%PDF-")]),
            Self::Jpeg => Mark::Bytes(&[(0, b"\xff\xd8\xff")]),
            Self::Png => Mark::Bytes(&[(0, b"\x89PNG\r\n\x1a\n")]),
            Self::WebP => Mark::Bytes(&[(0, b"RIFF"), (8, b"WEBP")]),
            Self::Gif => Mark::Bytes(&[(0, b"GIF8"), (5, b"a")]),
            Self::Heic => Mark::IsoMedia { pictures: true },
            Self::Mp4 => Mark::IsoMedia { pictures: false },
            Self::Text | Self::Csv => Mark::Characters,
            Self::Docx => Mark::Office(b"word/"),
            Self::Xlsx => Mark::Office(b"xl/"),
            Self::Pptx => Mark::Office(b"ppt/"),
            Self::Doc | Self::Xls | Self::Ppt => Mark::Bytes(OLE),
            // The first entry of an `OpenDocument` file is its media type, uncompressed (ODF 1.2, part 3, 3.3).
            Self::Odt => Mark::Bytes(&[(0, ZIP_ENTRY), (30, b"mimetypeapplication/vnd.oasis.opendocument.text")]),
            Self::Ods => {
                Mark::Bytes(&[(0, ZIP_ENTRY), (30, b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet")])
            }
            Self::Odp => {
                Mark::Bytes(&[(0, ZIP_ENTRY), (30, b"mimetypeapplication/vnd.oasis.opendocument.presentation")])
            }
        }
    }
}

/// The content is not what its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the content is not {}", .0.as_str())]
pub struct WrongContent(pub FileKind);

/// Looks at a content while it passes, in constant memory.
#[derive(Debug)]
pub struct ContentCheck {
    kind: FileKind,
    mark: Mark,
    /// The first bytes, until there are enough to decide.
    head: Vec<u8>,
    head_is_good: bool,
    /// The last bytes of the piece before, in which a mark may have begun.
    tail: Vec<u8>,
    part_seen: bool,
}

impl ContentCheck {
    /// Enough for every mark at a fixed place, in bytes.
    const HEAD: usize = 128;

    /// Expects a content of this kind.
    pub fn new(kind: FileKind) -> Self {
        Self { kind, mark: kind.mark(), head: Vec::new(), head_is_good: false, tail: Vec::new(), part_seen: false }
    }

    /// Looks at the next piece.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), WrongContent> {
        if !self.head_is_good {
            let wanted = Self::HEAD.saturating_sub(self.head.len()).min(piece.len());
            self.head.extend(piece.iter().take(wanted));
            if self.head.len() >= Self::HEAD {
                self.judge_head()?;
            }
        }
        match self.mark {
            Mark::Characters if piece.iter().any(|byte| is_no_text(*byte)) => Err(WrongContent(self.kind)),
            Mark::Office(folder) => {
                self.look_for_part(folder, piece);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The content is complete.
    pub fn finish(mut self) -> Result<(), WrongContent> {
        if !self.head_is_good {
            self.judge_head()?;
        }
        let complete = !matches!(self.mark, Mark::Office(_)) || self.part_seen;
        if complete { Ok(()) } else { Err(WrongContent(self.kind)) }
    }

    fn judge_head(&mut self) -> Result<(), WrongContent> {
        let head = self.head.as_slice();
        self.head_is_good = match self.mark {
            Mark::Bytes(marks) => marks.iter().all(|(at, mark)| stands_at(head, *at, mark)),
            Mark::IsoMedia { pictures } => {
                let brand = head.get(8..12).unwrap_or_default();
                stands_at(head, 4, b"ftyp") && PICTURE_BRANDS.contains(&brand) == pictures
            }
            Mark::Office(_) => stands_at(head, 0, ZIP_ENTRY),
            Mark::Characters => true,
        };
        if self.head_is_good { Ok(()) } else { Err(WrongContent(self.kind)) }
    }

    /// Whether an entry of the archive begins here whose name begins with the folder.
    fn look_for_part(&mut self, folder: &[u8], piece: &[u8]) {
        if self.part_seen {
            return;
        }
        let reach = ENTRY_NAME_AT + folder.len();
        let mut joined = std::mem::take(&mut self.tail);
        let kept = joined.len();
        joined.extend(piece.iter().take(reach));
        let starts_here = |bytes: &[u8]| stands_at(bytes, 0, ZIP_ENTRY) && stands_at(bytes, ENTRY_NAME_AT, folder);
        self.part_seen = joined.windows(reach).take(kept).any(starts_here) || piece.windows(reach).any(starts_here);
        // What is left may be the beginning of an entry that ends in the next piece.
        let all = if piece.len() >= reach { piece } else { joined.as_slice() };
        self.tail = all.get(all.len().saturating_sub(reach - 1)..).unwrap_or_default().to_vec();
    }
}

fn stands_at(bytes: &[u8], at: usize, mark: &[u8]) -> bool {
    bytes.get(at..).is_some_and(|rest| rest.starts_with(mark))
}

/// Control characters other than tabs, line breaks and form feeds. Whatever the encoding, single bytes above ASCII are
/// letters to somebody; UTF-16 is full of zeros and so no text to us.
fn is_no_text(byte: u8) -> bool {
    (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c)) || byte == 0x7f
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is(kind: FileKind, content: &[u8]) -> bool {
        let mut check = ContentCheck::new(kind);
        check.feed(content).and_then(|()| check.finish()).is_ok()
    }

    fn entry(name: &str) -> Vec<u8> {
        let mut entry = ZIP_ENTRY.to_vec();
        entry.resize(ENTRY_NAME_AT, 0);
        entry.extend(name.as_bytes());
        entry
    }

    fn office(parts: &[&str]) -> Vec<u8> {
        parts.iter().flat_map(|part| [entry(part), vec![7; 90]].concat()).collect()
    }

    #[test]
    fn the_content_decides_and_not_the_name() {
        assert!(is(FileKind::Pdf, b"%PDF-1.7\nrest"));
        assert!(!is(FileKind::Pdf, b"MZ\x90\0 an executable"));
        assert!(!is(FileKind::Pdf, b"GIF89a%PDF-1.7"));
        assert!(is(FileKind::Jpeg, b"\xff\xd8\xff\xe0"));
        assert!(is(FileKind::Png, b"\x89PNG\r\n\x1a\n...."));
        assert!(is(FileKind::WebP, b"RIFF\0\0\0\0WEBPVP8 "));
        assert!(!is(FileKind::WebP, b"RIFF\0\0\0\0WAVEfmt "));
        assert!(is(FileKind::Gif, b"GIF89a") && is(FileKind::Gif, b"GIF87a"));
        assert!(is(FileKind::Heic, b"\0\0\0\x18ftypheic\0\0\0\0"));
        assert!(!is(FileKind::Mp4, b"\0\0\0\x18ftypheic\0\0\0\0"));
        assert!(is(FileKind::Mp4, b"\0\0\0\x18ftypisom\0\0\0\0"));
        assert!(is(FileKind::Doc, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"));
    }

    #[test]
    fn an_office_file_is_an_archive_with_its_own_folder() {
        assert!(is(FileKind::Docx, &office(&["[Content_Types].xml", "_rels/.rels", "word/document.xml"])));
        assert!(!is(FileKind::Docx, &office(&["[Content_Types].xml", "xl/workbook.xml"])));
        assert!(is(FileKind::Xlsx, &office(&["[Content_Types].xml", "xl/workbook.xml"])));
        assert!(!is(FileKind::Docx, &office(&["photos/word/", "readme.txt"])));
        assert!(is(FileKind::Odt, &entry("mimetypeapplication/vnd.oasis.opendocument.text")));
        assert!(!is(FileKind::Odt, &entry("mimetypeapplication/vnd.oasis.opendocument.spreadsheet")));
    }

    #[test]
    fn text_has_no_control_characters() {
        assert!(is(FileKind::Csv, "nom;type\r\nPresse;hydraulique é\r\n".as_bytes()));
        assert!(is(FileKind::Text, b"caf\xe9"));
        assert!(!is(FileKind::Text, b"a\0b"));
        assert!(!is(FileKind::Csv, b"\xff\xfen\0o\0m\0"));
    }

    #[test]
    fn a_name_claims_a_kind() {
        let kind = |name: &str| FileKind::of_name(&FileName::parse(name).unwrap());
        assert_eq!(kind("Photo 1.JPG"), Some(FileKind::Jpeg));
        assert_eq!(kind("manuel.pdf"), Some(FileKind::Pdf));
        assert_eq!(kind("manuel.pdf.exe"), None);
        assert_eq!(kind("manuel"), None);
        for known in FileKind::ALL {
            assert_eq!(kind(&format!("a.{}", known.as_str())), Some(*known));
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_change_the_verdict(
            cuts in prop::collection::vec(1_usize..70, 1..40),
            which in 0_usize..FileKind::ALL.len(),
            noise in prop::collection::vec(any::<u8>(), 0..300),
            sample in 0_usize..4,
        ) {
            let kind = FileKind::ALL[which];
            let content = match sample {
                0 => office(&["[Content_Types].xml", "word/document.xml", "xl/a", "ppt/b"]),
                1 => b"%PDF-1.4 and so on".to_vec(),
                2 => [entry("a"), noise].concat(),
                _ => noise,
            };
            let mut check = ContentCheck::new(kind);
            let mut rest = content.as_slice();
            let mut outcome = Ok(());
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                outcome = outcome.and_then(|()| check.feed(piece));
                rest = after;
            }
            let in_pieces = outcome.and_then(|()| check.feed(rest)).and_then(|()| check.finish()).is_ok();
            prop_assert_eq!(in_pieces, is(kind, &content));
        }
    }
}
