//! Documents: photographs, manuals and reports, attached to an intervention or a machine.
//!
//! The row of a document stands in the database ([`DocumentRepository`]); its content is an encrypted blob elsewhere
//! ([`FileStore`]), seen by the [`Scanner`] before anybody else. Blobs come before rows and go after them.

use std::time::Duration;

mod kind;
mod name;
mod repository;
mod scanner;
mod store;
mod values;

pub use kind::{ContentCheck, FileKind, WrongContent};
pub use name::{FileName, FileNameError};
pub use repository::{DocumentRepository, Rewrap};
pub use scanner::{Scan, ScanError, Scanner, ScannerHealth, Verdict};
pub use store::{
    FileContent, FileId, FileKeys, FileStore, FileStoreError, KeyState, NewFile, SealedFile, StoreHealth, StoredFile,
    WrappedKey,
};
pub use values::{Analysis, Attachment, Document, DocumentId, NewDocument, Sha256};

/// The whole of an upload takes at most so long, from its first byte to its row.
pub const UPLOAD_WITHIN: Duration = Duration::from_mins(10);

/// What is older than this belongs to no upload that is still on its way, whatever the server is busy with.
pub const UPLOADS_SETTLE_WITHIN: Duration = UPLOAD_WITHIN.saturating_add(Duration::from_mins(5));
