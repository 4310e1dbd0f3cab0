//! `mif keys`.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use chrono::TimeDelta;
use mif_application::audit::RecordKeyRotation;
use mif_application::documents::upkeep::RewrapKeys;
use mif_domain::documents::FileKeys as _;
use mif_domain::sessions::AccessTokens as _;
use mif_security::AuditKeys;

use crate::cli::{Keys, Rotated};
use crate::compose::{self, Parts};
use crate::settings::Settings;

/// From the moment that a key lies in the folder until it is used: every server has read it by then.
const UNTIL_USED: TimeDelta = TimeDelta::seconds(10);
/// An upload takes at most 10 minutes, and ends under the key of its end; this is more.
const UPLOADS_END_WITHIN: TimeDelta = TimeDelta::minutes(15);
/// Between two looks for documents that were stored meanwhile.
const PAUSE: Duration = Duration::from_secs(3);

pub(super) async fn run(command: Keys, settings: &Settings) -> anyhow::Result<()> {
    if matches!(command, Keys::Init) {
        return init(settings);
    }
    let parts = compose::parts(settings).await?;
    let done = match command {
        Keys::Init => Ok(()),
        Keys::List => list(settings, &parts).await,
        Keys::Rotate { what: Rotated::Files } => rotate_files(&parts).await,
        Keys::Remove { key_id } => remove(&parts, &key_id).await,
    };
    parts.database.close().await;
    done
}

/// Without a database: it may not exist yet.
fn init(settings: &Settings) -> anyhow::Result<()> {
    let clock = compose::clock();
    let tokens = compose::access_tokens(settings, compose::keys(settings, &clock, true)?)?;
    let ring = compose::file_keys(settings, &clock, true)?;
    let audit = compose::audit_keys(settings, &clock, true)?;
    let mut output = std::io::stdout();
    for key in tokens.public_keys() {
        writeln!(output, "tokens     {}  {}", key.key_id, key.algorithm)?;
    }
    for key in ring.list()? {
        writeln!(output, "documents  {}", key.key_id)?;
    }
    list_audit(&mut output, &audit)?;
    Ok(())
}

fn list_audit(output: &mut impl Write, keys: &AuditKeys) -> std::io::Result<()> {
    for (key_id, signs) in keys.list() {
        writeln!(output, "audit      {key_id}  {}", if signs { "signs" } else { "verifies" })?;
    }
    Ok(())
}

async fn list(settings: &Settings, parts: &Parts) -> anyhow::Result<()> {
    let clock = compose::clock();
    let tokens = compose::access_tokens(settings, compose::keys(settings, &clock, false)?)?;
    let mut output = std::io::stdout();
    for key in tokens.public_keys() {
        writeln!(output, "tokens     {}  {}", key.key_id, key.algorithm)?;
    }
    list_audit(&mut output, &compose::audit_keys(settings, &clock, false)?)?;
    let uses = parts.core.queries.key_uses().await?;
    let keys = parts.file_keys.list()?;
    for key in &keys {
        let documents = uses.iter().find(|used| used.key_id == key.key_id).map_or(0, |used| used.documents);
        let role = if key.encrypts { "encrypts" } else { "decrypts" };
        writeln!(output, "documents  {}  {role}  {documents} documents", key.key_id)?;
    }
    for lost in uses.iter().filter(|used| keys.iter().all(|key| key.key_id != used.key_id)) {
        writeln!(output, "documents  {}  MISSING   {} documents cannot be read", lost.key_id, lost.documents)?;
    }
    Ok(())
}

async fn rotate_files(parts: &Parts) -> anyhow::Result<()> {
    let mut output = std::io::stdout();
    if parts.file_keys.is_folder() {
        let activation = parts.core.clock.now() + UNTIL_USED;
        let key_id = parts.file_keys.add(activation)?;
        RecordKeyRotation { keys: "files", key_id: Some(key_id.clone()) }.run(&parts.core).await?;
        writeln!(output, "key {key_id} encrypts from {} on", activation.format("%H:%M:%S UTC"))?;
        // Clocks of replicas differ a little.
        let wait = (UNTIL_USED + TimeDelta::seconds(2)).to_std()?;
        tokio::time::sleep(wait).await;
    } else {
        RecordKeyRotation { keys: "files", key_id: None }.run(&parts.core).await?;
        writeln!(output, "the keys come from MIF_STORAGE__KEYS: documents are wrapped with its first")?;
    }
    let keys = Arc::clone(&parts.file_keys);
    let mut rewrapped = 0;
    loop {
        let round = RewrapKeys.run(&parts.core, &*keys).await?;
        rewrapped += round;
        if round == 0 {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    writeln!(output, "{rewrapped} document keys wrapped anew; the older keys are needed for no document any more")?;
    Ok(())
}

async fn remove(parts: &Parts, key_id: &str) -> anyhow::Result<()> {
    let used = parts.core.queries.key_uses().await?.into_iter().find(|used| used.key_id == key_id);
    if let Some(used) = used {
        bail!("{} documents need key {key_id}: run `mif keys rotate files` first", used.documents);
    }
    let keys = parts.file_keys.list()?;
    let since = keys.iter().find(|key| key.encrypts).and_then(|key| key.encrypts_since);
    let now = parts.core.clock.now();
    if let Some(until) = since.map(|since| since + UPLOADS_END_WITHIN).filter(|until| *until > now) {
        bail!("an upload may still end under key {key_id}: wait until {}", until.format("%Y-%m-%d %H:%M:%S UTC"));
    }
    parts.file_keys.remove(key_id)?;
    Ok(writeln!(std::io::stdout(), "key {key_id} removed")?)
}
