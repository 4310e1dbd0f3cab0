//! Traces: spans exported by OTLP.

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::LookupSpan;

use crate::courier::Courier;
use crate::links::Links;
use crate::sampler::sampler;
use crate::{OtlpProtocol, TelemetryError, TelemetrySettings};

/// What carries the spans to the collector. Were their spans exported too, every export would cause the next.
const TRANSPORT: [&str; 7] = ["h2", "hyper", "hyper_util", "reqwest", "tonic", "tower", "opentelemetry"];

type Traces<S> = (Box<dyn Layer<S> + Send + Sync>, SdkTracerProvider);

pub(crate) fn layer<S>(settings: &TelemetrySettings) -> Result<Option<Traces<S>>, TelemetryError>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    if !(0.0..=1.0).contains(&settings.sample_ratio) {
        return Err(TelemetryError::Ratio(settings.sample_ratio));
    }
    let Some(endpoint) = &settings.otlp_endpoint else { return Ok(None) };
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter(endpoint, settings.otlp_protocol)?)
        .with_sampler(sampler(settings.sample_ratio))
        .with_resource(
            Resource::builder()
                .with_service_name(settings.service_name.clone())
                .with_attribute(KeyValue::new("service.version", settings.service_version))
                .build(),
        )
        .build();
    let filter =
        Targets::new().with_default(LevelFilter::INFO).with_targets(TRANSPORT.map(|target| (target, LevelFilter::OFF)));
    // Source lines, threads and idle times cost something on every span, and nobody looks for them in a trace.
    let export = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("mif"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false);
    Ok(Some((Links.and_then(export).with_filter(filter).boxed(), provider)))
}

/// Connects when it first has something to send, and again whenever it must.
fn exporter(endpoint: &str, protocol: OtlpProtocol) -> Result<SpanExporter, TelemetryError> {
    let refused = |reason: String| TelemetryError::Endpoint { endpoint: endpoint.to_owned(), reason };
    // The library would take an address without a scheme for https and fail later, at every export.
    let secure = endpoint.starts_with("https://");
    if !secure && !endpoint.starts_with("http://") {
        return Err(refused("no scheme".to_owned()));
    }
    let runtime = Handle::try_current().map_err(|_| TelemetryError::NoRuntime)?;
    let built = match protocol {
        OtlpProtocol::Grpc => {
            let builder = SpanExporter::builder().with_tonic().with_endpoint(endpoint);
            let roots = || ClientTlsConfig::new().with_enabled_roots();
            if secure { builder.with_tls_config(roots()).build() } else { builder.build() }
        }
        OtlpProtocol::Http => {
            reqwest::Url::parse(endpoint).map_err(|error| refused(error.to_string()))?;
            let courier = Courier::new(runtime, secure).map_err(|error| refused(error.to_string()))?;
            // What is configured is where the collector is, as OTEL_EXPORTER_OTLP_ENDPOINT has it; traces have a place there.
            let traces = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
            let builder = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
            builder.with_http_client(courier).with_endpoint(traces).build()
        }
    };
    built.map_err(|error| refused(error.to_string()))
}
