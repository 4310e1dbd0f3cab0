//! Documents: storing, reading, deleting, and what keeps the store in order.

mod delete;
mod download;
mod error;
mod read;
mod rights;
pub mod upkeep;
mod upload;

pub use delete::DeleteDocument;
pub use download::{Download, DownloadDocument};
pub use error::{DocumentError, UploadError};
pub use read::{GetDocument, ListDocuments};
pub use upload::{ContentSource, DocumentRules, Interrupted, RepeatedUpload, UploadDocument};
