//! The ports that use cases work with.

use std::sync::Arc;

use mif_domain::documents::{FileStore, Scanner};
use mif_domain::queries::{Queries, SessionStates};
use mif_domain::secrets::SecretSealer;
use mif_domain::sessions::{AccessTokens, RefreshTokens};
use mif_domain::unit_of_work::UnitOfWorkFactory;
use mif_domain::users::{PasswordHasher, PasswordPolicy};
use mif_domain::{Clock, Entropy};

use crate::audit::DenialLedger;
use crate::auth::{MfaRules, SessionCache};
use crate::documents::DocumentRules;

/// Everything a use case may reach. Wired once, in `server`; in tests, from `testkit`.
#[derive(Debug, Clone)]
pub struct Core {
    /// Writes.
    pub work: Arc<dyn UnitOfWorkFactory>,
    /// Reads.
    pub queries: Arc<dyn Queries>,
    /// Reads that decide whether a request may go on.
    pub session_states: Arc<dyn SessionStates>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Which passwords may be set.
    pub password_policy: PasswordPolicy,
    /// Access tokens.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// Refresh tokens.
    pub refresh_tokens: Arc<dyn RefreshTokens>,
    /// Small secrets at rest.
    pub secrets: Arc<dyn SecretSealer>,
    /// Who needs a second factor.
    pub mfa_rules: MfaRules,
    /// The contents of documents.
    pub files: Arc<dyn FileStore>,
    /// What looks at them first.
    pub scanner: Arc<dyn Scanner>,
    /// Which contents are taken.
    pub document_rules: DocumentRules,
    /// Who is behind which access token, for at most a second.
    pub sessions: Arc<SessionCache>,
    /// Who was denied how often in the current minute.
    pub denials: Arc<DenialLedger>,
}
