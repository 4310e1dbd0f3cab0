//! Reading every stored content to its end.

use mif_domain::documents::{Document, FileStoreError, Sha256};
use sha2::Digest as _;

use super::{BATCH, UpkeepError};
use crate::Core;

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Its content cannot be read.
    Unreadable(FileStoreError),
    /// Its content is whole, but another one.
    WrongHash,
}

/// Decrypts and hashes every stored document.
#[derive(Debug, Clone, Copy)]
pub struct VerifyDocuments;

impl VerifyDocuments {
    /// Tells of each bad document as it is found. Returns how many were looked at. A document that is deleted meanwhile is not
    /// bad.
    #[tracing::instrument(target = "mif_trace", name = "VerifyDocuments", skip_all)]
    pub async fn run(self, core: &Core, report: &mut dyn FnMut(&Document, &Finding)) -> Result<u64, UpkeepError> {
        let mut after = None;
        let mut looked_at = 0;
        loop {
            let batch = core.queries.documents_after(after, None, BATCH).await?;
            let Some(last) = batch.last() else { return Ok(looked_at) };
            after = Some(last.id);
            for document in &batch {
                let outcome = hash(core, document).await;
                let finding = match outcome {
                    Ok(hash) if hash == document.content.sha256 => None,
                    Ok(_) => Some(Finding::WrongHash),
                    Err(error @ FileStoreError::Unavailable(_)) => return Err(error.into()),
                    Err(error) => Some(Finding::Unreadable(error)),
                };
                looked_at += 1;
                if let Some(finding) = finding
                    && core.queries.known_files(&[document.content.file.id]).await? == [document.content.file.id]
                {
                    report(document, &finding);
                }
            }
        }
    }
}

async fn hash(core: &Core, document: &Document) -> Result<Sha256, FileStoreError> {
    let file = &document.content.file;
    let mut content = core.files.read(file, 0..file.size).await?;
    let mut hash = sha2::Sha256::new();
    while let Some(piece) = content.next().await? {
        hash.update(&piece);
    }
    Ok(Sha256(hash.finalize().into()))
}
