//! Asking for a letter with which a forgotten password can be replaced.

use mif_domain::outbox::OutboxMessage;
use mif_domain::repository::Stored;
use mif_domain::users::EmailAddress;

use crate::Core;

/// Asks for the letter. Anybody may, for any address.
#[derive(Debug)]
pub struct RequestPasswordReset {
    /// Where it goes, if somebody has this address.
    pub address: EmailAddress,
}

impl RequestPasswordReset {
    /// Leaves the same message behind for known and unknown addresses, and looks nothing up: neither the answer nor its
    /// time tells which accounts exist.
    #[tracing::instrument(target = "mif_trace", name = "RequestPasswordReset", skip_all)]
    pub async fn run(self, core: &Core) -> Stored<()> {
        let mut work = core.work.begin().await?;
        let message = OutboxMessage::SendPasswordReset { address: self.address };
        work.outbox().enqueue(message, core.clock.now()).await?;
        work.commit().await
    }
}
