//! Signing out.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::repository::Stored;
use mif_domain::sessions::RevokeReason;

use crate::Core;
use crate::access::Actor;

/// Ends the actor's session, or all of them.
#[derive(Debug, Clone, Copy)]
pub struct LogOut {
    /// Every session of this user, on every device.
    pub everywhere: bool,
}

impl LogOut {
    /// Once this returns, no refresh token of the ended sessions works any more.
    #[tracing::instrument(target = "mif_trace", name = "LogOut", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Stored<()> {
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        let user = actor.user_id();
        let ended = if self.everywhere {
            work.sessions().revoke_all(user, None, RevokeReason::LoggedOut, now).await?
        } else {
            u64::from(work.sessions().revoke(user, actor.session_id(), RevokeReason::LoggedOut, now).await?)
        };
        let event = AuditEvent::success(AuditKind::Logout, actor.origin(), now)
            .on("session", actor.session_id().0)
            .with("sessions", ended.to_string());
        work.audit().append(event).await?;
        work.commit().await?;
        core.sessions.forget_user(user);
        Ok(())
    }
}
