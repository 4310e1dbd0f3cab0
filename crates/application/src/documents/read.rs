//! Reading what is known about documents.

use mif_domain::documents::{Document, DocumentId};
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{DocumentFilter, DocumentSort};

use super::{DocumentError, rights};
use crate::Core;
use crate::access::{Actor, Refusal, policy};

/// Reads one document, without its content.
#[derive(Debug, Clone, Copy)]
pub struct GetDocument {
    /// Which.
    pub id: DocumentId,
}

impl GetDocument {
    /// One round trip. Can fail with `NotFound`.
    #[tracing::instrument(target = "mif_trace", name = "GetDocument", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Document, DocumentError> {
        let found = core.queries.find_document(self.id, policy::document_scope(actor)).await?;
        Ok(found.ok_or(Refusal::NotFound)?)
    }
}

/// Lists documents.
#[derive(Debug)]
pub struct ListDocuments {
    /// Which.
    pub filter: DocumentFilter,
    /// Which page of them.
    pub page: PageRequest<DocumentSort>,
}

impl ListDocuments {
    /// One page of what the actor may see, in one statement. Of an intervention or a machine that they may not see:
    /// `NotFound`.
    #[tracing::instrument(target = "mif_trace", name = "ListDocuments", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Page<Document>, DocumentError> {
        if let Some(attachment) = self.filter.attachment {
            rights::look(core, actor, attachment).await?;
        }
        Ok(core.queries.list_documents(policy::document_scope(actor), &self.filter, &self.page).await?)
    }
}
