//! `mif documents`.

use std::io::Write as _;

use anyhow::bail;
use mif_application::Core;
use mif_application::documents::upkeep::{Finding, RescanDocuments, SweepDocuments, VerifyDocuments};

use crate::cli::Documents;
use crate::compose;
use crate::settings::Settings;

pub(super) async fn run(command: Documents, settings: &Settings) -> anyhow::Result<()> {
    let parts = compose::parts(settings).await?;
    let done = execute(command, settings, &parts.core).await;
    parts.database.close().await;
    done
}

async fn execute(command: Documents, settings: &Settings, core: &Core) -> anyhow::Result<()> {
    match command {
        Documents::Verify => verify(core).await,
        Documents::Rescan { only_unscanned } => {
            if settings.antivirus.clamd.is_none() {
                bail!("there is no virus scanner: set MIF_ANTIVIRUS__CLAMD");
            }
            rescan(core, only_unscanned).await
        }
        Documents::Sweep { older_than, offline } => {
            if older_than < SweepDocuments::LEAST && !offline {
                bail!(
                    "--older-than below 15m could take what an upload is about to store; with no server running, add \
                     --offline"
                );
            }
            let swept = SweepDocuments { older_than }.run(core).await?;
            let line = format!(
                "{} blobs without a document and {} unfinished uploads removed",
                swept.orphans, swept.unfinished
            );
            Ok(writeln!(std::io::stdout(), "{line}")?)
        }
    }
}

async fn verify(core: &Core) -> anyhow::Result<()> {
    let mut bad = Vec::new();
    let looked_at = VerifyDocuments
        .run(core, &mut |document, finding| {
            let why = match finding {
                Finding::Unreadable(error) => error.to_string(),
                Finding::WrongHash => "its content is not what was stored".to_owned(),
            };
            bad.push(format!("document {}: {why}", document.id.0));
        })
        .await?;
    let mut output = std::io::stdout();
    for line in &bad {
        writeln!(output, "{line}")?;
    }
    writeln!(output, "{looked_at} documents checked, {} bad", bad.len())?;
    if bad.is_empty() { Ok(()) } else { bail!("{} documents are bad", bad.len()) }
}

async fn rescan(core: &Core, only_unscanned: bool) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    let outcome = RescanDocuments { only_unscanned }
        .run(core, &mut |document, result| {
            lines.push(match result {
                Ok(signature) => format!("document {}: {signature} found, no longer handed out", document.id.0),
                Err(why) => format!("document {}: no verdict: {why}", document.id.0),
            });
        })
        .await?;
    let mut output = std::io::stdout();
    for line in &lines {
        writeln!(output, "{line}")?;
    }
    writeln!(output, "{} clean, {} infected, {} without a verdict", outcome.clean, outcome.infected, outcome.failed)?;
    if outcome.failed == 0 { Ok(()) } else { bail!("{} documents got no verdict", outcome.failed) }
}
