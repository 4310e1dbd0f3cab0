//! Links between traces. A span whose field `link.traceparent` holds one (W3C Trace Context) is linked to that span: so work
//! that somebody left for later leads back to them, and whoever leaves and takes it speaks nothing but `tracing`.

use std::collections::HashMap;
use std::fmt;

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

const FIELD: &str = "link.traceparent";

/// Links spans. Goes before the layer that exports them, which settles what a span is when it is entered for the first time.
pub(crate) struct Links;

/// A link that the span gets when it is entered.
struct Wanted(SpanContext);

impl<S> Layer<S> for Links
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.fields().field(FIELD).is_none() {
            return;
        }
        let mut found = Found(None);
        attributes.record(&mut found);
        let linked = found.0.map(parse).filter(SpanContext::is_valid);
        if let (Some(linked), Some(span)) = (linked, context.span(id)) {
            span.extensions_mut().insert(Wanted(linked));
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).filter(|span| span.metadata().fields().field(FIELD).is_some());
        let wanted = span.and_then(|span| span.extensions_mut().remove::<Wanted>());
        if let Some(Wanted(linked)) = wanted {
            Span::current().add_link(linked);
        }
    }
}

fn parse(traceparent: String) -> SpanContext {
    let carrier = HashMap::from([("traceparent".to_owned(), traceparent)]);
    TraceContextPropagator::new().extract(&carrier).span().span_context().clone()
}

struct Found(Option<String>);

impl Visit for Found {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == FIELD {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
