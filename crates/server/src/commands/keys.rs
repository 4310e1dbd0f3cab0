//! `mif keys`.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::TimeDelta;
use mif_application::auth::ResealSecrets;
use mif_application::documents::upkeep::RewrapKeys;
use mif_application::key_rotation::{KeyChange, KeyPurpose, RecordKeyChange};
use mif_domain::Instant;
use mif_domain::documents::UPLOADS_SETTLE_WITHIN;
use mif_domain::documents::{Document, FileKeys as _, FileStoreError};
use mif_domain::secrets::SecretError;
use mif_domain::sessions::AccessTokens as _;
use mif_domain::users::UserId;
use mif_security::{AuditKeys, KeyUse, PublishedKey, RemoveKeyError};

use crate::cli::{Keys, Rotated};
use crate::compose::{self, Parts};
use crate::settings::Settings;

/// From the moment that a key lies in the folder until it is used: every server has read it by then.
const UNTIL_USED: TimeDelta = TimeDelta::seconds(10);
/// Between two looks for documents that were stored meanwhile.
const PAUSE: Duration = Duration::from_secs(3);

pub(super) async fn run(command: Keys, settings: &Settings) -> anyhow::Result<()> {
    let published = match command {
        Keys::Init => return init(settings),
        // Before anything that needs a key of the wanted algorithm: this may be the first one. But not before the database
        // answers: a key that the audit trail cannot mention had better not be there.
        Keys::Rotate { what: Rotated::Jwt } => {
            compose::prepared_without_tokens(settings).await?;
            Some(publish(settings)?)
        }
        _ => None,
    };
    let parts = compose::parts(settings).await?;
    let done = match command {
        Keys::Init => Ok(()),
        Keys::List => list(settings, &parts).await,
        Keys::Rotate { what: Rotated::Files } => rotate_files(&parts).await,
        Keys::Rotate { what: Rotated::Jwt } => tidy_up_tokens(settings, &parts, published).await,
        Keys::Remove { key_id } => remove(settings, &parts, &key_id).await,
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
    let mut output = std::io::stdout();
    for (key_id, algorithm, used) in compose::key_rotation(settings, &parts.core.clock).list()? {
        let role = match used {
            KeyUse::Signs => "signs".to_owned(),
            KeyUse::Waits(from) => format!("signs from {} on", time(from)),
            KeyUse::Verifies(until) if until <= parts.core.clock.now() => "not needed any more".to_owned(),
            KeyUse::Verifies(until) => format!("verifies until {}", time(until)),
            KeyUse::NotReplaced => "verifies, and signs where it is still wanted".to_owned(),
        };
        writeln!(output, "tokens     {key_id}  {}  {role}", algorithm.name())?;
    }
    list_audit(&mut output, &compose::audit_keys(settings, &parts.core.clock, false)?)?;
    let uses = parts.core.queries.key_uses().await?;
    let keys = parts.file_keys.list()?;
    for key in &keys {
        let needed = uses.iter().find(|used| used.key_id == key.key_id);
        let (documents, secrets) = needed.map_or((0, 0), |used| (used.documents, used.secrets));
        let role = if key.encrypts { "encrypts" } else { "decrypts" };
        writeln!(output, "documents  {}  {role}  {documents} documents, {secrets} second factors", key.key_id)?;
    }
    for lost in uses.iter().filter(|used| keys.iter().all(|key| key.key_id != used.key_id)) {
        let (key_id, documents, secrets) = (&lost.key_id, lost.documents, lost.secrets);
        writeln!(
            output,
            "documents  {key_id}  MISSING   {documents} documents, {secrets} second factors cannot be read"
        )?;
    }
    Ok(())
}

fn publish(settings: &Settings) -> anyhow::Result<PublishedKey> {
    let key = compose::key_rotation(settings, &compose::clock()).publish().context("signing keys")?;
    let PublishedKey { key_id, signs_from } = &key;
    writeln!(std::io::stdout(), "key {key_id} is published and signs from {} on", time(*signs_from))?;
    Ok(key)
}

async fn tidy_up_tokens(settings: &Settings, parts: &Parts, published: Option<PublishedKey>) -> anyhow::Result<()> {
    if let Some(PublishedKey { key_id, .. }) = published {
        record(parts, KeyPurpose::Tokens, KeyChange::Added, &key_id).await?;
    }
    for key_id in compose::key_rotation(settings, &parts.core.clock).remove_long_past()? {
        record(parts, KeyPurpose::Tokens, KeyChange::Removed, &key_id).await?;
        writeln!(std::io::stdout(), "key {key_id} was not needed any more and is removed")?;
    }
    Ok(())
}

async fn record(parts: &Parts, purpose: KeyPurpose, change: KeyChange, key_id: &str) -> anyhow::Result<()> {
    let event = RecordKeyChange { purpose, change, key_id: key_id.to_owned() };
    event
        .run(&parts.core)
        .await
        .with_context(|| format!("key {key_id} was changed, but the audit trail does not say so"))
}

fn time(at: Instant) -> impl std::fmt::Display {
    at.format("%Y-%m-%d %H:%M:%S UTC")
}

async fn rotate_files(parts: &Parts) -> anyhow::Result<()> {
    let mut output = std::io::stdout();
    if parts.file_keys.is_folder() {
        let activation = parts.core.clock.now() + UNTIL_USED;
        let key_id = parts.file_keys.add(activation)?;
        record(parts, KeyPurpose::Files, KeyChange::Added, &key_id).await?;
        writeln!(output, "key {key_id} encrypts from {} on", activation.format("%H:%M:%S UTC"))?;
        // Clocks of replicas differ a little.
        let wait = (UNTIL_USED + TimeDelta::seconds(2)).to_std()?;
        tokio::time::sleep(wait).await;
    } else {
        if let Some(first) = parts.file_keys.list()?.into_iter().find(|key| key.encrypts) {
            record(parts, KeyPurpose::Files, KeyChange::Added, &first.key_id).await?;
        }
        writeln!(output, "the keys come from MIF_STORAGE__KEYS: documents are wrapped with its first")?;
    }
    let keys = Arc::clone(&parts.file_keys);
    let (mut rewrapped, mut resealed) = (0, 0);
    let lost = loop {
        let mut lost = Vec::new();
        let report = &mut |document: &Document, error: &FileStoreError| {
            lost.push(format!("document {}: {error}", document.id.0));
        };
        let round = RewrapKeys.run(&parts.core, &*keys, report).await?;
        let report = &mut |user: UserId, error: &SecretError| {
            lost.push(format!("second factor of user {}: {error}", user.0));
        };
        let secrets = ResealSecrets.run(&parts.core, &*keys, report).await?;
        rewrapped += round.done;
        resealed += secrets.done;
        if round.done == 0 && secrets.done == 0 {
            break lost;
        }
        tokio::time::sleep(PAUSE).await;
    };
    for line in &lost {
        writeln!(output, "{line}")?;
    }
    if !lost.is_empty() {
        bail!(
            "{rewrapped} document keys and {resealed} second factors wrapped anew, {} could not be opened",
            lost.len()
        );
    }
    writeln!(output, "{resealed} second factors sealed anew")?;
    writeln!(output, "{rewrapped} document keys wrapped anew; the older keys are needed for no document any more")?;
    Ok(())
}

async fn remove(settings: &Settings, parts: &Parts, key_id: &str) -> anyhow::Result<()> {
    let purpose = match compose::key_rotation(settings, &parts.core.clock).remove(key_id) {
        Ok(()) => KeyPurpose::Tokens,
        // Names of document keys and of signing keys look alike.
        Err(RemoveKeyError::Unknown(_)) => {
            remove_file_key(parts, key_id).await?;
            KeyPurpose::Files
        }
        Err(error) => return Err(error.into()),
    };
    record(parts, purpose, KeyChange::Removed, key_id).await?;
    Ok(writeln!(std::io::stdout(), "key {key_id} removed")?)
}

async fn remove_file_key(parts: &Parts, key_id: &str) -> anyhow::Result<()> {
    let used = parts.core.queries.key_uses().await?.into_iter().find(|used| used.key_id == key_id);
    if let Some(used) = used {
        let (documents, secrets) = (used.documents, used.secrets);
        bail!(
            "{documents} documents and {secrets} second factors need key {key_id}: run `mif keys rotate files` first"
        );
    }
    let keys = parts.file_keys.list()?;
    let since = keys.iter().find(|key| key.encrypts).and_then(|key| key.encrypts_since);
    let now = parts.core.clock.now();
    if let Some(until) = since.map(|since| since + UPLOADS_SETTLE_WITHIN).filter(|until| *until > now) {
        bail!("an upload may still end under key {key_id}: wait until {}", time(until));
    }
    Ok(parts.file_keys.remove(key_id)?)
}
