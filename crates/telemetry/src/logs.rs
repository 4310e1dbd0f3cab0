//! Log lines.

use std::fmt::{self, Write as _};

use tracing_subscriber::Layer;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::{Directive, EnvFilter, FilterExt as _, LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::format::{JsonFields, debug_fn};
use tracing_subscriber::fmt::{self as lines, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::TRACE_ONLY;
use crate::json::JsonLine;
use crate::{LogFormat, TelemetryError};

/// Those whose finer lines hold what passes through them: values of statements, headers with tokens, frames, letters. No
/// directive lifts this: whoever looks for a fault at `trace` must not collect passwords on the way.
const CAPPED: [&str; 18] = [
    "actix_http",
    "actix_multipart",
    "actix_web",
    "h2",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "lettre",
    "object_store",
    "opentelemetry",
    "reqwest",
    "rustls",
    "sea_orm",
    "sea_orm_migration",
    "sea_query",
    "sqlx",
    "tonic",
    "tower",
];

/// Writes an `ERROR` about every head that is no HTTP, and about every connection that breaks off: whoever scans the port could
/// wake somebody. What goes wrong on our side of a body is logged where it happens. Directives that name the library decide
/// for themselves.
const HECKLED: &str = "actix_http::h1::dispatcher";

/// What the export says of itself at every batch that fails, some of it as an `ERROR`: [`delivery`](crate::delivery) tells once
/// when that begins and once when it ends.
const HUSHED: [&str; 4] = [
    "BatchSpanProcessor.ExportError",
    "Export.Failed.DeadlineExceeded",
    "Export.Failed.Exhausted",
    "Export.Failed.NonRetryable",
];

/// Told whatever else is asked for: directives that name some parts alone would leave out the one line that a panic leaves.
const PANICS: &str = "mif_telemetry::panics";

pub(crate) fn layer<S, W>(
    format: LogFormat,
    directives: &str,
    writer: W,
    colours: bool,
) -> Result<Box<dyn Layer<S> + Send + Sync>, TelemetryError>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder()
        .parse(directives)
        .map_err(|source| TelemetryError::Filter { directives: directives.to_owned(), source })?
        .add_directive(off(TRACE_ONLY)?);
    let filter = if directives.contains("actix_http") { filter } else { filter.add_directive(off(HECKLED)?) };
    let filter = if directives.contains("mif_telemetry") { filter } else { filter.add_directive(at(PANICS, "error")?) };
    let capped =
        Targets::new().with_default(LevelFilter::TRACE).with_targets(CAPPED.map(|target| (target, LevelFilter::INFO)));
    // With a hint, or everything down to `trace` would be asked about.
    let loud = filter_fn(|metadata| !HUSHED.contains(&metadata.name())).with_max_level_hint(LevelFilter::TRACE);
    let filter = filter.and(capped).and(loud);
    let layer = lines::layer().with_writer(writer).with_ansi(colours);
    Ok(match format {
        LogFormat::Json => layer.fmt_fields(JsonFields::new()).event_format(JsonLine).with_filter(filter).boxed(),
        LogFormat::Pretty => {
            let fields = debug_fn(|writer, field, value| match field.name() {
                "message" => write!(OneLine(writer), "{value:?}"),
                name => {
                    write!(writer, "{name}=")?;
                    write!(OneLine(writer), "{value:?}")
                }
            });
            layer.fmt_fields(fields.delimited(" ")).with_filter(filter).boxed()
        }
    })
}

fn off(target: &str) -> Result<Directive, TelemetryError> {
    at(target, "off")
}

fn at(target: &str, level: &str) -> Result<Directive, TelemetryError> {
    let directives = format!("{target}={level}");
    directives.parse().map_err(|source| TelemetryError::Filter { directives, source })
}

/// Spells control characters out: a value that came from outside must not begin a line of its own, nor steer the
/// terminal of whoever reads it.
struct OneLine<'a, W>(&'a mut W);

impl<W: fmt::Write> fmt::Write for OneLine<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if character.is_control() {
                write!(self.0, "{}", character.escape_default())?;
            } else {
                self.0.write_char(character)?;
            }
        }
        Ok(())
    }
}
