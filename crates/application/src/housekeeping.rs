//! Forgetting what has had its day, so that nothing grows without bound.

use chrono::TimeDelta;
use mif_domain::repository::{PURGED, Stored};

use crate::Core;

/// Deletes ended sessions, old answers, forgotten guesses, expired letter tokens, sign-ins that nobody finished and old
/// notifications, and wipes sealed refresh tokens that nobody can need.
#[derive(Debug, Clone, Copy)]
pub struct Purge;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Sessions,
    Answers,
    Guesses,
    Letters,
    Challenges,
    Notifications,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Sessions, Self::Answers, Self::Guesses, Self::Letters, Self::Challenges, Self::Notifications];
}

impl Purge {
    /// Ended sessions are kept a while: a used-up token that comes back late is still recognised.
    const ENDED_SESSIONS_KEPT: TimeDelta = TimeDelta::days(7);

    /// Units of work for one kind and run: what is left is for the next one.
    const ROUNDS: u32 = 100;

    /// Safe to run at any time, on any number of replicas. A kind that fails does not keep the others from being purged;
    /// the first failure is returned.
    pub async fn run(self, core: &Core) -> Stored<()> {
        let mut failure = Ok(());
        for kind in Kind::ALL {
            let purged = self.all_of(core, kind).await;
            failure = failure.and(purged);
        }
        failure
    }

    async fn all_of(self, core: &Core, kind: Kind) -> Stored<()> {
        let mut purged = 0;
        for _ in 0..Self::ROUNDS {
            let now = self.some_of(core, kind).await?;
            purged += now;
            // Less than a full portion: nothing but what others hold is left.
            if now < PURGED {
                break;
            }
        }
        if purged > 0 {
            tracing::debug!(?kind, purged, "purged");
        }
        Ok(())
    }

    /// In a unit of work of its own: SQLite has one writer, and nobody waits for more than one portion.
    async fn some_of(self, core: &Core, kind: Kind) -> Stored<u64> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let purged = match kind {
            Kind::Sessions => work.sessions().purge(now - Self::ENDED_SESSIONS_KEPT, now).await?,
            Kind::Answers => work.idempotency().purge(now).await?,
            Kind::Guesses => work.guesses().purge(now).await?,
            Kind::Letters => work.letter_tokens().purge(now).await?,
            Kind::Challenges => work.mfa().purge(now).await?,
            Kind::Notifications => work.notifications().purge(now).await?,
        };
        work.commit().await?;
        Ok(purged)
    }
}
