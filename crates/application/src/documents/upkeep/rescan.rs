//! Scanning stored contents again: signatures get newer, and a scanner may have been off.

use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::documents::{Analysis, Document, ScanError, Verdict};
use mif_domain::text::Line;

use super::{BATCH, UpkeepError};
use crate::Core;

/// Scans stored documents again.
#[derive(Debug, Clone, Copy)]
pub struct RescanDocuments {
    /// Only those that were never scanned.
    pub only_unscanned: bool,
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rescanned {
    /// In which nothing was found.
    pub clean: u64,
    /// In which something was found: they are not handed out any more.
    pub infected: u64,
    /// Which could not be read or got no verdict: what was said of them before stays.
    pub failed: u64,
}

impl RescanDocuments {
    /// Tells of each document in which something was found, and of each that failed. Without a scanner each does.
    #[tracing::instrument(target = "mif_trace", name = "RescanDocuments", skip_all)]
    pub async fn run(
        self,
        core: &Core,
        report: &mut dyn FnMut(&Document, Result<&Line<200>, &str>),
    ) -> Result<Rescanned, UpkeepError> {
        let mut after = None;
        let mut outcome = Rescanned::default();
        loop {
            let batch = core.queries.documents_after(after, None, BATCH).await?;
            let Some(last) = batch.last() else { return Ok(outcome) };
            after = Some(last.id);
            let wanted =
                |document: &&Document| !self.only_unscanned || document.content.analysis == Analysis::NotScanned;
            for document in batch.iter().filter(wanted) {
                match scan(core, document).await {
                    Ok(Verdict::Clean) => {
                        outcome.clean += 1;
                        note(core, document, Analysis::Clean, None).await?;
                    }
                    Ok(Verdict::Infected { signature }) => {
                        outcome.infected += 1;
                        report(document, Ok(&signature));
                        note(core, document, Analysis::Infected, Some(signature)).await?;
                    }
                    Ok(Verdict::NotScanned) => {
                        outcome.failed += 1;
                        report(document, Err("the scanner is off"));
                    }
                    Err(error) => {
                        outcome.failed += 1;
                        report(document, Err(&error));
                    }
                }
            }
        }
    }
}

async fn scan(core: &Core, document: &Document) -> Result<Verdict, String> {
    let unsure = |error: ScanError| error.to_string();
    let file = &document.content.file;
    let mut content = core.files.read(file, 0..file.size).await.map_err(|error| error.to_string())?;
    let mut scan = core.scanner.begin().await.map_err(unsure)?;
    while let Some(piece) = content.next().await.map_err(|error| error.to_string())? {
        scan.feed(&piece).await.map_err(unsure)?;
    }
    scan.finish().await.map_err(unsure)
}

async fn note(
    core: &Core,
    document: &Document,
    analysis: Analysis,
    signature: Option<Line<200>>,
) -> Result<(), UpkeepError> {
    if document.content.analysis == analysis && document.signature == signature {
        return Ok(());
    }
    let now = core.clock.now();
    let mut work = core.work.begin().await?;
    if work.documents().set_analysis(document.id, analysis, signature.clone()).await?
        && let Some(signature) = signature
    {
        let event = AuditEvent::failure(AuditKind::DocumentRejected, AuditOrigin::default(), now)
            .on("document", document.id.0)
            .with("reason", "infected")
            .with("found", signature.to_string());
        work.audit().append(event).await?;
    }
    Ok(work.commit().await?)
}
