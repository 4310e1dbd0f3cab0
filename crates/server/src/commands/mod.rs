//! Everything that `mif` does besides serving.

mod admin;
mod audit;
mod documents;
mod healthcheck;
mod keys;
mod outbox;

use std::io::{Read as _, Write as _};

use anyhow::Context as _;
use mif_domain::users::PlainPassword;
use mif_persistence::Schema;
use mif_telemetry::{Telemetry, TelemetrySettings};

use crate::cli::{Cli, Command, ConfigCommand, Migrate, Seed};
use crate::settings::{Settings, Sources};
use crate::{compose, demo, serve};

/// Does what the command line asks.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    if matches!(cli.command, Some(Command::Openapi)) {
        return openapi();
    }
    let settings = Settings::load(Sources::from_process(cli.flags())).context("the settings are not valid")?;
    match cli.command.unwrap_or(Command::Serve { demo: false, bind: None }) {
        Command::Config(command) => config(&command, &settings),
        Command::Healthcheck => healthcheck::run(&settings),
        Command::Openapi => openapi(),
        command => {
            let telemetry = telemetry(&settings)?;
            for warning in settings.warnings() {
                tracing::warn!("{warning}");
            }
            let done = execute(command, &settings).await;
            // Also when it failed: the spans that tell why must not be lost.
            telemetry.shutdown().await;
            done
        }
    }
}

async fn execute(command: Command, settings: &Settings) -> anyhow::Result<()> {
    match command {
        Command::Serve { demo, .. } => serve::serve(settings, demo).await,
        Command::Migrate(command) => migrate(command, settings).await,
        Command::Admin(command) => admin::run(command, settings).await,
        Command::Seed(Seed::Demo) => {
            let parts = compose::parts(settings).await?;
            let seeded = demo::seed(settings, &parts.core, false).await;
            parts.database.close().await;
            seeded
        }
        Command::Outbox(command) => outbox::run(command, settings).await,
        Command::Audit(command) => audit::run(command, settings).await,
        Command::Keys(command) => keys::run(command, settings).await,
        Command::Documents(command) => documents::run(command, settings).await,
        Command::Config(_) | Command::Openapi | Command::Healthcheck => Ok(()),
    }
}

fn telemetry(settings: &Settings) -> anyhow::Result<Telemetry> {
    let wanted = TelemetrySettings {
        format: settings.log.format,
        filter: settings.log.filter.clone(),
        otlp_endpoint: settings.telemetry.otlp_endpoint.clone(),
        otlp_protocol: settings.telemetry.otlp_protocol,
        service_name: settings.telemetry.service_name.clone(),
        service_version: env!("CARGO_PKG_VERSION"),
        sample_ratio: settings.telemetry.sample_ratio,
    };
    mif_telemetry::init(&wanted).context("telemetry")
}

fn openapi() -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{}", mif_http::document().to_pretty_json()?)?)
}

fn config(command: &ConfigCommand, settings: &Settings) -> anyhow::Result<()> {
    let mut output = std::io::stdout();
    match command {
        ConfigCommand::Show => write!(output, "{}", settings.show())?,
        ConfigCommand::Check => {
            for warning in settings.warnings() {
                writeln!(output, "warning: {warning}")?;
            }
            writeln!(output, "the settings are valid")?;
        }
    }
    Ok(())
}

async fn migrate(command: Migrate, settings: &Settings) -> anyhow::Result<()> {
    let database = compose::database(settings).await?;
    let schema = Schema(&database);
    let mut output = std::io::stdout();
    match command {
        Migrate::Up => writeln!(output, "{} migrations applied", schema.up().await?)?,
        Migrate::Down { steps } => {
            schema.down(steps).await?;
            writeln!(output, "{steps} migrations taken back")?;
        }
        Migrate::Status => {
            for migration in schema.status().await? {
                let state = if migration.applied { "applied" } else { "pending" };
                writeln!(output, "{state}  {}", migration.name)?;
            }
        }
    }
    database.close().await;
    Ok(())
}

/// A password from standard input, without its line break; or none, when one is to be generated.
fn password_from_stdin(wanted: bool) -> anyhow::Result<Option<PlainPassword>> {
    if !wanted {
        return Ok(None);
    }
    let mut typed = String::new();
    // More than anybody types is refused below; do not read for ever.
    std::io::stdin().take(4096).read_to_string(&mut typed).context("standard input")?;
    let password = PlainPassword::parse(typed.trim_end_matches(['\r', '\n']).to_owned());
    Ok(Some(password.context("the password on standard input")?))
}
