//! Who asks.

use std::sync::Arc;

use mif_domain::audit::AuditOrigin;
use mif_domain::customers::CustomerId;
use mif_domain::guesses::AddressKey;
use mif_domain::sessions::{SessionId, SessionState};
use mif_domain::technicians::TechnicianId;
use mif_domain::users::{Role, UserId};

/// Where a request came from, for the audit trail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestInfo {
    /// The canonical address.
    pub ip: Option<String>,
    /// Ties the audit trail to the log.
    pub request_id: Option<String>,
}

impl RequestInfo {
    /// Whose guesses at passwords are counted together.
    pub fn address_key(&self) -> AddressKey {
        let address = self.ip.as_deref().and_then(|ip| ip.parse().ok());
        address.map_or_else(AddressKey::unknown, AddressKey::of)
    }

    /// The origin of an event whose actor may not be known.
    pub fn origin(&self, actor: Option<UserId>) -> AuditOrigin {
        AuditOrigin { actor, ip: self.ip.clone(), request_id: self.request_id.clone() }
    }
}

/// A signed-in user with a live session, at most a second ago.
#[derive(Debug, Clone)]
pub struct Actor {
    session: Arc<SessionState>,
    request: RequestInfo,
}

impl Actor {
    /// Only [`Authenticate`](crate::auth::Authenticate) knows the session; `http` adds where the request came from.
    pub fn new(session: Arc<SessionState>, request: RequestInfo) -> Self {
        Self { session, request }
    }

    /// Who.
    pub fn user_id(&self) -> UserId {
        self.session.user_id
    }

    /// In which session.
    pub fn session_id(&self) -> SessionId {
        self.session.session_id
    }

    /// With which role, according to the database.
    pub fn role(&self) -> Role {
        self.session.role
    }

    /// Whose machines a customer sees.
    pub fn customer_id(&self) -> Option<CustomerId> {
        self.session.customer_id
    }

    /// Their sheet, when they are a technician who takes work.
    pub fn technician_id(&self) -> Option<TechnicianId> {
        self.session.technician_id
    }

    /// Whether they must change the password before anything else.
    pub fn must_change_password(&self) -> bool {
        self.session.must_change_password
    }

    /// Whether they sign in with a second factor.
    pub fn mfa_active(&self) -> bool {
        self.session.mfa_active
    }

    /// Where the request came from.
    pub fn request(&self) -> &RequestInfo {
        &self.request
    }

    /// The origin of what they do.
    pub fn origin(&self) -> AuditOrigin {
        self.request.origin(Some(self.user_id()))
    }
}
