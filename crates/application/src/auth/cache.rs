//! Who is behind which access token, remembered for a moment: one signature check and one database read a second instead
//! of one a request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mif_domain::Instant;
use mif_domain::sessions::{AccessClaims, SessionId, SessionState};
use mif_domain::users::UserId;
use sha2::{Digest as _, Sha256};

/// What the cache knows tokens by: their SHA-256, so that a memory dump holds none.
pub(super) type TokenKey = [u8; 32];

/// A bounded cache of verified claims together with the state of their session.
///
/// An entry counts for [`SessionCache::MAX_AGE`] from the moment its state was *read*, and is dropped at once on the
/// replica that ends the session. A read that was under way meanwhile is not let in: see [`SessionCache::epoch`].
#[derive(Debug, Default)]
pub struct SessionCache {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<TokenKey, Entry>,
    epoch: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    state: Arc<SessionState>,
    /// [`Clock::uptime`](mif_domain::Clock::uptime) before the database was asked.
    read_at: Duration,
    claims: AccessClaims,
}

impl Entry {
    fn counts_at(&self, uptime: Duration, now: Instant) -> bool {
        uptime.saturating_sub(self.read_at) < SessionCache::MAX_AGE && now < self.claims.expires_at
    }
}

impl SessionCache {
    /// How old an entry may be. A little less than the second within which an ended session is dead on every replica:
    /// the answer to the last request that was let in takes time as well.
    pub const MAX_AGE: Duration = Duration::from_millis(900);
    /// How many entries there may be.
    const CAPACITY: usize = 20_000;

    pub(super) fn key(token: &str) -> TokenKey {
        Sha256::digest(token.as_bytes()).into()
    }

    pub(super) fn find(&self, key: &TokenKey, uptime: Duration, now: Instant) -> Option<Arc<SessionState>> {
        let inner = self.lock();
        let entry = inner.entries.get(key)?;
        entry.counts_at(uptime, now).then(|| Arc::clone(&entry.state))
    }

    /// What a token said that was verified a moment ago.
    pub(super) fn find_claims(&self, key: &TokenKey, uptime: Duration, now: Instant) -> Option<AccessClaims> {
        let inner = self.lock();
        let entry = inner.entries.get(key)?;
        entry.counts_at(uptime, now).then(|| entry.claims.clone())
    }

    /// To be taken before the database is read, and given back with the result: if a session ended in between, the
    /// result may be from before and is not kept.
    pub(super) fn epoch(&self) -> u64 {
        self.lock().epoch
    }

    pub(super) fn keep(
        &self,
        key: TokenKey,
        state: Arc<SessionState>,
        claims: AccessClaims,
        read_at: Duration,
        epoch: u64,
    ) {
        let mut inner = self.lock();
        if inner.epoch != epoch {
            return;
        }
        if inner.entries.len() >= Self::CAPACITY {
            inner.entries.retain(|_, entry| read_at.saturating_sub(entry.read_at) < Self::MAX_AGE);
            if inner.entries.len() >= Self::CAPACITY {
                inner.entries.clear();
            }
        }
        inner.entries.insert(key, Entry { state, read_at, claims });
    }

    /// Forgets a session that ended.
    pub fn forget_session(&self, id: SessionId) {
        self.forget(|state| state.session_id == id);
    }

    /// Forgets every session of a user who changed.
    pub fn forget_user(&self, id: UserId) {
        self.forget(|state| state.user_id == id);
    }

    fn forget(&self, gone: impl Fn(&SessionState) -> bool) {
        let mut inner = self.lock();
        inner.epoch += 1;
        inner.entries.retain(|_, entry| !gone(&entry.state));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The map is consistent between any two statements above: a panic elsewhere does not spoil it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use mif_domain::users::{Language, Role};

    use super::*;

    fn state(session: i64, user: i64) -> Arc<SessionState> {
        Arc::new(SessionState {
            session_id: SessionId(session),
            user_id: UserId(user),
            username: "karim".to_owned(),
            role: Role::Technician,
            customer_id: None,
            technician_id: None,
            language: Language::French,
            must_change_password: false,
            mfa_active: false,
            generation: 1,
            acked_generation: 1,
        })
    }

    const NOW: Instant = DateTime::UNIX_EPOCH;
    fn claims() -> AccessClaims {
        AccessClaims {
            user_id: UserId(1),
            session_id: SessionId(1),
            generation: 1,
            role: Role::Technician,
            expires_at: later(60),
        }
    }

    fn later(seconds: i64) -> Instant {
        NOW + chrono::TimeDelta::seconds(seconds)
    }

    #[test]
    fn an_entry_counts_for_less_than_a_second_and_no_longer_than_its_token() {
        let cache = SessionCache::default();
        let key = SessionCache::key("a");
        cache.keep(key, state(1, 1), claims(), Duration::from_secs(10), cache.epoch());
        assert!(cache.find(&key, Duration::from_millis(10_899), NOW).is_some());
        assert!(cache.find(&key, Duration::from_millis(10_900), NOW).is_none());
        assert!(cache.find(&key, Duration::from_secs(10), later(60)).is_none());
        assert_eq!(cache.find_claims(&key, Duration::from_secs(10), NOW), Some(claims()));
        assert!(cache.find_claims(&key, Duration::from_millis(10_900), NOW).is_none());
        assert!(cache.find_claims(&key, Duration::from_secs(10), later(60)).is_none());
    }

    #[test]
    fn an_ended_session_is_forgotten_and_a_read_from_before_is_not_let_in() {
        let cache = SessionCache::default();
        let (ended, other) = (SessionCache::key("ended"), SessionCache::key("other"));
        let epoch = cache.epoch();
        cache.keep(ended, state(1, 1), claims(), Duration::ZERO, epoch);
        cache.keep(other, state(2, 1), claims(), Duration::ZERO, epoch);
        cache.forget_session(SessionId(1));
        cache.keep(ended, state(1, 1), claims(), Duration::ZERO, epoch);
        assert!(cache.find(&ended, Duration::ZERO, NOW).is_none());
        assert!(cache.find(&other, Duration::ZERO, NOW).is_some());
        cache.forget_user(UserId(1));
        assert!(cache.find(&other, Duration::ZERO, NOW).is_none());
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = SessionCache::default();
        for n in 0..=SessionCache::CAPACITY {
            cache.keep(SessionCache::key(&n.to_string()), state(1, 1), claims(), Duration::ZERO, 0);
        }
        assert!(cache.lock().entries.len() <= SessionCache::CAPACITY);
    }
}
