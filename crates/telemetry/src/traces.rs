//! Traces: spans exported by OTLP.

use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry::{Context, Key, KeyValue, Value};
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::Metadata;
use tracing::subscriber::Interest;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{DynFilterFn, FilterExt as _, LevelFilter, Targets};
use tracing_subscriber::layer::{self, Filter};
use tracing_subscriber::registry::LookupSpan;

use crate::courier::Courier;
use crate::delivery::Watched;
use crate::links::Links;
use crate::sampler::sampler;
use crate::{OtlpProtocol, TRACE_ONLY, TelemetryError, TelemetrySettings};

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
        .with_batch_exporter(Watched::new(exporter(endpoint, settings.otlp_protocol)?))
        .with_sampler(sampler(settings.sample_ratio))
        .with_resource(resource(settings))
        .build();
    let filter =
        Targets::new().with_default(LevelFilter::INFO).with_targets(TRANSPORT.map(|target| (target, LevelFilter::OFF)));
    // Source lines, threads and idle times cost something on every span, and nobody looks for them in a trace.
    let export = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("mif"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false);
    let layer = Links.and_then(export).with_filter(filter.and(of_use()));
    Ok(Some((layer.boxed(), provider)))
}

/// Lets no span that is for traces alone begin within one that is not exported. Most requests of a busy server are not, and
/// each has several such spans.
fn of_use<S>() -> impl Filter<S> {
    let asked = |metadata: &Metadata<'_>| {
        if metadata.target() == TRACE_ONLY { Interest::sometimes() } else { Interest::always() }
    };
    let answer = |metadata: &Metadata<'_>, _: &layer::Context<'_, S>| {
        metadata.target() != TRACE_ONLY
            || Context::map_current(|within| !within.has_active_span() || within.span().span_context().is_sampled())
    };
    DynFilterFn::new(answer).with_callsite_filter(asked).with_max_level_hint(LevelFilter::INFO)
}

/// Who exports: what the settings say, and what `OTEL_RESOURCE_ATTRIBUTES` adds that only the operator knows.
fn resource(settings: &TelemetrySettings) -> Resource {
    let version = KeyValue::new("service.version", settings.service_version);
    let instance = KeyValue::new(INSTANCE, instance(&Resource::builder().build()));
    Resource::builder().with_service_name(settings.service_name.clone()).with_attributes([version, instance]).build()
}

const INSTANCE: &str = "service.instance.id";

/// As the operator named it. Without that each start gives itself a name, or replicas could not be told apart.
fn instance(known: &Resource) -> Value {
    known.get(&Key::new(INSTANCE)).unwrap_or_else(|| RandomIdGenerator::default().new_trace_id().to_string().into())
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

#[cfg(test)]
mod tests {
    use crate::LogFormat;

    use super::*;

    #[test]
    fn every_start_names_itself() {
        let settings = TelemetrySettings {
            format: LogFormat::Json,
            filter: "info".to_owned(),
            otlp_endpoint: None,
            otlp_protocol: OtlpProtocol::Grpc,
            service_name: "mif-nord".to_owned(),
            service_version: "1.2.3",
            sample_ratio: 1.0,
        };
        let told = |resource: &Resource, name: &'static str| {
            resource.get(&Key::new(name)).map(|value| value.as_str().into_owned()).unwrap_or_default()
        };
        let (one, other) = (resource(&settings), resource(&settings));
        assert_eq!(told(&one, "service.name"), "mif-nord");
        assert_eq!(told(&one, "service.version"), "1.2.3");
        assert_eq!(told(&one, INSTANCE).len(), 32, "{one:?}");
        assert_ne!(told(&one, INSTANCE), told(&other, INSTANCE));
        let named = Resource::builder_empty().with_attribute(KeyValue::new(INSTANCE, "mif-nord-2")).build();
        assert_eq!(instance(&named).as_str(), "mif-nord-2");
    }
}
