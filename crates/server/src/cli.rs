//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// MIF, a maintenance-management server. `mif` alone is `mif serve`.
#[derive(Debug, Parser)]
#[command(name = "mif", version, arg_required_else_help = false)]
pub struct Cli {
    /// A settings file, over the built-in ones
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// development or production
    #[arg(long, global = true)]
    pub profile: Option<String>,
    /// Folder of what is kept on disk
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server
    Serve {
        /// Enter the demo data first, unless they are there
        #[arg(long)]
        demo: bool,
        /// Address and port to listen on
        #[arg(long, value_name = "ADDRESS:PORT")]
        bind: Option<String>,
    },
    /// Change the database schema
    #[command(subcommand)]
    Migrate(Migrate),
    /// Administrate accounts from this machine
    #[command(subcommand)]
    Admin(Admin),
    /// Enter data to try the product on
    #[command(subcommand)]
    Seed(Seed),
    /// Look after keys
    #[command(subcommand)]
    Keys(Keys),
    /// Look after stored documents
    #[command(subcommand)]
    Documents(Documents),
    /// Look after what must happen after requests: letters, removal of files
    #[command(subcommand)]
    Outbox(Outbox),
    /// Check the audit trail
    #[command(subcommand)]
    Audit(Audit),
    /// Look at the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI document
    Openapi,
    /// Ask the running server whether it is ready; for containers without curl
    Healthcheck,
}

/// Change the database schema.
#[derive(Debug, Subcommand)]
pub enum Migrate {
    /// Apply what is pending
    Up,
    /// Take back the newest migrations
    Down {
        /// How many
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    /// List migrations
    Status,
}

/// Administrate accounts.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Make an administrator; without --password-stdin a password is generated and printed
    Create {
        /// E-mail address
        #[arg(long)]
        email: String,
        /// Username
        #[arg(long)]
        username: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Open an account that too many failed sign-ins locked or closed
    Unlock {
        /// Username or e-mail address
        user: String,
    },
    /// Turn somebody's second factor off, for whoever lost both telephone and recovery codes
    ResetMfa {
        /// Username or e-mail address
        user: String,
    },
    /// Give somebody a temporary password, which must be changed at the next sign-in
    ResetPassword {
        /// Username or e-mail address
        user: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
}

/// Enter data.
#[derive(Debug, Subcommand)]
pub enum Seed {
    /// Customers, users of every role and machines; their password is generated and printed
    Demo,
}

/// Look after keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make the first keys of access tokens, documents and the audit trail, unless there are some
    Init,
    /// List the keys of access tokens, of documents and of the audit trail
    List,
    /// Bring a new key into use while servers run
    Rotate {
        /// Which keys
        #[arg(value_enum)]
        what: Rotated,
    },
    /// Delete the file of a key that no document and no token needs any more
    Remove {
        /// Its name, as `mif keys list` prints it
        key_id: String,
    },
}

/// Which keys.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Rotated {
    /// Those that document keys are wrapped with
    Files,
    /// Those that sign access tokens
    Jwt,
}

/// Look after stored documents.
#[derive(Debug, Subcommand)]
pub enum Documents {
    /// Decrypt and check every stored document
    Verify,
    /// Scan stored documents again, for instance after new signatures
    Rescan {
        /// Only those that were never scanned
        #[arg(long)]
        only_unscanned: bool,
    },
    /// Remove blobs that no document has, and what unfinished uploads left behind
    Sweep {
        /// Only what is older, for instance 24h, 30m or 90s
        #[arg(long, value_name = "AGE", default_value = "24h", value_parser = age)]
        older_than: std::time::Duration,
        /// No server runs, so nothing is on its way: less than 15m is allowed
        #[arg(long)]
        offline: bool,
    },
}

/// Ten years: further back is before anything that this server could have written.
const OLDEST: std::time::Duration = std::time::Duration::from_hours(87_600);

/// A number of hours, minutes or seconds.
fn age(text: &str) -> Result<std::time::Duration, String> {
    let refused = || "must be a number followed by h, m or s, such as 24h, and at most 87600h".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(refused)?;
    let seconds = match unit {
        "h" => 3600,
        "m" => 60,
        "s" => 1,
        _ => return Err(refused()),
    };
    let number: u32 = number.parse().map_err(|_| refused())?;
    let age = std::time::Duration::from_secs(u64::from(number) * seconds);
    if age > OLDEST { Err(refused()) } else { Ok(age) }
}

/// Look after what was given up, after ten attempts within a day.
#[derive(Debug, Subcommand)]
pub enum Outbox {
    /// List what was given up, and why
    List,
    /// Try again, with ten attempts more
    Retry(GivenUp),
    /// Forget it
    Forget(GivenUp),
}

/// Which messages that were given up.
#[derive(Debug, clap::Args)]
pub struct GivenUp {
    /// One of them, by its number in `list`
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub(crate) id: Option<i64>,
    /// All of them
    #[arg(long)]
    pub(crate) all: bool,
}

/// Check the audit trail.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Prove that no event was changed, removed, moved or inserted since it was written
    Verify {
        /// Checkpoints to compare with, for instance a copy that was kept elsewhere; the configured file when absent
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
}

/// Look at the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say whether they are valid
    Check,
    /// Print every setting with its source; secrets are masked
    Show,
}

impl Cli {
    /// The settings given as flags.
    pub(crate) fn flags(&self) -> Vec<(&'static str, String)> {
        let path = |path: &PathBuf| path.display().to_string();
        let bind = match &self.command {
            Some(Command::Serve { bind, .. }) => bind.clone(),
            _ => None,
        };
        [
            ("config", self.config.as_ref().map(path)),
            ("profile", self.profile.clone()),
            ("data_dir", self.data_dir.as_ref().map(path)),
            ("http.bind", bind),
        ]
        .into_iter()
        .filter_map(|(key, value)| value.map(|value| (key, value)))
        .collect()
    }
}
