//! The keys in use, and how a running server learns of new ones.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::Duration;

use mif_domain::Instant;
use mif_keyfiles::Stamp;

use super::{Key, KeyDirectory, KeyError, SigningAlgorithm};

/// How long the folder is taken to be as it was.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How often unknown key identifiers may cause a look out of turn: anybody can send them.
const UNKNOWN_KEY_PAUSE: Duration = Duration::from_secs(1);

/// Every key that verifies, oldest first.
#[derive(Debug)]
pub(crate) struct Ring(Vec<Arc<Key>>);

impl Ring {
    pub(super) fn new(mut keys: Vec<Key>) -> Self {
        keys.sort_by(|one, other| one.age().cmp(&other.age()));
        let mut ring: Vec<Arc<Key>> = Vec::with_capacity(keys.len());
        for key in keys {
            // The same key in two files is one key, and counts from the earlier activation.
            if ring.iter().all(|known| known.id() != key.id()) {
                ring.push(Arc::new(key));
            }
        }
        Self(ring)
    }

    pub(super) fn signing(&self, algorithm: SigningAlgorithm, now: Instant) -> Option<&Arc<Key>> {
        self.0.iter().rev().find(|key| key.algorithm() == algorithm && key.may_sign_at(now))
    }

    fn find(&self, id: &str) -> Option<&Arc<Key>> {
        self.0.iter().find(|key| key.id() == id)
    }

    pub(crate) fn keys(&self) -> &[Arc<Key>] {
        &self.0
    }
}

/// The ring of a folder, never more than [`LOOK_AGAIN_AFTER`] behind it while it is used. A folder that cannot be read
/// any more, or has lost its last signing key, leaves the ring as it was: a file server's hiccup must not sign everybody
/// out.
#[derive(Debug)]
pub(crate) struct WatchedRing {
    directory: KeyDirectory,
    ring: RwLock<Arc<Ring>>,
    looking: Mutex<Looking>,
    /// Milliseconds of uptime at the last look, outside the lock so that the usual call takes none.
    looked_at: AtomicU64,
}

#[derive(Debug)]
struct Looking {
    stamps: Vec<Stamp>,
    unknown_at: Option<Duration>,
    /// The last failure that was logged, so that a lasting one is logged once.
    complaint: Option<String>,
}

impl WatchedRing {
    pub(super) fn new(directory: KeyDirectory) -> Result<Self, KeyError> {
        let uptime = directory.clock.uptime();
        let (ring, stamps) = directory.load()?;
        Ok(Self {
            ring: RwLock::new(Arc::new(ring)),
            looking: Mutex::new(Looking { stamps, unknown_at: None, complaint: None }),
            looked_at: AtomicU64::new(millis(uptime)),
            directory,
        })
    }

    /// The ring as of the last two seconds.
    pub(crate) fn current(&self) -> Arc<Ring> {
        let uptime = self.directory.clock.uptime();
        if millis(uptime).saturating_sub(self.looked_at.load(Ordering::Relaxed)) >= millis(LOOK_AGAIN_AFTER) {
            // One call looks; those that come meanwhile go on with what they have instead of waiting for the disk.
            let turn = match self.looking.try_lock() {
                Ok(looking) => Some(looking),
                Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            };
            if let Some(mut looking) = turn {
                self.look(&mut looking, uptime);
            }
        }
        self.held()
    }

    /// The key that signs now.
    pub(crate) fn signing(&self, now: Instant) -> Option<Arc<Key>> {
        self.current().signing(self.directory.algorithm, now).cloned()
    }

    /// The key of that identifier, with a look at the folder when it is new to us: another replica may have begun to
    /// sign with it.
    pub(crate) fn verifying(&self, id: &str) -> Option<Arc<Key>> {
        if let Some(key) = self.current().find(id) {
            return Some(Arc::clone(key));
        }
        let mut looking: MutexGuard<'_, Looking> = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let uptime = self.directory.clock.uptime();
        if looking.unknown_at.is_none_or(|last| uptime.saturating_sub(last) >= UNKNOWN_KEY_PAUSE) {
            looking.unknown_at = Some(uptime);
            self.look(&mut looking, uptime);
        }
        drop(looking);
        self.held().find(id).cloned()
    }

    fn held(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn look(&self, looking: &mut Looking, uptime: Duration) {
        self.looked_at.store(millis(uptime), Ordering::Relaxed);
        match self.directory.stamps() {
            Ok(stamps) if stamps == looking.stamps => {
                looking.complaint = None;
                return;
            }
            _ => {}
        }
        match self.directory.load() {
            Ok((ring, stamps)) => {
                tracing::info!(keys = ring.keys().len(), "reread the signing keys");
                *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
                looking.stamps = stamps;
                looking.complaint = None;
            }
            Err(error) => {
                let complaint = error.to_string();
                if looking.complaint.as_ref() != Some(&complaint) {
                    tracing::error!(%error, "the signing keys cannot be reread; the known ones stay in use");
                    looking.complaint = Some(complaint);
                }
            }
        }
    }
}

fn millis(uptime: Duration) -> u64 {
    u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX)
}
