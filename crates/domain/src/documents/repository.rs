//! Documents inside a unit of work.

use async_trait::async_trait;

use super::{Analysis, Document, DocumentId, NewDocument, WrappedKey};
use crate::clock::Instant;
use crate::repository::Stored;
use crate::text::Line;

/// A file key that was wrapped anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrap {
    /// Of which document.
    pub id: DocumentId,
    /// As it was read.
    pub from: WrappedKey,
    /// As it is to be stored.
    pub to: WrappedKey,
}

/// Documents inside a unit of work.
#[async_trait]
pub trait DocumentRepository: Send {
    /// Stores a document at version 1. What it belongs to is held by the caller.
    async fn insert(&mut self, document: NewDocument, at: Instant) -> Stored<Document>;

    /// Reads a document and keeps others from changing it until the unit ends.
    async fn find_for_update(&mut self, id: DocumentId) -> Stored<Option<Document>>;

    /// Forgets a document, and with it the only copy of its file key: whatever is left of the blob can never be read
    /// again. Returns whether it was there.
    async fn delete(&mut self, id: DocumentId) -> Stored<bool>;

    /// Stores a key that was wrapped anew, unless it changed since it was read. MUST be one statement. Returns whether it
    /// was stored. Does not bump the version: the document is the same.
    async fn rewrap(&mut self, rewrap: &Rewrap) -> Stored<bool>;

    /// Writes down what the scanner said, and bumps the version. Returns whether the document was there.
    async fn set_analysis(&mut self, id: DocumentId, analysis: Analysis, signature: Option<Line<200>>) -> Stored<bool>;
}
