//! How a running server learns of new keys.

use std::fmt::{Debug, Display};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::Duration;

use crate::{Ring, RingKey, Stamp};

/// How long the folder is taken to be as it was.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How often unknown names may cause a look out of turn: anybody can send them.
const UNKNOWN_KEY_PAUSE: Duration = Duration::from_secs(1);

/// Where keys come from, again and again.
pub trait KeyFolder: Debug {
    /// What is in a file.
    type Key: RingKey + Debug;
    /// Why the keys cannot be used.
    type Error: Display;
    /// What they are for, as the log says it.
    const PURPOSE: &'static str;

    /// A clock that never steps.
    fn uptime(&self) -> Duration;

    /// What lies in the folder, without reading the keys: cheap enough to do every two seconds. `None` when there is no
    /// folder, so that nothing can change.
    fn stamps(&self) -> Result<Option<Vec<Stamp>>, Self::Error>;

    /// The keys. MUST fail unless one of them may be used for what is new.
    fn keys(&self, stamps: &[Stamp]) -> Result<Ring<Self::Key>, Self::Error>;
}

/// The keys of a folder, never more than [`LOOK_AGAIN_AFTER`] behind it while they are used. A folder that cannot be read
/// any more, or has lost its last usable key, leaves them as they were: a file server's hiccup must not sign everybody out,
/// nor make documents unreadable.
#[derive(Debug)]
pub struct Watched<F: KeyFolder> {
    folder: F,
    ring: RwLock<Arc<Ring<F::Key>>>,
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

impl<F: KeyFolder> Watched<F> {
    /// Reads the keys for the first time.
    pub fn new(folder: F) -> Result<Self, F::Error> {
        let looked_at = AtomicU64::new(millis(folder.uptime()));
        let (ring, stamps) = read(&folder)?;
        let looking = Mutex::new(Looking { stamps, unknown_at: None, complaint: None });
        Ok(Self { ring: RwLock::new(Arc::new(ring)), looking, looked_at, folder })
    }

    /// Where they come from.
    pub fn folder(&self) -> &F {
        &self.folder
    }

    /// The keys as of the last two seconds.
    pub fn current(&self) -> Arc<Ring<F::Key>> {
        let uptime = self.folder.uptime();
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

    /// The key of that name, with a look at the folder when it is new to us: another replica may have begun to use it.
    pub fn find(&self, id: &str) -> Option<Arc<F::Key>> {
        if let Some(key) = self.current().find(id) {
            return Some(Arc::clone(key));
        }
        let mut looking = self.turn();
        let uptime = self.folder.uptime();
        if looking.unknown_at.is_none_or(|last| uptime.saturating_sub(last) >= UNKNOWN_KEY_PAUSE) {
            looking.unknown_at = Some(uptime);
            self.look(&mut looking, uptime);
        }
        drop(looking);
        self.held().find(id).cloned()
    }

    /// Looks now: we changed the folder ourselves.
    pub fn reread(&self) {
        let mut looking = self.turn();
        self.look(&mut looking, self.folder.uptime());
    }

    fn turn(&self) -> MutexGuard<'_, Looking> {
        self.looking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> Arc<Ring<F::Key>> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn look(&self, looking: &mut Looking, uptime: Duration) {
        self.looked_at.store(millis(uptime), Ordering::Relaxed);
        match self.folder.stamps() {
            Ok(None) => return,
            Ok(Some(stamps)) if stamps == looking.stamps => {
                looking.complaint = None;
                return;
            }
            _ => {}
        }
        match read(&self.folder) {
            Ok((ring, stamps)) => {
                tracing::info!(keys = ring.newest_first().len(), "reread the {} keys", F::PURPOSE);
                *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
                looking.stamps = stamps;
                looking.complaint = None;
            }
            Err(error) => {
                let complaint = error.to_string();
                if looking.complaint.as_ref() != Some(&complaint) {
                    tracing::error!(%error, "the {} keys cannot be reread; the known ones stay in use", F::PURPOSE);
                    looking.complaint = Some(complaint);
                }
            }
        }
    }
}

/// Keys, and what lay there when they were read.
type Found<K> = (Ring<K>, Vec<Stamp>);

fn read<F: KeyFolder>(folder: &F) -> Result<Found<F::Key>, F::Error> {
    // Stamps first: a change between the two is then seen at the next look instead of never.
    let stamps = folder.stamps()?.unwrap_or_default();
    Ok((folder.keys(&stamps)?, stamps))
}

fn millis(uptime: Duration) -> u64 {
    u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX)
}
