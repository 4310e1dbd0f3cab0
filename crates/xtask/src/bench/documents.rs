//! The document store beside the cipher alone.

use std::path::Path;

use serde_json::Value;

use super::{Plan, progress};
use crate::Outcome;
use crate::bench::report::Report;
use crate::workspace::{Workspace, capture};

const AIM_UPLOAD: f64 = 0.40;
const AIM_DOWNLOAD: f64 = 0.60;

/// Encrypt, hash and store, then read back, against one core's ChaCha20-Poly1305 in the same process.
pub(super) fn measure(workspace: &Workspace, folder: &Path, plan: &Plan, report: &mut Report) -> Outcome<()> {
    progress("documents");
    let mebibytes = if plan.quick { "128" } else { "1024" };
    let mut example = workspace.cargo(["run", "--release", "--locked", "--quiet", "--package", "mif-filestore"]);
    example.args(["--example", "throughput", "--"]).arg(folder).arg(mebibytes);
    let text = capture(&mut example)?;
    let figures: Value = serde_json::from_str(text.trim()).map_err(|error| format!("throughput: {error}"))?;
    let figure =
        |name: &str| figures.get(name).and_then(Value::as_f64).ok_or_else(|| format!("throughput says no {name}"));
    let ceiling = figure("ceiling_mib_s")?;
    report.ratio("upload_store", figure("write_mib_s")?, ceiling, AIM_UPLOAD, "MiB/s");
    report.ratio("download_store", figure("read_mib_s")?, ceiling, AIM_DOWNLOAD, "MiB/s");
    Ok(())
}
