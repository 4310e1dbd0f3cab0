//! argon2id behind a queue of bounded length (RFC 9106; parameters after the OWASP password storage cheat sheet). Hashes
//! of bcrypt, which the system before this one made, are verified in the same queue.

mod legacy;
mod stored;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::{Error as HashError, PasswordHasher as _};
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use mif_domain::Entropy;
use mif_domain::users::{HasherBusy, PasswordHash, PasswordHasher, PlainPassword};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{Instrument as _, Span, info_span};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use stored::{Ceiling, Stored};

/// How long a request waits for its turn before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many may wait. Far more than can be served within [`PATIENCE`]: whoever comes later would wait in vain.
const MAX_WAITING: usize = 256;
/// Bytes of salt, as RFC 9106 section 3.1 recommends.
const SALT_BYTES: usize = 16;
/// The most bytes that NFKC makes of one byte of UTF-8.
const NFKC_GROWTH: usize = 11;

/// What a hash costs, and how many are computed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HasherSettings {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
    /// Hashes computed at once; half the cores leave the other routes their latency.
    pub concurrency: usize,
}

impl Default for HasherSettings {
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, iterations: 2, parallelism: 1, concurrency: 1 }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HasherSettingsError {
    /// Nothing would ever be hashed.
    #[error("at least one password must be hashed at a time")]
    NoConcurrency,
    /// Hashes made with them would be refused when read back.
    #[error(
        "password hashes may use at most {} KiB of memory, {} iterations and {} lanes",
        Ceiling::MEMORY_KIB,
        Ceiling::ITERATIONS,
        Ceiling::PARALLELISM
    )]
    AboveCeiling,
    /// argon2 itself refuses them.
    #[error("argon2 refuses the parameters: {0}")]
    Refused(argon2::Error),
}

/// Hashes passwords with argon2id version 0x13, over their NFKC form: the same password typed on two keyboards may
/// differ in how accents are composed.
#[derive(Debug)]
pub struct Argon2Hasher {
    argon2: Argon2<'static>,
    entropy: Arc<dyn Entropy>,
    /// Everybody who waits or is served holds one: what bounds the queue.
    places: Arc<Semaphore>,
    /// Everybody who is served holds one: what bounds memory and cores.
    slots: Arc<Semaphore>,
}

/// Permits of one hash. They move into the blocking task, because a hash goes on when its request is given up.
struct Turn {
    _slot: OwnedSemaphorePermit,
    _place: Place,
}

/// A place in the queue, counted as long as it is held.
struct Place(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Place {
    fn new(permit: OwnedSemaphorePermit) -> Self {
        metrics::gauge!("auth_hash_queue").increment(1.0);
        Self(permit)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        metrics::gauge!("auth_hash_queue").decrement(1.0);
    }
}

impl Argon2Hasher {
    /// A hasher that makes hashes by these settings and verifies any below the ceiling.
    pub fn new(settings: HasherSettings, entropy: Arc<dyn Entropy>) -> Result<Self, HasherSettingsError> {
        if settings.concurrency == 0 {
            return Err(HasherSettingsError::NoConcurrency);
        }
        let params = Params::new(settings.memory_kib, settings.iterations, settings.parallelism, None)
            .map_err(HasherSettingsError::Refused)?;
        if !Ceiling::admits(&params) {
            return Err(HasherSettingsError::AboveCeiling);
        }
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            entropy,
            places: Arc::new(Semaphore::new(settings.concurrency.saturating_add(MAX_WAITING))),
            slots: Arc::new(Semaphore::new(settings.concurrency)),
        })
    }

    fn salt(&self) -> [u8; SALT_BYTES] {
        let mut salt = [0; SALT_BYTES];
        self.entropy.fill(&mut salt);
        salt
    }

    async fn turn(&self) -> Result<Turn, HasherBusy> {
        let place = Arc::clone(&self.places).try_acquire_owned().map(Place::new).map_err(|_| HasherBusy)?;
        let wait = tokio::time::timeout(PATIENCE, Arc::clone(&self.slots).acquire_owned());
        match wait.instrument(info_span!("password.queue")).await {
            Ok(Ok(slot)) => Ok(Turn { _slot: slot, _place: place }),
            Ok(Err(_)) | Err(_) => Err(HasherBusy),
        }
    }

    /// Runs `work` on a blocking thread when its turn has come.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HasherBusy> {
        let turn = self.turn().await?;
        let argon2 = self.argon2.clone();
        let parent = Span::current();
        let hashed = tokio::task::spawn_blocking(move || {
            let span = info_span!(parent: &parent, "password.hash");
            let began = tokio::time::Instant::now();
            let outcome = span.in_scope(|| work(&argon2));
            metrics::histogram!("auth_hash_duration_seconds").record(began.elapsed());
            drop(turn);
            outcome
        });
        match hashed.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                tracing::error!(%error, "argon2 failed");
                Err(HasherBusy)
            }
            Err(error) => {
                tracing::error!(%error, "the task that hashes a password did not finish");
                Err(HasherBusy)
            }
        }
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: &PlainPassword) -> Result<PasswordHash, HasherBusy> {
        let (password, salt) = (password.clone(), self.salt());
        self.in_turn(move |argon2| argon2.hash_password_with_salt(nfkc(&password).as_bytes(), &salt))
            .await
            .map(|phc| PasswordHash::from_phc(phc.to_string()))
    }

    async fn verify(&self, password: &PlainPassword, hash: Option<&PasswordHash>) -> Result<bool, HasherBusy> {
        let stored = Stored::read(hash, self.argon2.params(), self.salt());
        let password = password.clone();
        self.in_turn(move |argon2| stored.verifies(&password, argon2)).await
    }

    fn is_outdated(&self, hash: &PasswordHash) -> bool {
        legacy::is_legacy(hash.as_phc())
    }
}

fn nfkc(password: &PlainPassword) -> Zeroizing<String> {
    // Reserved at once: a string that grows leaves copies behind that nobody wipes.
    let mut form = Zeroizing::new(String::with_capacity(password.expose().len().saturating_mul(NFKC_GROWTH)));
    form.extend(password.expose().nfkc());
    form
}
