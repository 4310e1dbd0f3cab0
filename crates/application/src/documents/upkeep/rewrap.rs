//! Wrapping every file key with the key that encrypts now.

use mif_domain::documents::{Document, FileKeys, FileStoreError, Rewrap};
use mif_domain::repository::RepositoryError;
use thiserror::Error;

use super::BATCH;
use crate::Core;

/// Why upkeep stopped. What was done until then stays done; it may be run again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UpkeepError {
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] FileStoreError),
}

/// Wraps every file key anew that is not wrapped with the key that encrypts now. No blob is touched, and servers go on
/// meanwhile: a document that was deleted or rewrapped by somebody else is passed over.
#[derive(Debug, Clone, Copy)]
pub struct RewrapKeys;

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// Which were wrapped anew.
    pub done: u64,
    /// Which could not be opened: their key is lost, or is not theirs. They stay as they are.
    pub failed: u64,
}

impl RewrapKeys {
    /// Tells of each that failed: one lost key must not keep all the others under a key that is to go.
    #[tracing::instrument(target = "mif_trace", name = "RewrapKeys", skip_all)]
    pub async fn run(
        self,
        core: &Core,
        keys: &dyn FileKeys,
        report: &mut dyn FnMut(&Document, &FileStoreError),
    ) -> Result<Rewrapped, UpkeepError> {
        let current = keys.list()?.into_iter().find(|key| key.encrypts);
        let current = current.ok_or_else(|| FileStoreError::UnknownKey("any".to_owned()))?.key_id;
        let mut outcome = Rewrapped::default();
        let mut after = None;
        loop {
            let batch = core.queries.documents_after(after, Some(&current), BATCH).await?;
            let Some(last) = batch.last() else { return Ok(outcome) };
            after = Some(last.id);
            let mut rewraps = Vec::with_capacity(batch.len());
            for document in &batch {
                let file = &document.content.file;
                match keys.rewrap(file) {
                    Ok(to) => rewraps.push(Rewrap { id: document.id, from: file.key.clone(), to }),
                    Err(error @ (FileStoreError::Full | FileStoreError::Unavailable(_))) => return Err(error.into()),
                    Err(error) => {
                        outcome.failed += 1;
                        report(document, &error);
                    }
                }
            }
            let mut work = core.work.begin().await?;
            for rewrap in &rewraps {
                outcome.done += u64::from(work.documents().rewrap(rewrap).await?);
            }
            work.commit().await?;
        }
    }
}
