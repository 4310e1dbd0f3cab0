//! `mif outbox`.

use std::io::Write as _;

use anyhow::bail;
use mif_application::outbox::OutboxWorker;
use mif_domain::outbox::OutboxId;

use crate::cli::{GivenUp, Outbox};
use crate::compose;
use crate::settings::Settings;

/// The most that are listed: whoever has more looks at the mail server first.
const LISTED: u32 = 500;

pub(super) async fn run(command: Outbox, settings: &Settings) -> anyhow::Result<()> {
    let parts = compose::parts(settings).await?;
    let done = execute(command, &parts.outbox).await;
    parts.database.close().await;
    done
}

async fn execute(command: Outbox, outbox: &OutboxWorker) -> anyhow::Result<()> {
    let mut output = std::io::stdout();
    match command {
        Outbox::List => {
            for message in outbox.queue.list_given_up(LISTED).await? {
                let (id, written_at) = (message.id.0, message.enqueued_at.format("%Y-%m-%dT%H:%M:%SZ"));
                writeln!(
                    output,
                    "{id}  {written_at}  {}  {} attempts  {}",
                    message.kind, message.attempts, message.reason
                )?;
            }
            Ok(())
        }
        Outbox::Retry(which) => {
            let retried = outbox.queue.retry_given_up(only(&which), outbox.core.clock.now()).await?;
            found(&which, retried)?;
            Ok(writeln!(output, "{retried} will be tried again")?)
        }
        Outbox::Forget(which) => {
            let forgotten = outbox.queue.forget_given_up(only(&which)).await?;
            found(&which, forgotten)?;
            Ok(writeln!(output, "{forgotten} forgotten")?)
        }
    }
}

fn only(which: &GivenUp) -> Option<OutboxId> {
    which.id.map(OutboxId)
}

fn found(which: &GivenUp, count: u64) -> anyhow::Result<()> {
    match which.id {
        Some(id) if count == 0 => bail!("no message {id} was given up"),
        _ => Ok(()),
    }
}
