//! Everything that can be configured, read once at start.
//!
//! Layers, each over the one before: `config/default.toml`, the file of the profile, a file named by `MIF_CONFIG`, the
//! environment, the command line. Every key is documented in `config/default.toml` and listed in
//! `docs/configuration.md`. A value that is unknown or not valid stops the start: a setting that is silently ignored is
//! a security hole in waiting.
//!
//! To add a setting: a line in `default.toml`, a row in `configuration.md`, a field and its line in `sections`.

mod audit;
mod documents;
mod layers;
mod mail;
mod nearest;
mod network;
mod problems;
mod reader;
mod sections;
mod sources;
mod web_address;

use std::fmt::Write as _;
use std::path::PathBuf;

pub use audit::Audit;
pub use documents::{Antivirus, Documents, S3, Storage, StoragePlace};
pub use mail::Mail;
pub use network::{Network, NetworkError};
pub use problems::{Problem, SettingsError};
pub use sections::{
    Bootstrap, Cors, Database, Http, Keys, Limits, Log, Metrics, Mfa, Migrate, Passwords, Telemetry, Tokens,
};
pub use sources::Sources;

use reader::{Read, Reader, Shown};

/// How careful the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// For a laptop or a first look.
    Development,
    /// Refuses what would be unsafe.
    Production,
}

/// The settings in force.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How careful the server is.
    pub profile: Profile,
    /// Folder of what is kept on disk.
    pub data_dir: PathBuf,
    /// How the server is reached.
    pub http: Http,
    /// Which database.
    pub database: Database,
    /// Where keys are kept.
    pub keys: Keys,
    /// Access tokens.
    pub tokens: Tokens,
    /// Passwords and their hashes.
    pub passwords: Passwords,
    /// Second factors.
    pub mfa: Mfa,
    /// Where documents are kept.
    pub storage: Storage,
    /// What looks at them first.
    pub antivirus: Antivirus,
    /// Which are taken.
    pub documents: Documents,
    /// Letters.
    pub mail: Mail,
    /// The audit trail.
    pub audit: Audit,
    /// The first administrator.
    pub bootstrap: Bootstrap,
    /// The flood guard.
    pub limits: Limits,
    /// Browsers.
    pub cors: Cors,
    /// Log lines.
    pub log: Log,
    /// Traces.
    pub telemetry: Telemetry,
    /// Measurements.
    pub metrics: Metrics,
    shown: Vec<Shown>,
}

impl Settings {
    /// Reads all layers, and refuses what the profile does not allow. Reports every problem, not only the first.
    pub fn load(sources: Sources) -> Result<Self, SettingsError> {
        let mut problems = Vec::new();
        let merged = layers::merge(sources, &mut problems);
        let mut reader = Reader::new(merged, problems);
        let settings = Self::read(&mut reader);
        let (shown, problems) = reader.finish();
        match settings {
            Ok(settings) if problems.is_empty() => Ok(Self { shown, ..settings }),
            _ => Err(SettingsError { problems }),
        }
    }

    /// Everything is read before anything is given up, so that all problems are found.
    fn read(reader: &mut Reader) -> Read<Self> {
        let profiles = [("development", Profile::Development), ("production", Profile::Production)];
        let profile = reader.word("profile", profiles);
        // The path becomes part of the URL of the SQLite file, where these two would mean something else.
        let folder = "the path of a folder, without ? or %";
        let data_dir = reader.parse("data_dir", folder, |value| {
            (!value.is_empty() && !value.contains(['?', '%', '\0'])).then(|| PathBuf::from(value))
        });
        let beneath = data_dir.clone().unwrap_or_default();
        let http = Http::read(reader);
        let database = Database::read(reader, &beneath);
        let keys = Keys::read(reader, &beneath);
        let tokens = Tokens::read(reader);
        let passwords = Passwords::read(reader);
        let mfa = Mfa::read(reader);
        let storage = Storage::read(reader, &beneath);
        let antivirus = Antivirus::read(reader);
        let documents = Documents::read(reader);
        let mail = Mail::read(reader);
        let audit = Audit::read(reader, &beneath);
        let bootstrap = Bootstrap::read(reader);
        let limits = Limits::read(reader);
        let cors = Cors::read(reader);
        let log = Log::read(reader);
        let telemetry = Telemetry::read(reader);
        let metrics = Metrics::read(reader);
        if let (Ok(Profile::Production), Ok(Limits { enabled: false, .. })) = (profile, &limits) {
            let message = "must be true in the production profile: set MIF_LIMITS__ENABLED=true, or leave it out";
            reader.reject("limits.enabled", message.to_owned());
        }
        if let (Ok(Profile::Production), Ok(Antivirus { clamd: None, allow_off: false })) = (profile, &antivirus) {
            let message = "must be set in the production profile: set MIF_ANTIVIRUS__CLAMD, or \
                           MIF_ANTIVIRUS__ALLOW_OFF=true to take documents that nobody scans";
            reader.reject("antivirus.clamd", message.to_owned());
        }
        if let (Ok(Profile::Production), Ok(Mail { smtp: None, .. })) = (profile, &mail) {
            let message = "must be set in the production profile, which does not write letters to the log: set \
                           MIF_MAIL__SMTP_URL and MIF_MAIL__FROM";
            reader.reject("mail.smtp_url", message.to_owned());
        }
        Ok(Self {
            profile: profile?,
            data_dir: data_dir?,
            http: http?,
            database: database?,
            keys: keys?,
            tokens: tokens?,
            passwords: passwords?,
            mfa: mfa?,
            storage: storage?,
            antivirus: antivirus?,
            documents: documents?,
            mail: mail?,
            audit: audit?,
            bootstrap: bootstrap?,
            limits: limits?,
            cors: cors?,
            log: log?,
            telemetry: telemetry?,
            metrics: metrics?,
            shown: Vec::new(),
        })
    }

    /// What is allowed and may still be a mistake: one sentence each, to be logged at start.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.profile == Profile::Production && self.database.is_sqlite() {
            warnings.push(
                "the database is SQLite, which suits a single server process: \
                 set MIF_DATABASE__URL to a PostgreSQL address before running several"
                    .to_owned(),
            );
        }
        if self.antivirus.clamd.is_none() {
            warnings.push(
                "there is no virus scanner: documents are marked non_analyse; set MIF_ANTIVIRUS__CLAMD".to_owned(),
            );
        }
        if self.profile == Profile::Production && matches!(self.storage.place, StoragePlace::Folder(_)) {
            warnings.push(
                "documents are kept in a folder of this machine, which suits a single server process unless the \
                 folder is shared: set MIF_STORAGE__URL before running several"
                    .to_owned(),
            );
        }
        if self.profile == Profile::Production && self.http.public_url.is_none() {
            warnings.push(
                "letters hold tokens instead of links: set MIF_HTTP__PUBLIC_URL to where people reach the application"
                    .to_owned(),
            );
        }
        if self.http.trusted_proxies.iter().any(|network| network.prefix() == 0) {
            warnings.push(
                "MIF_HTTP__TRUSTED_PROXIES trusts every address: any client can pretend to be another".to_owned(),
            );
        }
        warnings
    }

    /// Every key, its value in force and where that comes from, one per line. Secrets are masked.
    pub fn show(&self) -> String {
        let value = |shown: &Shown| if shown.value.is_empty() { "(not set)".to_owned() } else { shown.value.clone() };
        let keys = self.shown.iter().map(|shown| shown.key.chars().count()).max().unwrap_or_default();
        let values = self.shown.iter().map(|shown| value(shown).chars().count()).max().unwrap_or_default();
        let mut lines = String::new();
        for shown in &self.shown {
            // Writing to a `String` cannot fail.
            let _ = writeln!(lines, "{:keys$}  {:values$}  {}", shown.key, value(shown), shown.source);
        }
        lines
    }
}
