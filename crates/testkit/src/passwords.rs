//! A password hasher that costs nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use chrono::TimeDelta;
use mif_domain::users::{HasherBusy, PasswordHash, PasswordHasher, PlainPassword};

use crate::FakeClock;

/// Writes the password into the "hash". Counts what it did, can be busy, and can take its time on a [`FakeClock`].
#[derive(Debug, Default)]
pub struct FastHasher {
    hashed: AtomicUsize,
    verified: AtomicUsize,
    busy: AtomicBool,
    takes: Option<(Arc<FakeClock>, TimeDelta)>,
}

impl FastHasher {
    /// Every hash and every check moves the clock.
    pub fn taking(clock: Arc<FakeClock>, each: TimeDelta) -> Self {
        Self { takes: Some((clock, each)), ..Self::default() }
    }

    /// The stored form of a password. Everybody can compute it, so that builders need no hasher.
    pub fn stored(password: &str) -> PasswordHash {
        PasswordHash::from_phc(format!("$fast${password}"))
    }

    /// The stored form of a password as an older program kept it.
    pub fn outdated(password: &str) -> PasswordHash {
        PasswordHash::from_phc(format!("$old${password}"))
    }

    /// How many passwords were hashed.
    pub fn hashed(&self) -> usize {
        self.hashed.load(Ordering::SeqCst)
    }

    /// How many passwords were checked, those for nobody included.
    pub fn verified(&self) -> usize {
        self.verified.load(Ordering::SeqCst)
    }

    /// Whether it answers [`HasherBusy`] from now on.
    pub fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::SeqCst);
    }

    fn work(&self, counter: &AtomicUsize) -> Result<(), HasherBusy> {
        if self.busy.load(Ordering::SeqCst) {
            return Err(HasherBusy);
        }
        counter.fetch_add(1, Ordering::SeqCst);
        if let Some((clock, each)) = &self.takes {
            clock.advance(*each);
        }
        Ok(())
    }
}

#[async_trait]
impl PasswordHasher for FastHasher {
    async fn hash(&self, password: &PlainPassword) -> Result<PasswordHash, HasherBusy> {
        self.work(&self.hashed)?;
        Ok(Self::stored(password.expose()))
    }

    async fn verify(&self, password: &PlainPassword, hash: Option<&PasswordHash>) -> Result<bool, HasherBusy> {
        self.work(&self.verified)?;
        Ok(hash
            .is_some_and(|hash| *hash == Self::stored(password.expose()) || *hash == Self::outdated(password.expose())))
    }

    fn is_outdated(&self, hash: &PasswordHash) -> bool {
        hash.as_phc().starts_with("$old$")
    }
}
