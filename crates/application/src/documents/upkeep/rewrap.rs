//! Wrapping every file key with the key that encrypts now.

use mif_domain::documents::{FileKeys, FileStoreError, Rewrap};
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

impl RewrapKeys {
    /// Returns how many were wrapped anew.
    pub async fn run(self, core: &Core, keys: &dyn FileKeys) -> Result<u64, UpkeepError> {
        let current = keys.list()?.into_iter().find(|key| key.encrypts);
        let current = current.ok_or_else(|| FileStoreError::UnknownKey("any".to_owned()))?.key_id;
        let mut rewrapped = 0;
        let mut after = None;
        loop {
            let batch = core.queries.documents_after(after, Some(&current), BATCH).await?;
            let Some(last) = batch.last() else { return Ok(rewrapped) };
            after = Some(last.id);
            let rewraps = batch.iter().map(|document| {
                let file = &document.content.file;
                Ok(Rewrap { id: document.id, from: file.key.clone(), to: keys.rewrap(file)? })
            });
            let rewraps: Vec<_> = rewraps.collect::<Result<_, FileStoreError>>()?;
            let mut work = core.work.begin().await?;
            for rewrap in &rewraps {
                rewrapped += u64::from(work.documents().rewrap(rewrap).await?);
            }
            work.commit().await?;
        }
    }
}
