//! Documents, read.

use async_trait::async_trait;

use super::{EquipmentScope, InterventionScope};
use crate::documents::{Analysis, Attachment, Document, DocumentId, FileId};
use crate::paging::{Page, PageRequest};
use crate::repository::Stored;
use crate::words::words;

/// Which documents somebody may see: those of the interventions and machines they may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentScope {
    /// Of which interventions.
    pub interventions: InterventionScope,
    /// Of which machines.
    pub equipment: EquipmentScope,
    /// Whether what is for us alone is among them.
    pub internal: bool,
}

words! {
    /// What a list of documents can be sorted by.
    DocumentSort {
        /// By identifier, that is by age.
        Id = "id",
        /// By name.
        Name = "name",
        /// By size.
        Size = "size",
        /// By date.
        CreatedAt = "created_at",
    }
}

/// What a list of documents can be narrowed by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentFilter {
    /// Only those of this intervention or machine.
    pub attachment: Option<Attachment>,
    /// Only those of which the scanner said this.
    pub analysis: Option<Analysis>,
}

/// What a key of the ring is needed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// The key.
    pub key_id: String,
    /// How many documents.
    pub documents: u64,
    /// How many secrets of second factors.
    pub secrets: u64,
}

/// Documents, read.
#[async_trait]
pub trait DocumentQueries: Send + Sync {
    /// One document.
    async fn find_document(&self, id: DocumentId, scope: DocumentScope) -> Stored<Option<Document>>;

    /// A page of documents.
    async fn list_documents(
        &self,
        scope: DocumentScope,
        filter: &DocumentFilter,
        page: &PageRequest<DocumentSort>,
    ) -> Stored<Page<Document>>;

    /// For upkeep, over everybody's: up to `limit` documents after `after`, in the order of their identifiers, all or those
    /// whose key is not wrapped with `other_than`.
    async fn documents_after(
        &self,
        after: Option<DocumentId>,
        other_than: Option<&str>,
        limit: u16,
    ) -> Stored<Vec<Document>>;

    /// Which of these blobs belong to a document. At most 1 000 at once.
    async fn known_files(&self, files: &[FileId]) -> Stored<Vec<FileId>>;

    /// What each key of the ring is needed for, in the order of the keys.
    async fn key_uses(&self) -> Stored<Vec<KeyUse>>;
}
