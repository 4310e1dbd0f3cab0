//! Documents, as far as they can be read without a database.

use std::collections::BTreeMap;

use async_trait::async_trait;
use mif_domain::documents::{Attachment, Document, DocumentId, FileId};
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{DocumentFilter, DocumentQueries, DocumentScope, DocumentSort, KeyUse};
use mif_domain::repository::Stored;

use super::super::state::State;
use super::{NoQueries, first_rows};

fn within(state: &State, document: &Document, scope: DocumentScope) -> bool {
    let attached = match document.content.attachment {
        Attachment::Intervention(id) => {
            state.interventions.get(&id).is_some_and(|work| scope.interventions.admits(work))
        }
        Attachment::Equipment(id) => state.equipment.get(&id).is_some_and(|machine| scope.equipment.admits(machine)),
    };
    attached && (scope.internal || !document.content.is_internal)
}

#[async_trait]
impl DocumentQueries for NoQueries {
    async fn find_document(&self, id: DocumentId, scope: DocumentScope) -> Stored<Option<Document>> {
        Ok(self.0.read(|state| state.documents.get(&id).filter(|document| within(state, document, scope)).cloned()))
    }

    async fn list_documents(
        &self,
        scope: DocumentScope,
        filter: &DocumentFilter,
        page: &PageRequest<DocumentSort>,
    ) -> Stored<Page<Document>> {
        Ok(self.0.read(|state| {
            let attached = |document: &&Document| filter.attachment.is_none_or(|to| document.content.attachment == to);
            let seen = state.documents.values().filter(|document| within(state, document, scope)).filter(attached);
            first_rows(page, seen.cloned())
        }))
    }

    async fn documents_after(
        &self,
        after: Option<DocumentId>,
        other_than: Option<&str>,
        limit: u16,
    ) -> Stored<Vec<Document>> {
        Ok(self.0.read(|state| {
            let later = state.documents.values().filter(|document| after.is_none_or(|after| document.id > after));
            let wanted = later.filter(|document| other_than.is_none_or(|key| document.content.file.key.key_id != key));
            wanted.take(usize::from(limit)).cloned().collect()
        }))
    }

    async fn known_files(&self, files: &[FileId]) -> Stored<Vec<FileId>> {
        Ok(self.0.read(|state| {
            let known = |file: &&FileId| state.documents.values().any(|document| document.content.file.id == **file);
            files.iter().filter(known).copied().collect()
        }))
    }

    async fn key_uses(&self) -> Stored<Vec<KeyUse>> {
        Ok(self.0.read(|state| {
            let mut uses: BTreeMap<String, (u64, u64)> = BTreeMap::new();
            for document in state.documents.values() {
                uses.entry(document.content.file.key.key_id.clone()).or_default().0 += 1;
            }
            for enrolment in state.mfa.values() {
                uses.entry(enrolment.secret.key_id.clone()).or_default().1 += 1;
            }
            uses.into_iter().map(|(key_id, (documents, secrets))| KeyUse { key_id, documents, secrets }).collect()
        }))
    }
}
