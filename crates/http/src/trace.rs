//! The identity of a request in traces, and what a caller may say about it.

use actix_web::http::header::{HeaderMap, HeaderName};
use mif_domain::Entropy;
use opentelemetry::baggage::BaggageExt as _;
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry::{Context, KeyValue};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::edge::hex;

/// Tells the sampler that the caller's word on sampling counts. Whoever sets up the export looks for it by this name; what
/// does not carry it is sampled by our own ratio.
const HEEDED: &str = "mif.heeded";

/// Tells the sampler that this is a probe. It is sampled only when a heeded caller wants it; its measurements are taken.
const PROBE: &str = "mif.probe";

/// Asked every few seconds by orchestrators, balancers and Prometheus: traces of those would bury all others.
const PROBES: [&str; 9] = [
    "/live",
    "/liveness",
    "/ready",
    "/readiness",
    "/health",
    "/api/v1/health",
    "/metrics",
    "/api/v1/metrics",
    "/api/v1/health/metrics",
];

pub(crate) fn is_probe(route: Option<&str>) -> bool {
    route.is_some_and(|route| PROBES.contains(&route))
}

/// The trace that a caller asks us to go on with.
pub(crate) struct CallersTrace {
    parent: SpanContext,
    is_heeded: bool,
}

impl CallersTrace {
    /// None without a `traceparent` (W3C Trace Context), with several, and with one that cannot be read. Its identifiers are
    /// always taken; its *sampled* flag only from a peer that is `trusted`, or anybody could make us export every request.
    pub(crate) fn of(headers: &HeaderMap, trusted: bool) -> Option<Self> {
        let mut given = headers.get_all("traceparent");
        let well_formed = given.next().is_some_and(|value| is_well_formed(value.as_bytes())) && given.next().is_none();
        well_formed.then_some(())?;
        let context = opentelemetry::global::get_text_map_propagator(|propagator| {
            propagator.extract_with_context(&Context::new(), &Headers(headers))
        });
        let parent = context.span().span_context().clone();
        parent.is_valid().then_some(Self { parent, is_heeded: trusted })
    }
}

/// Whether it reads `00-<32>-<16>-<2>`, or begins like that in a later version, which may go on after another dash. The
/// propagator measures nothing: it takes `+7` for a number, and long ones that lead with zeros.
fn is_well_formed(traceparent: &[u8]) -> bool {
    let starts = traceparent.iter().zip(0..55_usize).all(|(byte, place)| match place {
        2 | 35 | 52 => *byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    });
    let ends = match traceparent.get(55) {
        None => traceparent.len() == 55,
        Some(byte) => *byte == b'-' && !traceparent.starts_with(b"00"),
    };
    starts && ends
}

/// The identity of this request in traces.
pub(crate) struct TraceIds {
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
    pub(crate) sampled: bool,
}

impl TraceIds {
    /// The caller's trace goes on here; without one a new trace begins.
    pub(crate) fn of(caller: Option<&CallersTrace>, entropy: &dyn Entropy) -> Self {
        let mut random = [0; 24];
        entropy.fill(&mut random);
        let (trace, span) = random.split_at(16);
        let fresh = Self { trace_id: hex(trace), span_id: hex(span), sampled: false };
        match caller {
            Some(CallersTrace { parent, is_heeded }) => {
                Self { trace_id: parent.trace_id().to_string(), sampled: *is_heeded && parent.is_sampled(), ..fresh }
            }
            None => fresh,
        }
    }

    /// Ties the span to the caller's trace, and takes the identity that the exporter knows it by, when there is one.
    pub(crate) fn adopt(self, span: &Span, caller: Option<CallersTrace>, is_probe: bool) -> Self {
        let is_heeded = caller.as_ref().is_some_and(|caller| caller.is_heeded);
        let marks = [(HEEDED, is_heeded), (PROBE, is_probe)].into_iter().filter(|(_, holds)| *holds);
        if caller.is_some() || is_probe {
            let context = Context::new().with_baggage(marks.map(|(name, _)| KeyValue::new(name, true)));
            let context = match caller {
                Some(caller) => context.with_remote_span_context(caller.parent),
                None => context,
            };
            // Fails when nothing is exported, which is fine.
            let _ = span.set_parent(context);
        }
        let exported = span.context();
        let exported = exported.span().span_context().clone();
        if !exported.is_valid() {
            return self;
        }
        Self {
            trace_id: exported.trace_id().to_string(),
            span_id: exported.span_id().to_string(),
            sampled: exported.is_sampled(),
        }
    }

    /// As the answer carries it (W3C Trace Context).
    pub(crate) fn traceparent(&self) -> String {
        let flags = if self.sampled { "01" } else { "00" };
        format!("00-{}-{}-{flags}", self.trace_id, self.span_id)
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }
    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::is_well_formed;

    #[test]
    fn a_traceparent_is_measured_to_the_byte() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        for good in ["00-T-S-01", "01-T-S-01", "01-T-S-01-x"] {
            let good = good.replace('T', trace).replace('S', span);
            assert!(is_well_formed(good.as_bytes()), "{good}");
        }
        let bad = [
            String::new(),
            format!("00-{trace}-{span}-0"),
            format!("00-{trace}-{span}-01-"),
            format!("00-{trace}-{span}-01-x"),
            format!("01-{trace}-{span}-011"),
            format!("00-0000000000000000{trace}-{span}-01"),
            format!("00-+{}-{span}-01", &trace[1..]),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00_{trace}-{span}-01"),
        ];
        for bad in bad {
            assert!(!is_well_formed(bad.as_bytes()), "{bad}");
        }
    }
}
