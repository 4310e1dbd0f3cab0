//! The audit trail.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;

use super::reader::{Read, Reader};

/// The audit trail.
#[derive(Debug, Clone)]
pub struct Audit {
    /// The file of checkpoints.
    pub checkpoints: PathBuf,
    /// How long events are kept.
    pub retention: TimeDelta,
}

impl Audit {
    pub(super) fn read(reader: &mut Reader, data_dir: &Path) -> Read<Self> {
        let plain = |value: &str| (!value.contains('\0')).then(|| PathBuf::from(value));
        let checkpoints = reader.optional("audit.checkpoints", "the path of a file", plain);
        let days = reader.number("audit.retention_days", 1..=36_500_i64);
        let checkpoints = checkpoints?.unwrap_or_else(|| {
            let file = data_dir.join("audit-checkpoints.jsonl");
            reader.stands_for("audit.checkpoints", &file.display().to_string());
            file
        });
        Ok(Self { checkpoints, retention: TimeDelta::days(days?) })
    }
}
