//! Forgetting what has had its day, so that nothing grows without bound.

use chrono::TimeDelta;
use mif_domain::repository::Stored;

use crate::Core;

/// Deletes ended sessions, old answers, forgotten guesses, expired letter tokens and sign-ins that nobody finished, and
/// wipes sealed refresh tokens that nobody can need.
#[derive(Debug, Clone, Copy)]
pub struct Purge;

impl Purge {
    /// Ended sessions are kept a while: a used-up token that comes back late is still recognised.
    const ENDED_SESSIONS_KEPT: TimeDelta = TimeDelta::days(7);

    /// Rounds a run: what is left is for the next one.
    const ROUNDS: u32 = 100;

    /// Safe to run at any time, on any number of replicas.
    pub async fn run(self, core: &Core) -> Stored<()> {
        for _ in 0..Self::ROUNDS {
            if self.round(core).await? == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn round(self, core: &Core) -> Stored<u64> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let sessions = work.sessions().purge(now - Self::ENDED_SESSIONS_KEPT, now).await?;
        let answers = work.idempotency().purge(now).await?;
        let guesses = work.guesses().purge(now).await?;
        let letters = work.letter_tokens().purge(now).await?;
        let challenges = work.mfa().purge(now).await?;
        work.commit().await?;
        let purged = sessions + answers + guesses + letters + challenges;
        if purged > 0 {
            tracing::debug!(sessions, answers, guesses, letters, challenges, "purged");
        }
        Ok(purged)
    }
}
