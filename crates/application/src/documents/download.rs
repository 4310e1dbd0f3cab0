//! Handing a content out.

use std::ops::Range;

use chrono::TimeDelta;
use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::documents::{Analysis, Document, FileContent, FileStoreError};

use super::DocumentError;
use crate::Core;
use crate::access::Actor;

/// Opens a part of the content of a document that the actor sees.
#[derive(Debug)]
pub struct DownloadDocument<'a> {
    /// Which, as [`GetDocument`](super::GetDocument) gave it.
    pub document: &'a Document,
    /// Which bytes, within its size.
    pub range: Range<u64>,
}

/// A content on its way out.
pub struct Download(Box<dyn FileContent>);

impl Download {
    /// The next piece; `None` at the end. See [`FileContent::next`].
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, FileStoreError> {
        let piece = self.0.next().await?;
        let bytes = piece.as_ref().map_or(0, |piece| piece.len() as u64);
        metrics::counter!("mif_document_bytes_total", "direction" => "decrypted").increment(bytes);
        Ok(piece)
    }
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Download")
    }
}

impl DownloadDocument<'_> {
    /// One event in the audit trail for each user and document in this time: a film is fetched in hundreds of ranges.
    const NOTED_FOR: TimeDelta = TimeDelta::minutes(5);

    /// Opens the content, then notes who reads it; without the note nothing is handed out. Can fail with `Infected`.
    #[tracing::instrument(target = "mif_trace", name = "DownloadDocument", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<Download, DocumentError> {
        let document = self.document;
        if document.content.analysis == Analysis::Infected {
            return Err(DocumentError::Infected { signature: document.signature.clone() });
        }
        let content = core.files.read(&document.content.file, self.range).await?;
        let now = core.clock.now();
        let event = AuditEvent::success(AuditKind::DocumentDownloaded, actor.origin(), now);
        let mut work = core.work.begin().await?;
        work.audit().append_unless_since(event.on("document", document.id.0), now - Self::NOTED_FOR).await?;
        work.commit().await?;
        Ok(Download(content))
    }
}
