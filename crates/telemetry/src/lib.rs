//! What the server tells about itself: log lines on standard error and OpenTelemetry traces.
//!
//! Lives here: how `tracing` is set up, the two shapes of a log line, the export by OTLP, and its end at shutdown.
//! May come in: settings, already parsed. Must not: what is worth logging (that is decided where it happens), HTTP,
//! and any other crate of ours: everybody else speaks `tracing` and nothing more.
//!
//! Logs go to standard error, so that what a command prints on standard output stays clean.

mod courier;
mod delivery;
mod json;
mod links;
mod logs;
mod metrics;
mod panics;
mod sampler;
mod traces;

pub use metrics::{Metrics, MetricsError};
pub use panics::log_panics;

use std::io::IsTerminal as _;
use std::time::Duration;

use opentelemetry::global;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use thiserror::Error;
use tracing::Dispatch;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, filter};

/// The target of spans that only traces show: log lines are about requests, not about each of their statements.
const TRACE_ONLY: &str = "mif_trace";
/// How long the end of the process may wait for the collector.
const SHUTDOWN: Duration = Duration::from_secs(5);
/// How long the flush itself takes at most: less, because the runtime waits for its thread in any case.
const FLUSH: Duration = Duration::from_secs(4);

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// One readable line, for people.
    Pretty,
}

/// What a collector speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpProtocol {
    /// gRPC, mostly on port 4317.
    Grpc,
    /// Protobuf over HTTP, mostly on port 4318, at `/v1/traces` below the endpoint.
    Http,
}

/// How the server tells about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetrySettings {
    /// The shape of log lines.
    pub format: LogFormat,
    /// What is logged, in the directives of `RUST_LOG`: `info`, `warn,mif_http=debug`. Traces do not depend on it.
    pub filter: String,
    /// Where traces go by OTLP: `http://host:4317`. None: nowhere.
    pub otlp_endpoint: Option<String>,
    /// What is spoken there.
    pub otlp_protocol: OtlpProtocol,
    /// `service.name`. Further attributes come from `OTEL_RESOURCE_ATTRIBUTES`, which the library reads itself.
    pub service_name: String,
    /// `service.version`.
    pub service_version: &'static str,
    /// The share of traces that are exported, 0 to 1, by their identifiers: of those that begin here, and of those that
    /// come from callers who are not heeded. Those who are decide for us.
    pub sample_ratio: f64,
}

/// Why telemetry could not be set up.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The directives do not parse.
    #[error("the log filter {directives:?} is not valid: {source}")]
    Filter {
        /// What was given.
        directives: String,
        /// Why not.
        source: filter::ParseError,
    },
    /// Not the address of a collector.
    #[error("the OTLP endpoint {endpoint:?} is not valid, expected http://host:port or https://host:port: {reason}")]
    Endpoint {
        /// What was given.
        endpoint: String,
        /// Why not.
        reason: String,
    },
    /// Not a share.
    #[error("the trace sampling ratio {0} is not between 0 and 1")]
    Ratio(f64),
    /// The exporter needs the runtime on which its connection lives.
    #[error("traces can only be exported from within a Tokio runtime")]
    NoRuntime,
    /// Somebody was first.
    #[error("telemetry is set up already: {0}")]
    Installed(#[from] tracing_subscriber::util::TryInitError),
}

/// Telemetry that runs. Give it to [`Telemetry::shutdown`] at the end, or the last traces are lost.
#[derive(Debug)]
#[must_use = "the last traces are lost unless it is shut down"]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

/// Sets up logs and traces for the whole process, and what tells about panics. A collector that cannot be reached neither stops nor slows anything;
/// settings that cannot be meant are refused.
pub fn init(settings: &TelemetrySettings) -> Result<Telemetry, TelemetryError> {
    // Also without an exporter: log lines then still carry the caller's trace.
    global::set_text_map_propagator(TraceContextPropagator::new());
    let colours = std::io::stderr().is_terminal();
    let (dispatch, telemetry) = assemble(settings, std::io::stderr, colours)?;
    dispatch.try_init()?;
    log_panics();
    Ok(telemetry)
}

/// What [`init`] sets up, writing log lines to `writer` and touching nothing global: for tests.
pub fn assemble<W>(
    settings: &TelemetrySettings,
    writer: W,
    colours: bool,
) -> Result<(Dispatch, Telemetry), TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let logs = logs::layer(settings.format, &settings.filter, writer, colours)?;
    let (traces, provider) = traces::layer(settings)?.unzip();
    // Each layer has a filter of its own: a filter on the registry would silence traces together with logs.
    let dispatch = Dispatch::new(Registry::default().with(traces).with(logs));
    Ok((dispatch, Telemetry { provider }))
}

impl Telemetry {
    /// Sends what is left and ends the export, within five seconds whatever the collector does.
    pub async fn shutdown(self) {
        let Some(provider) = self.provider else { return };
        // On a thread of its own: flushing blocks until the connection has answered, and the connection lives on the
        // very runtime that would be blocked.
        let flushed = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH));
        match tokio::time::timeout(SHUTDOWN, flushed).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the last traces may be lost"),
            Ok(Err(error)) => tracing::warn!(%error, "the last traces may be lost"),
            Err(_) => tracing::warn!("the last traces may be lost: the collector does not answer"),
        }
    }
}
