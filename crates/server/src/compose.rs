//! The composition root: which adapter stands behind which port. Read from top to bottom.

use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use mif_application::Core;
use mif_application::audit::AuditLinker;
use mif_application::auth::{MfaRules, SessionCache};
use mif_application::documents::DocumentRules;
use mif_application::outbox::{LetterLinks, OutboxWorker};
use mif_clamav::{Clamd, ClamdSettings, ScannerOff};
use mif_domain::documents::{FileStore, Scanner};
use mif_domain::mail::Mailer;
use mif_domain::queries::DatabaseProbe;
use mif_domain::secrets::SecretSealer;
use mif_domain::{Clock, Entropy};
use mif_filestore::{DiskStore, KeyRing, KeySource, S3Settings, S3Store};
use mif_mail::{Links, LogMailer, SmtpMailer};
use mif_persistence::{
    Database, DatabaseSettings, PoolSettings, Schema, SeaAuditChain, SeaOutboxQueue, SeaQueries, SeaUnitsOfWork,
};
use mif_security::{
    Argon2Hasher, AuditKeys, CheckpointFile, HasherSettings, JwtTokens, KeyDirectory, KeyRotation, OsEntropy,
    RefreshTokenCodec,
};
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::clock::SystemClock;
use crate::settings::{Migrate, Profile, Settings, StoragePlace};

/// The parts that outlive the start.
pub(crate) struct Parts {
    pub(crate) database: Database,
    pub(crate) core: Core,
    pub(crate) outbox: OutboxWorker,
    pub(crate) linker: Arc<AuditLinker>,
    pub(crate) file_keys: Arc<KeyRing>,
}

/// What one worker thread of the server works with: its own connections, everything else shared.
pub(crate) struct WorkerParts {
    pub(crate) database: Database,
    pub(crate) core: Core,
    pub(crate) probe: Arc<dyn DatabaseProbe>,
}

impl Parts {
    /// The parts of each worker thread.
    pub(crate) async fn for_workers(&self, workers: usize) -> anyhow::Result<Vec<WorkerParts>> {
        let mut parts = Vec::with_capacity(workers);
        for _ in 0..workers {
            let database = self.database.for_worker(u32::try_from(workers)?).await.context("database")?;
            let queries = Arc::new(SeaQueries(database.clone()));
            let core = Core {
                work: Arc::new(SeaUnitsOfWork(database.clone())),
                queries: queries.clone(),
                session_states: queries.clone(),
                ..self.core.clone()
            };
            parts.push(WorkerParts { database, core, probe: queries });
        }
        Ok(parts)
    }
}

/// Opens the database.
pub(crate) async fn database(settings: &Settings) -> anyhow::Result<Database> {
    let database = &settings.database;
    let settings = DatabaseSettings {
        url: database.url.expose_secret().to_owned(),
        pool: PoolSettings {
            max_connections: database.max_connections,
            acquire_timeout: database.acquire_timeout,
            statement_timeout: database.statement_timeout,
        },
    };
    Database::connect(settings).await.context("database")
}

/// Opens the database and sees to its schema.
pub(crate) async fn migrated_database(settings: &Settings) -> anyhow::Result<Database> {
    let database = database(settings).await?;
    match settings.database.migrate {
        Migrate::Auto => {
            let applied = Schema(&database).up().await.context("database")?;
            if applied > 0 {
                tracing::info!(applied, "migrations applied");
            }
        }
        Migrate::Check => {
            let pending = Schema(&database).pending().await.context("database")?;
            if pending > 0 {
                bail!("{pending} migrations are pending: run `mif migrate up`, or set MIF_DATABASE__MIGRATE=auto");
            }
        }
    }
    Ok(database)
}

/// The folder of signing keys. In development the first key is made when there is none.
pub(crate) fn keys(settings: &Settings, clock: &Arc<dyn Clock>, create: bool) -> anyhow::Result<KeyDirectory> {
    let create = create || settings.profile == Profile::Development;
    KeyDirectory::open(&settings.keys.dir, settings.tokens.algorithm, create, Arc::clone(clock)).context("signing keys")
}

/// The same folder, to change what lies in it.
pub(crate) fn key_rotation(settings: &Settings, clock: &Arc<dyn Clock>) -> KeyRotation {
    KeyRotation::new(&settings.keys.dir, settings.tokens.algorithm, Arc::clone(clock))
}

/// The clock of the machine.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::start())
}

/// Access tokens.
pub(crate) fn access_tokens(settings: &Settings, keys: KeyDirectory) -> anyhow::Result<JwtTokens> {
    let entropy = Arc::new(OsEntropy);
    let (issuer, audience) = (settings.tokens.issuer.clone(), settings.tokens.audience.clone());
    JwtTokens::new(keys, issuer, audience, entropy).context("signing keys")
}

/// The ring of keys that documents are encrypted under. In development the first key is made when there is none.
pub(crate) fn file_keys(settings: &Settings, clock: &Arc<dyn Clock>, create: bool) -> anyhow::Result<Arc<KeyRing>> {
    let create = create || settings.profile == Profile::Development;
    let source = match &settings.storage.keys {
        Some(keys) => KeySource::Setting(Zeroizing::new(keys.expose_secret().to_owned())),
        None => KeySource::Folder(settings.keys.dir.clone()),
    };
    let ring = KeyRing::open(source, create, Arc::clone(clock), Arc::new(OsEntropy)).context("document keys")?;
    Ok(Arc::new(ring))
}

/// The keys that sign checkpoints of the audit trail. In development the first key is made when there is none.
pub(crate) fn audit_keys(settings: &Settings, clock: &Arc<dyn Clock>, create: bool) -> anyhow::Result<AuditKeys> {
    let create = create || settings.profile == Profile::Development;
    AuditKeys::open(&settings.keys.dir, create, clock.now()).context("audit keys")
}

/// What chains the audit trail.
fn linker(settings: &Settings, keys: AuditKeys, database: &Database, clock: &Arc<dyn Clock>) -> AuditLinker {
    let chain = Arc::new(SeaAuditChain(database.clone()));
    let log = Arc::new(CheckpointFile::new(&settings.audit.checkpoints));
    AuditLinker::new(chain, Arc::new(keys), log, Arc::clone(clock), &OsEntropy, settings.audit.retention)
}

/// Where documents are kept.
fn files(settings: &Settings, ring: &Arc<KeyRing>, clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<dyn FileStore>> {
    let (ring, clock, entropy) = (Arc::clone(ring), Arc::clone(clock), Arc::new(OsEntropy));
    match &settings.storage.place {
        StoragePlace::Folder(folder) => {
            Ok(Arc::new(DiskStore::open(folder, ring, entropy, clock).context("document store")?))
        }
        StoragePlace::Bucket { bucket, prefix } => {
            let s3 = &settings.storage.s3;
            let bucket = S3Settings {
                url: format!("s3://{bucket}/{prefix}"),
                endpoint: s3.endpoint.clone(),
                region: s3.region.clone(),
                access_key: s3.access_key_id.clone(),
                secret_key: Zeroizing::new(s3.secret_access_key.expose_secret().to_owned()),
                allow_http: s3.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://")),
            };
            Ok(Arc::new(S3Store::open(&bucket, ring, entropy, clock).context("document store")?))
        }
    }
}

/// What looks at documents first.
fn scanner(settings: &Settings, clock: &Arc<dyn Clock>) -> Arc<dyn Scanner> {
    match &settings.antivirus.clamd {
        Some(address) => Arc::new(Clamd::new(ClamdSettings::new(address.clone()), Arc::clone(clock))),
        None => Arc::new(ScannerOff),
    }
}

/// How letters leave.
fn mailer(settings: &Settings, clock: &Arc<dyn Clock>) -> Arc<dyn Mailer> {
    match &settings.mail.smtp {
        Some(smtp) => Arc::new(SmtpMailer::new(smtp.clone(), Arc::clone(clock))),
        None if settings.profile == Profile::Production => Arc::new(LogMailer::new(Links::Masked)),
        None => Arc::new(LogMailer::new(Links::Shown)),
    }
}

/// What carries out what use cases left behind.
fn outbox(settings: &Settings, database: &Database, core: &Core) -> OutboxWorker {
    OutboxWorker {
        core: core.clone(),
        queue: Arc::new(SeaOutboxQueue(database.clone())),
        mailer: mailer(settings, &core.clock),
        links: LetterLinks {
            public_url: settings.http.public_url.clone(),
            reset_path: settings.mail.reset_path.clone(),
            confirm_path: settings.mail.confirm_path.clone(),
        },
    }
}

/// Fails like [`parts`], but for the keys of tokens: what could keep a new one of those from being noted.
pub(crate) async fn prepared_without_tokens(settings: &Settings) -> anyhow::Result<()> {
    let clock = clock();
    audit_keys(settings, &clock, false)?;
    files(settings, &file_keys(settings, &clock, false)?, &clock)?;
    migrated_database(settings).await?.close().await;
    Ok(())
}

/// Everything that use cases and the server need.
pub(crate) async fn parts(settings: &Settings) -> anyhow::Result<Parts> {
    let clock = clock();
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let keys = keys(settings, &clock, false)?;
    let access_tokens = access_tokens(settings, keys)?;
    let file_keys = file_keys(settings, &clock, false)?;
    let audit_keys = audit_keys(settings, &clock, false)?;
    let files = files(settings, &file_keys, &clock)?;
    let scanner = scanner(settings, &clock);
    let hasher = HasherSettings {
        memory_kib: settings.passwords.argon2_memory_kib,
        iterations: settings.passwords.argon2_iterations,
        parallelism: settings.passwords.argon2_parallelism,
        // Half of the cores at most: the other half keeps answering.
        concurrency: (cores() / 2).max(1),
    };
    let hasher = Argon2Hasher::new(hasher, Arc::clone(&entropy)).context("passwords")?;
    let database = migrated_database(settings).await?;
    let queries = Arc::new(SeaQueries(database.clone()));
    let core = Core {
        work: Arc::new(SeaUnitsOfWork(database.clone())),
        queries: queries.clone(),
        session_states: queries,
        clock,
        entropy: Arc::clone(&entropy),
        hasher: Arc::new(hasher),
        password_policy: settings.passwords.policy,
        access_tokens: Arc::new(access_tokens),
        refresh_tokens: Arc::new(RefreshTokenCodec::new(entropy)),
        secrets: Arc::clone(&file_keys) as Arc<dyn SecretSealer>,
        mfa_rules: MfaRules { required_roles: settings.mfa.required_roles.clone() },
        files,
        scanner,
        document_rules: DocumentRules {
            max_bytes: settings.documents.max_bytes,
            kinds: settings.documents.types.clone(),
        },
        sessions: Arc::new(SessionCache::default()),
        denials: Arc::default(),
    };
    let linker = Arc::new(linker(settings, audit_keys, &database, &core.clock));
    let outbox = outbox(settings, &database, &core);
    Ok(Parts { database, core, outbox, linker, file_keys })
}

/// How many threads the machine runs at once.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
