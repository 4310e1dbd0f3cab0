//! What a document is.

use std::fmt;

use super::{FileKind, FileName, StoredFile};
use crate::clock::Instant;
use crate::equipment::EquipmentId;
use crate::interventions::InterventionId;
use crate::text::{Line, Paragraph};
use crate::users::UserId;
use crate::words::words;

/// Identifies a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId(pub i64);

/// The SHA-256 of a content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256(pub [u8; 32]);

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

words! {
    /// What the scanner said of a content.
    Analysis {
        /// It found nothing.
        Clean = "clean",
        /// It was off.
        NotScanned = "not_scanned",
        /// Newer signatures found something: the content is not handed out any more.
        Infected = "infected",
    }
}

/// What a document belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attachment {
    /// An intervention.
    Intervention(InterventionId),
    /// A machine.
    Equipment(EquipmentId),
}

/// A document about to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDocument {
    /// What it belongs to.
    pub attachment: Attachment,
    /// What it is called.
    pub name: FileName,
    /// What it holds.
    pub kind: FileKind,
    /// The SHA-256 of its content.
    pub sha256: Sha256,
    /// What the scanner said.
    pub analysis: Analysis,
    /// About it, in words.
    pub description: Option<Paragraph<2000>>,
    /// Whether it is for us alone: customers never see it.
    pub is_internal: bool,
    /// Who stored it.
    pub uploaded_by: UserId,
    /// Where its content is.
    pub file: StoredFile,
}

/// A document as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The identifier.
    pub id: DocumentId,
    /// What was stored.
    pub content: NewDocument,
    /// The name of what was found in it, when something was.
    pub signature: Option<Line<200>>,
    /// When it was stored.
    pub created_at: Instant,
    /// Grows with every change.
    pub version: i64,
}
