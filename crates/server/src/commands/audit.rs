//! `mif audit`.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use mif_application::audit::{Proof, VerifyAudit, VerifyAuditError};
use mif_domain::audit::SignedMark;
use mif_persistence::{Schema, SeaAuditChain};
use mif_security::CheckpointFile;

use crate::cli::Audit;
use crate::compose;
use crate::settings::Settings;

pub(super) async fn run(command: Audit, settings: &Settings) -> anyhow::Result<()> {
    match command {
        Audit::Verify { against } => verify(against, settings).await,
    }
}

async fn verify(against: Option<PathBuf>, settings: &Settings) -> anyhow::Result<()> {
    let clock = compose::clock();
    // Nothing is made here: a key that did not sign anything proves nothing.
    let keys = mif_security::AuditKeys::open(&settings.keys.dir, false, clock.now()).context("audit keys")?;
    let file = against.as_deref().unwrap_or(&settings.audit.checkpoints);
    let checkpoints = checkpoints(file, against.is_some()).with_context(|| file.display().to_string())?;
    let witness = match &checkpoints {
        Some(known) => format!("{} of {}", known.len(), file.display()),
        None => format!("none: {} does not exist, so a cut or rewritten end may go unnoticed", file.display()),
    };
    let database = compose::database(settings).await?;
    let proved = if Schema(&database).pending().await.context("database")? > 0 {
        Err(anyhow::anyhow!("migrations are pending: run `mif migrate up` first"))
    } else {
        let wanted = VerifyAudit { against: checkpoints.unwrap_or_default() };
        Ok(wanted.run(&SeaAuditChain(database.clone()), &keys, clock.now()).await)
    };
    database.close().await;
    let mut output = std::io::stdout();
    writeln!(output, "checkpoints  {witness}")?;
    match proved? {
        Ok(proof) => {
            print(&mut output, &proof)?;
            // Every start of a server is an event: this is an emptied trail, or that of somebody else.
            if proof.events == 0 && proof.anchor.is_none() && proof.newest.is_none() {
                bail!("there is nothing to prove: neither an event nor a checkpoint, not even in {}", file.display());
            }
            Ok(())
        }
        Err(VerifyAuditError::Fault(fault)) => {
            writeln!(output, "BAD          {fault}")?;
            bail!("the audit trail is not what it was: {fault}")
        }
        Err(VerifyAuditError::Repository(error)) => Err(error.into()),
    }
}

/// The checkpoints of a file. One that nobody asked for by name need not be there.
fn checkpoints(file: &Path, named: bool) -> anyhow::Result<Option<Vec<SignedMark>>> {
    match CheckpointFile::new(file).read() {
        Err(error) if error.kind() == ErrorKind::NotFound && !named => Ok(None),
        read => Ok(Some(read?)),
    }
}

fn print(output: &mut impl Write, proof: &Proof) -> std::io::Result<()> {
    if let Some(anchor) = &proof.anchor {
        writeln!(output, "forgotten    seq 1 to {}, on {}, as its signed anchor says", anchor.seq, anchor.at)?;
    }
    let first = proof.last - proof.events + 1;
    if proof.events > 0 {
        let range = format!("seq {first} to {}", proof.last);
        writeln!(output, "proved       {} events, {range}: each as it was linked, none missing", proof.events)?;
    } else {
        writeln!(output, "proved       the chain holds no event")?;
    }
    if let Some(newest) = &proof.newest {
        let count = proof.checkpoints;
        writeln!(output, "confirmed    by {count} checkpoints; the newest covers seq {} ({})", newest.seq, newest.at)?;
        writeln!(output, "unconfirmed  {} events after it", proof.last - newest.seq)?;
        if proof.forgotten > 0 {
            writeln!(output, "             {} checkpoints are about what was forgotten", proof.forgotten)?;
        }
    }
    writeln!(output, "unlinked     {} events, none older than a minute", proof.unlinked)
}
