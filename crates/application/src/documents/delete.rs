//! Deleting a document.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::documents::{Document, DocumentId};
use mif_domain::outbox::OutboxMessage;

use super::rights::{self, Standing};
use super::{DocumentError, GetDocument};
use crate::Core;
use crate::access::{Action, Actor, ExpectedVersion, Reach, Refusal, policy};

/// Deletes a document.
#[derive(Debug, Clone, Copy)]
pub struct DeleteDocument {
    /// Which.
    pub id: DocumentId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
}

impl DeleteDocument {
    /// Forgets the row, and with it the only copy of the file key: from the commit on nobody can read the content, whatever
    /// becomes of the blob. The blob itself goes afterwards, through the outbox.
    ///
    /// Dispatchers delete any document, technicians what they stored themselves while the work is open. Can fail with
    /// `NotFound`, `Denied` and `Stale`.
    #[tracing::instrument(target = "mif_trace", name = "DeleteDocument", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<(), DocumentError> {
        let seen = GetDocument { id: self.id }.run(core, actor).await?;
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        // What it belongs to first, then the document: the order in which uploads take them.
        let standing = rights::hold(&mut *work, actor, seen.content.attachment).await?;
        let document = work.documents().find_for_update(self.id).await?.ok_or(Refusal::NotFound)?;
        if !may_delete(actor, &standing, &document) {
            return Err(Refusal::Denied(Action::DeleteDocuments).into());
        }
        self.expected_version.check(document.version)?;
        work.documents().delete(self.id).await?;
        work.outbox().enqueue(OutboxMessage::RemoveFile { file_id: document.content.file.id }, now).await?;
        let event = AuditEvent::success(AuditKind::DocumentDeleted, actor.origin(), now)
            .on("document", self.id.0)
            .with("sha256", document.content.sha256.to_string());
        work.audit().append(event).await?;
        Ok(work.commit().await?)
    }
}

fn may_delete(actor: &Actor, standing: &Standing, document: &Document) -> bool {
    match (policy::reach(actor.role(), Action::DeleteDocuments), standing) {
        (Reach::All, _) => true,
        (Reach::Own, Standing::ToWork(_, intervention)) => {
            document.content.uploaded_by == actor.user_id() && intervention.status.is_open_work()
        }
        (Reach::Own, Standing::ToMachine) | (Reach::OwnCustomer | Reach::Nothing, _) => false,
    }
}
