//! The keys in use, and how a running server learns of new ones.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::Duration;

use mif_domain::{Clock, Instant};
use mif_keyfiles::Stamp;

use super::{FILES, Key, KeySource, Source};

/// How long the folder is taken to be as it was.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How often unknown names may cause a look out of turn.
const UNKNOWN_KEY_PAUSE: Duration = Duration::from_secs(1);

/// Every key that decrypts, oldest first.
#[derive(Debug)]
pub(super) struct Keys(Vec<Arc<Key>>);

impl Keys {
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

    pub(super) fn encrypting(&self, now: Instant) -> Option<&Arc<Key>> {
        self.newest_first().find(|key| key.may_encrypt_at(now))
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.0.iter().rev()
    }

    fn find(&self, id: &str) -> Option<&Arc<Key>> {
        self.0.iter().find(|key| key.id() == id)
    }
}

/// The keys of a source, never more than [`LOOK_AGAIN_AFTER`] behind a folder while they are used. A folder that cannot
/// be read any more, or has lost its last encrypting key, leaves them as they were: a file server's hiccup must not make
/// documents unreadable.
#[derive(Debug)]
pub(super) struct Watched {
    source: Source,
    clock: Arc<dyn Clock>,
    keys: RwLock<Arc<Keys>>,
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

impl Watched {
    pub(super) fn new(source: Source, keys: Keys, stamps: Vec<Stamp>, clock: Arc<dyn Clock>) -> Self {
        Self {
            keys: RwLock::new(Arc::new(keys)),
            looking: Mutex::new(Looking { stamps, unknown_at: None, complaint: None }),
            looked_at: AtomicU64::new(millis(clock.uptime())),
            source,
            clock,
        }
    }

    /// The folder, when there is one.
    pub(super) fn folder(&self) -> Option<&Path> {
        match &self.source.0 {
            KeySource::Folder(folder) => Some(folder),
            KeySource::Setting(_) => None,
        }
    }

    /// The keys as of the last two seconds.
    pub(super) fn current(&self) -> Arc<Keys> {
        let uptime = self.clock.uptime();
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

    /// The key of that name, with a look at the folder when it is new to us: another replica may have begun to encrypt
    /// with it.
    pub(super) fn find(&self, id: &str) -> Option<Arc<Key>> {
        if let Some(key) = self.current().find(id) {
            return Some(Arc::clone(key));
        }
        let mut looking = self.turn();
        let uptime = self.clock.uptime();
        if looking.unknown_at.is_none_or(|last| uptime.saturating_sub(last) >= UNKNOWN_KEY_PAUSE) {
            looking.unknown_at = Some(uptime);
            self.look(&mut looking, uptime);
        }
        drop(looking);
        self.held().find(id).cloned()
    }

    /// Looks now: we changed the folder ourselves.
    pub(super) fn reread(&self) {
        let mut looking = self.turn();
        self.look(&mut looking, self.clock.uptime());
    }

    fn turn(&self) -> MutexGuard<'_, Looking> {
        self.looking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn look(&self, looking: &mut Looking, uptime: Duration) {
        self.looked_at.store(millis(uptime), Ordering::Relaxed);
        let Some(folder) = self.folder() else { return };
        match FILES.list(folder) {
            Ok(stamps) if stamps == looking.stamps => {
                looking.complaint = None;
                return;
            }
            _ => {}
        }
        match self.source.load(self.clock.now()) {
            Ok((keys, stamps)) => {
                tracing::info!(keys = keys.0.len(), "reread the document keys");
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                looking.stamps = stamps;
                looking.complaint = None;
            }
            Err(error) => {
                let complaint = error.to_string();
                if looking.complaint.as_ref() != Some(&complaint) {
                    tracing::error!(%error, "the document keys cannot be reread; the known ones stay in use");
                    looking.complaint = Some(complaint);
                }
            }
        }
    }
}

fn millis(uptime: Duration) -> u64 {
    u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX)
}
