//! What follows when an account gets another e-mail address, whoever changed it.

use mif_domain::Instant;
use mif_domain::mail::masked;
use mif_domain::outbox::OutboxMessage;
use mif_domain::repository::Stored;
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::{EmailAddress, User};

/// Tells the reader of the old address, and voids what was sent there: it must not open the account any more.
pub(super) async fn tell_old_address(
    work: &mut dyn UnitOfWork,
    user: &User,
    old_address: EmailAddress,
    at: Instant,
) -> Stored<()> {
    work.letter_tokens().forget(user.id).await?;
    let new_masked = masked(&user.email);
    let message = OutboxMessage::TellOfChangedEmail { user_id: user.id, old_address, new_masked };
    work.outbox().enqueue(message, at).await
}
