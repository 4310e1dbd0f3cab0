//! Documents: photographs, manuals and reports, attached to an intervention or a machine.
//!
//! The row of a document stands in the database ([`DocumentRepository`]); its content is an encrypted blob elsewhere
//! ([`FileStore`]), seen by the [`Scanner`] before anybody else. Blobs come before rows and go after them.

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
