//! Sealing every secret with the key that encrypts now.

use mif_domain::documents::{FileKeys, FileStoreError};
use mif_domain::secrets::SecretError;
use mif_domain::users::UserId;

use super::PURPOSE;
use crate::Core;
use crate::documents::upkeep::UpkeepError;

/// Seals every secret of a second factor anew that is not sealed with the key that encrypts now. Servers go on meanwhile:
/// one that was replaced by somebody else is passed over.
#[derive(Debug, Clone, Copy)]
pub struct ResealSecrets;

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Which were sealed anew.
    pub done: u64,
    /// Which could not be opened: their key is lost, or is not theirs. They stay as they are.
    pub failed: u64,
}

impl ResealSecrets {
    /// Tells of each that failed: one lost key must not keep all the others under a key that is to go.
    #[tracing::instrument(target = "mif_trace", name = "ResealSecrets", skip_all)]
    pub async fn run(
        self,
        core: &Core,
        keys: &dyn FileKeys,
        report: &mut (dyn FnMut(UserId, &SecretError) + Send),
    ) -> Result<Resealed, UpkeepError> {
        let current = keys.list()?.into_iter().find(|key| key.encrypts);
        let current = current.ok_or_else(|| FileStoreError::UnknownKey("any".to_owned()))?.key_id;
        let mut outcome = Resealed::default();
        let mut after = None;
        loop {
            // One at a time: they are few, and no row waits for another.
            let mut work = core.work.begin().await?;
            let Some((user, sealed)) = work.mfa().next_not_sealed_with(&current, after).await? else {
                return Ok(outcome);
            };
            after = Some(user);
            match core.secrets.reseal(PURPOSE, user.0, &sealed) {
                Ok(again) => {
                    outcome.done += u64::from(work.mfa().reseal(user, &sealed, &again).await?);
                    work.commit().await?;
                }
                Err(error) => {
                    outcome.failed += 1;
                    report(user, &error);
                }
            }
        }
    }
}
