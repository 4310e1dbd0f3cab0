//! Telling people, in the transaction of what they are told about.

use std::collections::BTreeSet;

use mif_domain::Instant;
use mif_domain::interventions::{Intervention, InterventionId};
use mif_domain::notifications::{NewNotification, NotificationKind};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::technicians::Technician;
use mif_domain::text::{Line, Paragraph, TextError};
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::{Role, UserId};

/// The technician gets work, unless they took it themselves.
pub(super) async fn assigned(
    work: &mut dyn UnitOfWork,
    intervention: &Intervention,
    technician: &Technician,
    by: UserId,
    at: Instant,
) -> Stored<()> {
    if technician.user_id == by {
        return Ok(());
    }
    let content = format!("{} vous est affectée : {}", intervention.reference, intervention.draft.title);
    let title = format!("Intervention affectée : {}", intervention.reference);
    notify(work, [technician.user_id], NotificationKind::Assignment, intervention.id, &title, &content, at).await
}

/// Work is done: the author, the customer's people and the managers hear of it, but not the one who did it. An author who
/// no longer sees the work hears nothing: managers and the customer's people are among the others already.
pub(super) async fn closed(
    work: &mut dyn UnitOfWork,
    intervention: &Intervention,
    technician: Option<&Technician>,
    by: UserId,
    at: Instant,
) -> Stored<()> {
    let mut recipients: BTreeSet<UserId> = work.users().list_active(Role::Manager, None).await?.into_iter().collect();
    if let Some(customer) = intervention.customer_id {
        recipients.extend(work.users().list_active(Role::Customer, Some(customer)).await?);
    }
    if let Some(author) = intervention.author_id
        && (technician.is_some_and(|technician| technician.user_id == author)
            || work.users().list_active(Role::Admin, None).await?.contains(&author))
    {
        recipients.insert(author);
    }
    recipients.remove(&by);
    let content = format!("{} est terminée : {}", intervention.reference, intervention.draft.title);
    let title = format!("Intervention clôturée : {}", intervention.reference);
    notify(work, recipients, NotificationKind::Closing, intervention.id, &title, &content, at).await
}

/// Work should be done by now: its technician and the managers hear of it, once.
pub(super) async fn late(work: &mut dyn UnitOfWork, intervention: &Intervention, at: Instant) -> Stored<()> {
    let mut recipients: BTreeSet<UserId> = work.users().list_active(Role::Manager, None).await?.into_iter().collect();
    if let Some(technician) = intervention.technician_id {
        recipients.extend(work.technicians().find_for_update(technician).await?.map(|technician| technician.user_id));
    }
    let content = format!("{} devrait être terminée : {}", intervention.reference, intervention.draft.title);
    let title = format!("Intervention en retard : {}", intervention.reference);
    notify(work, recipients, NotificationKind::Lateness, intervention.id, &title, &content, at).await
}

async fn notify(
    work: &mut dyn UnitOfWork,
    recipients: impl IntoIterator<Item = UserId>,
    kind: NotificationKind,
    intervention: InterventionId,
    title: &str,
    content: &str,
    at: Instant,
) -> Stored<()> {
    let unusable = |why: TextError| RepositoryError::Corrupt(format!("a notification {why}"));
    let title = Line::parse(title).map_err(unusable)?;
    let content = Paragraph::parse(content).map_err(unusable)?;
    for user_id in recipients {
        let (title, content) = (title.clone(), content.clone());
        let notice = NewNotification { user_id, kind, title, content, intervention_id: Some(intervention), at };
        work.notifications().insert(notice).await?;
    }
    Ok(())
}
