//! Noting what signed-in users were denied: each refusal, but no more than twenty a minute for one user; the rest is
//! counted, and the count noted when the minute is over.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::repository::Stored;
use mif_domain::users::UserId;

use crate::Core;
use crate::access::Actor;

/// Who was denied how often in the current minute. One in a process.
#[derive(Debug, Default)]
pub struct DenialLedger(Mutex<Minutes>);

#[derive(Debug, Default)]
struct Minutes {
    users: HashMap<UserId, Minute>,
    /// Denials of users for whom there was no room.
    others: u64,
}

#[derive(Debug)]
struct Minute {
    began: Duration,
    noted: u32,
    suppressed: u64,
}

impl DenialLedger {
    const MINUTE: Duration = Duration::from_mins(1);
    /// Events a user and minute.
    const NOTED: u32 = 20;
    /// Users that are told apart; more are counted together.
    const USERS: usize = 10_000;

    fn minutes(&self) -> MutexGuard<'_, Minutes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this denial is to be noted, and how many of an earlier minute were not.
    fn count(&self, user: UserId, uptime: Duration) -> (bool, u64) {
        let mut minutes = self.minutes();
        if minutes.users.len() >= Self::USERS && !minutes.users.contains_key(&user) {
            minutes.others += 1;
            return (false, 0);
        }
        let minute = minutes.users.entry(user).or_insert(Minute { began: uptime, noted: 0, suppressed: 0 });
        let mut earlier = 0;
        if uptime.saturating_sub(minute.began) >= Self::MINUTE {
            earlier = minute.suppressed;
            *minute = Minute { began: uptime, noted: 0, suppressed: 0 };
        }
        let noted = minute.noted < Self::NOTED;
        if noted {
            minute.noted += 1;
        } else {
            minute.suppressed += 1;
        }
        (noted, earlier)
    }

    /// Forgets minutes that are over, or all of them, and returns what was not noted in them.
    fn take(&self, over_at: Option<Duration>) -> Vec<(Option<UserId>, u64)> {
        let mut minutes = self.minutes();
        let others = (None, std::mem::take(&mut minutes.others));
        let over = |minute: &Minute| over_at.is_none_or(|now| now.saturating_sub(minute.began) >= Self::MINUTE);
        let taken = minutes.users.extract_if(|_, minute| over(minute));
        let taken: Vec<_> = taken.map(|(user, minute)| (Some(user), minute.suppressed)).collect();
        taken.into_iter().chain([others]).filter(|(_, suppressed)| *suppressed > 0).collect()
    }
}

impl DenialLedger {
    /// What was taken and could not be noted waits for the next minute that is over.
    fn put_back(&self, taken: Vec<(Option<UserId>, u64)>, uptime: Duration) {
        let mut minutes = self.minutes();
        for (user, suppressed) in taken {
            match user {
                Some(user) if minutes.users.len() < Self::USERS || minutes.users.contains_key(&user) => {
                    let fresh = Minute { began: uptime, noted: 0, suppressed: 0 };
                    minutes.users.entry(user).or_insert(fresh).suppressed += suppressed;
                }
                _ => minutes.others += suppressed,
            }
        }
    }
}

fn suppressed(user: Option<UserId>, count: u64, core: &Core) -> AuditEvent {
    let origin = AuditOrigin { actor: user, ..AuditOrigin::default() };
    AuditEvent::failure(AuditKind::AccessDenied, origin, core.clock.now()).with("suppressed", count.to_string())
}

/// Notes that the actor was denied something.
#[derive(Debug)]
pub struct RecordDenial {
    /// The method of the request.
    pub method: String,
    /// Its path, without parameters.
    pub path: String,
}

impl RecordDenial {
    /// More of a path says nothing.
    const PATH: usize = 200;

    /// A unit of its own: what was denied left no other.
    pub async fn run(self, core: &Core, actor: &Actor) -> Stored<()> {
        let (noted, earlier) = core.denials.count(actor.user_id(), core.clock.uptime());
        if !noted && earlier == 0 {
            return Ok(());
        }
        let written = self.note(core, actor, noted, earlier).await;
        if written.is_err() {
            let missing = vec![(Some(actor.user_id()), earlier + u64::from(noted))];
            core.denials.put_back(missing, core.clock.uptime());
        }
        written
    }

    async fn note(self, core: &Core, actor: &Actor, noted: bool, earlier: u64) -> Stored<()> {
        let mut work = core.work.begin().await?;
        if earlier > 0 {
            work.audit().append(suppressed(Some(actor.user_id()), earlier, core)).await?;
        }
        if noted {
            let path: String = self.path.chars().take(Self::PATH).collect();
            let event = AuditEvent::failure(AuditKind::AccessDenied, actor.origin(), core.clock.now());
            work.audit().append(event.with("method", self.method).with("path", path)).await?;
        }
        work.commit().await
    }
}

/// Notes how many denials were not.
#[derive(Debug, Clone, Copy)]
pub struct FlushDenials {
    /// Also of the minute that is not over, because the process ends.
    pub all: bool,
}

impl FlushDenials {
    /// One event for each user of whom there is something to tell.
    pub async fn run(self, core: &Core) -> Stored<()> {
        let taken = core.denials.take((!self.all).then(|| core.clock.uptime()));
        if taken.is_empty() {
            return Ok(());
        }
        let noted = Self::note(core, &taken).await;
        if noted.is_err() {
            core.denials.put_back(taken, core.clock.uptime());
        }
        noted
    }

    async fn note(core: &Core, taken: &[(Option<UserId>, u64)]) -> Stored<()> {
        let mut work = core.work.begin().await?;
        for (user, count) in taken {
            work.audit().append(suppressed(*user, *count, core)).await?;
        }
        work.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_users_than_there_is_room_for_are_counted_together() {
        let ledger = DenialLedger::default();
        let limit = i64::try_from(DenialLedger::USERS).unwrap();
        for user in 0..limit {
            assert_eq!(ledger.count(UserId(user), Duration::ZERO), (true, 0));
        }
        for _ in 0..3 {
            assert_eq!(ledger.count(UserId(limit), Duration::ZERO), (false, 0));
        }
        let taken = ledger.take(Some(DenialLedger::MINUTE));
        assert_eq!(taken, [(None, 3)]);
        ledger.put_back(vec![(Some(UserId(1)), 2), (None, 3)], DenialLedger::MINUTE);
        assert_eq!(ledger.take(None), [(Some(UserId(1)), 2), (None, 3)]);
        assert_eq!(ledger.count(UserId(limit), DenialLedger::MINUTE), (true, 0));
    }
}
