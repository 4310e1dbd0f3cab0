//! The list of one's own sessions, and closing one of them from another.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::queries::SessionView;
use mif_domain::repository::Stored;
use mif_domain::sessions::{RevokeReason, SessionId};

use crate::Core;
use crate::access::{Actor, Refusal};

/// Lists the actor's live sessions, the newest first.
#[derive(Debug, Clone, Copy)]
pub struct ListSessions;

impl ListSessions {
    /// At most 50.
    #[tracing::instrument(target = "mif_trace", name = "ListSessions", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Stored<Vec<SessionView>> {
        core.queries.list_sessions(actor.user_id(), core.clock.now()).await
    }
}

/// Closes one of the actor's sessions.
#[derive(Debug, Clone, Copy)]
pub struct CloseSession {
    /// Which.
    pub id: SessionId,
}

impl CloseSession {
    /// Closes it for good.
    #[tracing::instrument(target = "mif_trace", name = "CloseSession", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<(), Refusal> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        if !work.sessions().revoke(actor.user_id(), self.id, RevokeReason::Closed, now).await? {
            return Err(Refusal::NotFound);
        }
        let event = AuditEvent::success(AuditKind::Logout, actor.origin(), now).on("session", self.id.0);
        work.audit().append(event).await?;
        work.commit().await?;
        core.sessions.forget_session(self.id);
        Ok(())
    }
}

/// Closes every session of the actor but the one that asks.
#[derive(Debug, Clone, Copy)]
pub struct CloseOtherSessions;

impl CloseOtherSessions {
    /// Returns how many were closed.
    #[tracing::instrument(target = "mif_trace", name = "CloseOtherSessions", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Stored<u64> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let (user, own) = (actor.user_id(), actor.session_id());
        let closed = work.sessions().revoke_all(user, Some(own), RevokeReason::Closed, now).await?;
        let event = AuditEvent::success(AuditKind::Logout, actor.origin(), now).with("sessions", closed.to_string());
        work.audit().append(event).await?;
        work.commit().await?;
        core.sessions.forget_user(user);
        Ok(closed)
    }
}
