//! Storing a document: one pass over its content, in constant memory.

use async_trait::async_trait;
use bytes::Bytes;
use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::documents::{
    Analysis, Attachment, ContentCheck, Document, FileKind, FileName, NewDocument, SealedFile, Sha256, Verdict,
};
use mif_domain::idempotency::{IdempotentRequest, StoredAnswer};
use mif_domain::interventions::Status;
use mif_domain::text::Paragraph;

use super::UploadError;
use super::rights::{self, Standing};
use crate::Core;
use crate::access::{Actor, is_unchanged};
use crate::idempotency::{self, Done, Once};

/// Which contents are taken.
#[derive(Debug, Clone)]
pub struct DocumentRules {
    /// The most bytes.
    pub max_bytes: u64,
    /// Of which kinds.
    pub kinds: Vec<FileKind>,
}

/// A content as it arrives.
#[async_trait(?Send)]
pub trait ContentSource {
    /// The next piece; `None` at the end. MUST fail within a bounded time when nothing comes.
    async fn next(&mut self) -> Result<Option<Bytes>, Interrupted>;
}

/// The content did not arrive to its end. Why, the source knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// Stores a document.
#[derive(Debug)]
pub struct UploadDocument {
    /// What it belongs to.
    pub attachment: Attachment,
    /// What it is called.
    pub name: FileName,
    /// About it, in words.
    pub description: Option<Paragraph<2000>>,
    /// Whether it is for us alone; by default what staff store is. What a customer stores never is.
    pub internal: Option<bool>,
}

/// An upload that may be sent again: the request is known once the content is.
pub struct RepeatedUpload<'a> {
    /// The key, and what was asked.
    pub request: &'a (dyn Fn(&Sha256) -> Option<IdempotentRequest> + Send + Sync),
    /// Renders the answer.
    pub render: &'a (dyn Fn(&Document) -> StoredAnswer + Send + Sync),
}

impl std::fmt::Debug for RepeatedUpload<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RepeatedUpload")
    }
}

impl UploadDocument {
    /// Rights first; then size and kind are checked, and the content is hashed, scanned and encrypted while it arrives; then
    /// rights and state once more, in the unit that stores the row. The blob stands before the row commits.
    #[tracing::instrument(target = "mif_trace", name = "UploadDocument", skip_all)]
    pub async fn run(
        self,
        core: &Core,
        actor: &Actor,
        source: &mut dyn ContentSource,
        repeated: RepeatedUpload<'_>,
    ) -> Result<Done<Document>, UploadError> {
        takes_documents(&rights::look(core, actor, self.attachment).await?)?;
        let kind = FileKind::of_name(&self.name).filter(|kind| core.document_rules.kinds.contains(kind));
        let kind = kind.ok_or(UploadError::UnknownKind)?;
        let received = match receive(core, kind, source).await {
            Ok(received) => received,
            Err(error) => {
                self.note_rejection(core, actor, &error).await?;
                return Err(error);
            }
        };
        let file = received.sealed.file.id;
        match self.store(core, actor, kind, received, repeated).await {
            Ok(stored) => Ok(stored),
            Err(NotStored::Surely(outcome)) => {
                if let Err(error) = core.files.remove(file).await {
                    tracing::warn!(%error, %file, "a blob without a row was left to the sweeper");
                }
                outcome
            }
            // The row may stand: its blob must not go. Without a row the sweeper takes it.
            Err(NotStored::Perhaps(error)) => Err(error),
        }
    }

    async fn store(
        self,
        core: &Core,
        actor: &Actor,
        kind: FileKind,
        received: Received,
        repeated: RepeatedUpload<'_>,
    ) -> Result<Done<Document>, NotStored> {
        let mut work = core.work.begin().await.map_err(UploadError::from)?;
        let now = core.clock.now();
        let request = (repeated.request)(&received.sealed.sha256);
        let once = request.map(|request| Once { request, render: repeated.render });
        let claimed = idempotency::claim(&mut *work, once.as_ref(), now).await.map_err(UploadError::from)?;
        if let Some(answer) = claimed {
            return Err(NotStored::Surely(Ok(Done::Before(answer))));
        }
        // Work before people: the order in which everybody else takes them.
        let standing = rights::hold(&mut *work, actor, self.attachment).await.map_err(UploadError::from)?;
        takes_documents(&standing)?;
        if !is_unchanged(&mut *work, actor, now).await.map_err(UploadError::from)? {
            return Err(UploadError::SessionEnded.into());
        }
        let is_internal = match standing {
            Standing::ToWork(caller, _) => caller.writes_internally(self.internal),
            Standing::ToMachine => self.internal.unwrap_or(true),
        };
        let document = NewDocument {
            attachment: self.attachment,
            name: self.name,
            kind,
            sha256: received.sealed.sha256,
            analysis: received.analysis,
            description: self.description,
            is_internal,
            uploaded_by: actor.user_id(),
            file: received.sealed.file,
        };
        let document = work.documents().insert(document, now).await.map_err(UploadError::from)?;
        let event = AuditEvent::success(AuditKind::DocumentUploaded, actor.origin(), now)
            .on("document", document.id.0)
            .with("sha256", document.content.sha256.to_string())
            .with("bytes", document.content.file.size.to_string())
            .with("analysis", document.content.analysis.as_str());
        work.audit().append(event).await.map_err(UploadError::from)?;
        idempotency::complete(&mut *work, once.as_ref(), &document).await.map_err(UploadError::from)?;
        work.commit().await.map_err(|error| NotStored::Perhaps(error.into()))?;
        let bytes = document.content.file.size;
        metrics::counter!("mif_document_bytes_total", "direction" => "encrypted").increment(bytes);
        Ok(Done::Now(document))
    }

    /// What was refused for what it holds is worth knowing; what the weather did is not.
    async fn note_rejection(&self, core: &Core, actor: &Actor, error: &UploadError) -> Result<(), UploadError> {
        let (reason, found) = match error {
            UploadError::Infected { signature } => ("infected", signature.to_string()),
            UploadError::WrongContent(kind) => ("content", kind.as_str().to_owned()),
            _ => return Ok(()),
        };
        let event = AuditEvent::failure(AuditKind::DocumentRejected, actor.origin(), core.clock.now());
        let event = match self.attachment {
            Attachment::Intervention(id) => event.on("intervention", id.0),
            Attachment::Equipment(id) => event.on("equipment", id.0),
        };
        let mut work = core.work.begin().await?;
        work.audit().append(event.with("reason", reason).with("found", found)).await?;
        Ok(work.commit().await?)
    }
}

/// Why there is no new row, and whether that is certain.
enum NotStored {
    Surely(Result<Done<Document>, UploadError>),
    Perhaps(UploadError),
}

impl From<UploadError> for NotStored {
    fn from(error: UploadError) -> Self {
        Self::Surely(Err(error))
    }
}

/// A content that arrived whole and was found good.
struct Received {
    sealed: SealedFile,
    analysis: Analysis,
}

async fn receive(core: &Core, kind: FileKind, source: &mut dyn ContentSource) -> Result<Received, UploadError> {
    let max = core.document_rules.max_bytes;
    let mut check = ContentCheck::new(kind);
    let mut size = 0_u64;
    let mut piece = next(source).await?.ok_or(UploadError::Empty)?;
    // The first piece is looked at before anybody else is bothered with it.
    check.feed(&piece).map_err(|wrong| UploadError::WrongContent(wrong.0))?;
    let mut scan = core.scanner.begin().await?;
    let mut file = core.files.create().await?;
    loop {
        size += piece.len() as u64;
        if size > max {
            return Err(UploadError::TooLarge { max });
        }
        let (fed, written) = tokio::join!(scan.feed(&piece), file.write(&piece));
        written?;
        fed?;
        match next(source).await? {
            Some(following) => piece = following,
            None => break,
        }
        check.feed(&piece).map_err(|wrong| UploadError::WrongContent(wrong.0))?;
    }
    check.finish().map_err(|wrong| UploadError::WrongContent(wrong.0))?;
    let analysis = match scan.finish().await? {
        Verdict::Clean => Analysis::Clean,
        Verdict::NotScanned => Analysis::NotScanned,
        Verdict::Infected { signature } => return Err(UploadError::Infected { signature }),
    };
    Ok(Received { sealed: file.finish().await?, analysis })
}

/// The next piece that has a byte.
async fn next(source: &mut dyn ContentSource) -> Result<Option<Bytes>, UploadError> {
    loop {
        match source.next().await {
            Ok(Some(piece)) if piece.is_empty() => {}
            Ok(piece) => return Ok(piece),
            Err(Interrupted) => return Err(UploadError::Interrupted),
        }
    }
}

fn takes_documents(standing: &Standing) -> Result<(), UploadError> {
    match standing {
        Standing::ToWork(_, intervention) if intervention.status == Status::Archived => Err(UploadError::Archived),
        Standing::ToWork(..) | Standing::ToMachine => Ok(()),
    }
}
