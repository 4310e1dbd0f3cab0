//! What handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mif_application::Core;
use mif_domain::queries::DatabaseProbe;

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
        Self { core, probe, trusted_proxies, lifecycle, version, public_url: None }
    }

    /// Lets links begin with an address that people can reach. Never one that a request claims: `Host` is the client's word.
    #[must_use]
    pub fn with_public_url(self, public_url: Option<String>) -> Self {
        Self { public_url, ..self }
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
