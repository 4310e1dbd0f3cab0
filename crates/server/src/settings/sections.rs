//! The sections of the settings, in the order of `config/default.toml`.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mif_domain::users::{EmailAddress, PasswordPolicy, PlainPassword, Role};
use mif_security::SigningAlgorithm;
use mif_telemetry::{LogFormat, OtlpProtocol, TelemetrySettings};
use secrecy::{ExposeSecret as _, SecretString};

use super::network::Network;
use super::reader::{Read, Reader};
use super::web_address::{base_url, origin};

/// argon2id with fewer passes than two needs this much memory (OWASP), in KiB.
const MEMORY_FOR_ONE_PASS: u32 = 46 * 1024;

/// How the server is reached.
#[derive(Debug, Clone)]
pub struct Http {
    /// Where to listen. Port 0: any free one.
    pub bind: SocketAddr,
    /// Threads that serve requests. None: one per core.
    pub workers: Option<NonZeroUsize>,
    /// What links begin with, without a slash at the end.
    pub public_url: Option<String>,
    /// From "not ready" to the end of accepting connections.
    pub drain: Duration,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: Vec<Network>,
}

impl Http {
    pub(super) fn read(reader: &mut Reader) -> Read<Self> {
        let bind = reader.parse("http.bind", "an address and a port such as 127.0.0.1:8000", |v| v.parse().ok());
        let workers = reader.number("http.workers", 0..=1024_usize);
        let public_url = reader.optional("http.public_url", "an address such as https://gmao.example.ma", base_url);
        let drain = seconds(reader, "http.drain_seconds", 0, 300);
        let proxy = "IP addresses or networks such as 10.0.0.0/8, separated by commas";
        let trusted_proxies = reader.list("http.trusted_proxies", proxy, |v| v.parse().ok());
        Ok(Self {
            bind: bind?,
            workers: NonZeroUsize::new(workers?),
            public_url: public_url?,
            drain: drain?,
            trusted_proxies: trusted_proxies?,
        })
    }
}

fn seconds(reader: &mut Reader, key: &'static str, least: u64, most: u64) -> Read<Duration> {
    reader.number(key, least..=most).map(Duration::from_secs)
}

/// What happens to pending migrations at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrate {
    /// They are applied under a lock.
    Auto,
    /// They stop the start.
    Check,
}

/// Which database, and how it is used.
#[derive(Debug, Clone)]
pub struct Database {
    /// `postgres://`, `postgresql://` or `sqlite:`; may hold a password.
    pub url: SecretString,
    /// What happens to pending migrations.
    pub migrate: Migrate,
    /// Connections to PostgreSQL, or readers of SQLite.
    pub max_connections: u32,
    /// Waiting for a free connection, at most.
    pub acquire_timeout: Duration,
    /// One statement on PostgreSQL, at most.
    pub statement_timeout: Duration,
}

impl Database {
    pub(super) fn read(reader: &mut Reader, data_dir: &Path) -> Read<Self> {
        let known = |url: &str| ["postgres://", "postgresql://", "sqlite:"].iter().any(|kind| url.starts_with(kind));
        let allowed = "an address that begins with postgres://, postgresql:// or sqlite:";
        let url = reader.optional("database.url", allowed, |v| known(v).then(|| SecretString::from(v)));
        let migrate = reader.word("database.migrate", [("auto", Migrate::Auto), ("check", Migrate::Check)]);
        let max_connections = reader.number("database.max_connections", 1..=1000);
        let acquire_timeout = seconds(reader, "database.acquire_timeout_seconds", 1, 300);
        let statement_timeout = seconds(reader, "database.statement_timeout_seconds", 6, 3600);
        let url = url?.unwrap_or_else(|| {
            let file = format!("sqlite://{}", data_dir.join("mif.db").display());
            reader.stands_for("database.url", &file);
            file.into()
        });
        Ok(Self {
            url,
            migrate: migrate?,
            max_connections: max_connections?,
            acquire_timeout: acquire_timeout?,
            statement_timeout: statement_timeout?,
        })
    }

    /// SQLite suits one process, PostgreSQL several.
    pub fn is_sqlite(&self) -> bool {
        self.url.expose_secret().starts_with("sqlite:")
    }
}

/// Where keys are kept.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The folder, shared by all replicas.
    pub dir: PathBuf,
}

impl Keys {
    pub(super) fn read(reader: &mut Reader, data_dir: &Path) -> Read<Self> {
        let dir = reader.path("keys.dir")?.unwrap_or_else(|| {
            let dir = data_dir.join("keys");
            reader.stands_for("keys.dir", &dir.display().to_string());
            dir
        });
        Ok(Self { dir })
    }
}

/// What access tokens say and how they are signed.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The `iss` claim.
    pub issuer: String,
    /// The `aud` claim.
    pub audience: String,
    /// What new keys sign with.
    pub algorithm: SigningAlgorithm,
}

impl Tokens {
    pub(super) fn read(reader: &mut Reader) -> Read<Self> {
        let issuer = reader.name("tokens.issuer");
        let audience = reader.name("tokens.audience");
        let algorithms = [("eddsa", SigningAlgorithm::EdDsa), ("rs256", SigningAlgorithm::Rs256)];
        let algorithm = reader.word("tokens.algorithm", algorithms);
        Ok(Self { issuer: issuer?, audience: audience?, algorithm: algorithm? })
    }
}

/// Which passwords may be set, and how expensive their hashes are.
#[derive(Debug, Clone)]
pub struct Passwords {
    /// Which may be set.
    pub policy: PasswordPolicy,
    /// Memory of one hash, in KiB.
    pub argon2_memory_kib: u32,
    /// Passes over that memory.
    pub argon2_iterations: u32,
    /// Lanes.
    pub argon2_parallelism: u32,
}

impl Passwords {
    pub(super) fn read(reader: &mut Reader) -> Read<Self> {
        let policies = [("go_prod", PasswordPolicy::GoProd), ("nist", PasswordPolicy::Nist)];
        let policy = reader.word("passwords.policy", policies);
        let memory = reader.number("passwords.argon2_memory_kib", 19_456..=262_144);
        let iterations = reader.number("passwords.argon2_iterations", 1..=10);
        let parallelism = reader.number("passwords.argon2_parallelism", 1..=4);
        if let (Ok(memory), Ok(1)) = (memory, iterations)
            && memory < MEMORY_FOR_ONE_PASS
        {
            let message =
                format!("must be at least 2 unless passwords.argon2_memory_kib is at least {MEMORY_FOR_ONE_PASS}");
            return Err(reader.reject("passwords.argon2_iterations", message));
        }
        Ok(Self {
            policy: policy?,
            argon2_memory_kib: memory?,
            argon2_iterations: iterations?,
            argon2_parallelism: parallelism?,
        })
    }
}

/// Second factors.
#[derive(Debug, Clone)]
pub struct Mfa {
    /// Users of these roles need one.
    pub required_roles: Vec<Role>,
}

impl Mfa {
    pub(super) fn read(reader: &mut Reader) -> Read<Self> {
        let allowed = "some of admin, responsable, technicien, client, separated by commas";
        let required_roles = reader.list("mfa.required_roles", allowed, |word| match word {
            "admin" => Some(Role::Admin),
            "responsable" => Some(Role::Manager),
            "technicien" => Some(Role::Technician),
            "client" => Some(Role::Customer),
            _ => None,
        });
        Ok(Self { required_roles: required_roles? })
    }
}

/// The administrator who is made when there is no account at all.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    /// Their address.
    pub admin_email: EmailAddress,
    /// Their password. None: one is generated. Whether it obeys the policy is checked when it is used.
    pub admin_password: Option<SecretString>,
}

impl Bootstrap {
    pub(super) fn read(reader: &mut Reader) -> Read<Self> {
        let allowed = "an e-mail address such as admin@mif.local";
        let admin_email = reader.parse("bootstrap.admin_email", allowed, |v| EmailAddress::parse(v).ok());
        let admin_password = reader.secret("bootstrap.admin_password")?;
        if let Some(password) = &admin_password
            && PlainPassword::parse(password.expose_secret().to_owned()).is_err()
        {
            let message = format!("must have at most {} characters", PlainPassword::MAX_CHARS);
            return Err(reader.reject("bootstrap.admin_password", message));
        }
        Ok(Self { admin_email: admin_email?, admin_password })
    }
}

/// The flood guard.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Whether it runs.
    pub enabled: bool,
    /// Requests at once of one session, or of one address without a session.
    pub burst: u32,
    /// How many of them come back each second.
    pub per_second: u32,
    /// Requests a minute from one address.
    pub per_ip_per_minute: u32,
}

impl Limits {
    pub(super) fn read(reader: &mut Reader) -> Read<Self> {
        let enabled = reader.switch("limits.enabled");
        let burst = reader.number("limits.burst", 1..=1_000_000);
        let per_second = reader.number("limits.per_second", 1..=1_000_000);
        let per_ip_per_minute = reader.number("limits.per_ip_per_minute", 1..=1_000_000);
        Ok(Self { enabled: enabled?, burst: burst?, per_second: per_second?, per_ip_per_minute: per_ip_per_minute? })
    }
}

/// Who may call from a browser.
#[derive(Debug, Clone)]
pub struct Cors {
    /// Origins as the `Origin` header spells them: `https://gmao.example.ma`, `http://localhost:5173`.
    pub origins: Vec<String>,
}

impl Cors {
    pub(super) fn read(reader: &mut Reader) -> Read<Self> {
        let allowed = "exact origins such as https://gmao.example.ma or http://localhost:5173, without a path or a \
                       star, separated by commas";
        Ok(Self { origins: reader.list("cors.origins", allowed, origin)? })
    }
}

/// Log lines.
#[derive(Debug, Clone)]
pub struct Log {
    /// Their shape.
    pub format: LogFormat,
    /// What is logged, in the directives of `RUST_LOG`.
    pub filter: String,
}

impl Log {
    pub(super) fn read(reader: &mut Reader) -> Read<Self> {
        let format = reader.word("log.format", [("json", LogFormat::Json), ("pretty", LogFormat::Pretty)]);
        let filter = reader.parse("log.filter", "directives such as info or warn,mif_http=debug", filter);
        Ok(Self { format: format?, filter: filter? })
    }
}

/// Only `telemetry` knows the language of filters: it is asked to set one up, and what it made is thrown away.
fn filter(directives: &str) -> Option<String> {
    let trial = TelemetrySettings {
        format: LogFormat::Json,
        filter: directives.to_owned(),
        otlp_endpoint: None,
        otlp_protocol: OtlpProtocol::Grpc,
        service_name: String::new(),
        service_version: "",
        sample_ratio: 0.0,
    };
    let accepted = !directives.is_empty() && mif_telemetry::assemble(&trial, std::io::sink, false).is_ok();
    accepted.then(|| directives.to_owned())
}

/// Traces.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// Where they go by OTLP.
    pub otlp_endpoint: Option<String>,
    /// What is spoken there.
    pub otlp_protocol: OtlpProtocol,
    /// The name of this server in them.
    pub service_name: String,
    /// The share that is exported, 0 to 1, unless a trusted proxy decided.
    pub sample_ratio: f64,
}

impl Telemetry {
    pub(super) fn read(reader: &mut Reader) -> Read<Self> {
        let endpoint = "an address such as http://localhost:4317";
        let otlp_endpoint = reader.optional("telemetry.otlp_endpoint", endpoint, base_url);
        // The last word is that of OTEL_EXPORTER_OTLP_PROTOCOL.
        let protocols =
            [("grpc", OtlpProtocol::Grpc), ("http", OtlpProtocol::Http), ("http/protobuf", OtlpProtocol::Http)];
        let otlp_protocol = reader.word("telemetry.otlp_protocol", protocols);
        let service_name = reader.name("telemetry.service_name");
        let ratio = |v: &str| v.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        let sample_ratio = reader.parse("telemetry.sample_ratio", "a number from 0 to 1", ratio);
        Ok(Self {
            otlp_endpoint: otlp_endpoint?,
            otlp_protocol: otlp_protocol?,
            service_name: service_name?,
            sample_ratio: sample_ratio?,
        })
    }
}

/// Measurements.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// What whoever reads them must send. None: anybody may.
    pub token: Option<SecretString>,
}

impl Metrics {
    pub(super) fn read(reader: &mut Reader) -> Read<Self> {
        Ok(Self { token: reader.secret("metrics.token")? })
    }
}
