//! Documents.

use async_trait::async_trait;
use mif_domain::documents::{Analysis, Attachment, Document, DocumentId, DocumentRepository, NewDocument, Rewrap};
use mif_domain::repository::Stored;
use mif_domain::text::Line;
use mif_domain::{Constraint, Instant};

use super::Unit;

pub(super) struct Documents<'a>(pub(super) &'a mut Unit);

#[async_trait]
impl DocumentRepository for Documents<'_> {
    async fn insert(&mut self, document: NewDocument, at: Instant) -> Stored<Document> {
        let state = &self.0.state;
        let attached = match document.attachment {
            Attachment::Intervention(id) => state.interventions.contains_key(&id),
            Attachment::Equipment(id) => state.equipment.contains_key(&id),
        };
        let known = attached && state.users.contains_key(&document.uploaded_by);
        let fresh = state.documents.values().all(|other| other.content.file.id != document.file.id);
        self.0.keep(known && fresh, Constraint::Other)?;
        let id = DocumentId(self.0.state.next_id());
        let document = Document { id, content: document, signature: None, created_at: at, version: 1 };
        self.0.state.documents.insert(id, document.clone());
        Ok(document)
    }

    async fn find_for_update(&mut self, id: DocumentId) -> Stored<Option<Document>> {
        Ok(self.0.state.documents.get(&id).cloned())
    }

    async fn delete(&mut self, id: DocumentId) -> Stored<bool> {
        Ok(self.0.state.documents.remove(&id).is_some())
    }

    async fn rewrap(&mut self, rewrap: &Rewrap) -> Stored<bool> {
        let held = self.0.state.documents.get_mut(&rewrap.id).map(|document| &mut document.content.file.key);
        let unchanged = held.filter(|key| **key == rewrap.from);
        Ok(unchanged.map(|key| *key = rewrap.to.clone()).is_some())
    }

    async fn set_analysis(&mut self, id: DocumentId, analysis: Analysis, signature: Option<Line<200>>) -> Stored<bool> {
        let consistent = signature.is_some() == (analysis == Analysis::Infected);
        self.0.keep(consistent, Constraint::Other)?;
        let Some(document) = self.0.state.documents.get_mut(&id) else { return Ok(false) };
        document.content.analysis = analysis;
        document.signature = signature;
        document.version += 1;
        Ok(true)
    }
}
