//! What handlers share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use mif_application::Core;
use mif_application::operations::Health;
use mif_domain::queries::DatabaseProbe;
use sha2::{Digest as _, Sha256};

use crate::TrustedProxies;

/// Everything the API needs, wired by `server`.
#[derive(Debug)]
pub struct ApiState {
    /// The ports that use cases work with.
    pub core: Core,
    /// How the database is.
    pub probe: Arc<dyn DatabaseProbe>,
    /// Whose word about the client's address counts.
    pub trusted_proxies: TrustedProxies,
    /// Whether the server is on its way out.
    pub lifecycle: Arc<Lifecycle>,
    /// Shown by `/health`.
    pub version: &'static str,
    /// How the parts around the server were a moment ago.
    pub health: Arc<HealthBoard>,
    /// What was measured, for whoever may see it.
    pub metrics: Option<Arc<MetricsPage>>,
    /// What links begin with, without a slash at the end, when people reach the server under a name of its own.
    pub public_url: Option<String>,
}

impl ApiState {
    /// Puts the parts together.
    pub fn new(
        core: Core,
        probe: Arc<dyn DatabaseProbe>,
        trusted_proxies: TrustedProxies,
        lifecycle: Arc<Lifecycle>,
        version: &'static str,
    ) -> Self {
        let health = Arc::default();
        Self { core, probe, trusted_proxies, lifecycle, version, health, metrics: None, public_url: None }
    }

    /// Shows how the parts are, and what was measured.
    #[must_use]
    pub fn with_operations(self, health: Arc<HealthBoard>, metrics: Option<Arc<MetricsPage>>) -> Self {
        Self { health, metrics, ..self }
    }

    /// Lets links begin with an address that people can reach. Never one that a request claims: `Host` is the client's word.
    #[must_use]
    pub fn with_public_url(self, public_url: Option<String>) -> Self {
        Self { public_url, ..self }
    }
}

/// How the parts around the server were when they were last asked: they are asked every few seconds by one task, not by
/// everybody who looks at `/health`.
#[derive(Debug, Default)]
pub struct HealthBoard(RwLock<Option<Health>>);

impl HealthBoard {
    /// Puts up the latest.
    pub fn put_up(&self, health: Health) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(health);
    }

    pub(crate) fn read(&self) -> Option<Health> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What `/metrics` answers, and to whom.
pub struct MetricsPage {
    render: Box<dyn Fn() -> String + Send + Sync>,
    token: Option<[u8; 32]>,
}

impl MetricsPage {
    /// With a token, only for those who send it as `Authorization: Bearer`.
    pub fn new(render: impl Fn() -> String + Send + Sync + 'static, token: Option<&str>) -> Self {
        Self { render: Box::new(render), token: token.map(|token| Sha256::digest(token).into()) }
    }

    pub(crate) fn admits(&self, presented: Option<&str>) -> bool {
        // Hashes, so that the time that the comparison takes tells nothing about the token.
        self.token.is_none_or(|token| presented.is_some_and(|presented| Sha256::digest(presented)[..] == token))
    }

    pub(crate) fn render(&self) -> String {
        (self.render)()
    }
}

impl std::fmt::Debug for MetricsPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MetricsPage")
    }
}

/// Whether the server still wants new work.
#[derive(Debug, Default)]
pub struct Lifecycle {
    draining: AtomicBool,
}

impl Lifecycle {
    /// From now on `/ready` answers 503, so that load balancers look elsewhere.
    pub fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
