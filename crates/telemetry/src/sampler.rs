//! Which traces are exported.

use opentelemetry::baggage::BaggageExt as _;
use opentelemetry::trace::{Link, SpanKind, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingResult, ShouldSample};

/// Carried by the context of a caller whose word on sampling counts. Whoever takes requests says so by this name.
const HEEDED: &str = "mif.heeded";

/// Carried by the context of a probe, likewise.
const PROBE: &str = "mif.probe";

/// A trace that begins here is exported by ratio, and in any case when it is linked to one that is: work that was left for
/// later is seen together with the request that left it. What happens inside a request follows the request. A request that
/// goes on with somebody else's trace follows them when they are heeded, and the ratio otherwise. A probe is exported only
/// when somebody who is heeded wants it.
pub(crate) fn sampler(ratio: f64) -> impl ShouldSample + 'static {
    let remote = |heeded| Remote { heeded, ratio: Sampler::TraceIdRatioBased(ratio) };
    Sampler::parent_based(Root(Sampler::TraceIdRatioBased(ratio)))
        .with_remote_parent_sampled(remote(Sampler::AlwaysOn))
        .with_remote_parent_not_sampled(remote(Sampler::AlwaysOff))
}

/// Decides where a trace begins.
#[derive(Debug, Clone)]
struct Root(Sampler);

impl ShouldSample for Root {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let is_linked = links.iter().any(|link| link.span_context.is_sampled());
        let sampler = match parent {
            _ if is_linked => &Sampler::AlwaysOn,
            Some(context) if carries(context, PROBE) => &Sampler::AlwaysOff,
            _ => &self.0,
        };
        sampler.should_sample(parent, trace_id, name, kind, attributes, links)
    }
}

/// Decides for one of the two words that a caller may say.
#[derive(Debug, Clone)]
struct Remote {
    heeded: Sampler,
    ratio: Sampler,
}

impl ShouldSample for Remote {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let sampler = match parent {
            Some(context) if carries(context, HEEDED) => &self.heeded,
            Some(context) if carries(context, PROBE) => &Sampler::AlwaysOff,
            _ => &self.ratio,
        };
        sampler.should_sample(parent, trace_id, name, kind, attributes, links)
    }
}

fn carries(context: &Context, mark: &'static str) -> bool {
    context.baggage().get(mark).is_some()
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceState};
    use opentelemetry_sdk::trace::SamplingDecision;

    use super::*;

    const TRACE: TraceId = TraceId::from_bytes([0x4b; 16]);

    fn parent(sampled: bool, remote: bool) -> Context {
        let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let span = SpanContext::new(TRACE, SpanId::from_bytes([7; 8]), flags, remote, TraceState::default());
        Context::new().with_remote_span_context(span)
    }

    fn heeded(context: &Context) -> Context {
        context.with_baggage([KeyValue::new(HEEDED, true)])
    }

    fn is_exported(ratio: f64, parent: Option<&Context>) -> bool {
        let result = sampler(ratio).should_sample(parent, TRACE, "request", &SpanKind::Server, &[], &[]);
        result.decision == SamplingDecision::RecordAndSample
    }

    #[test]
    fn a_trace_that_begins_here_follows_the_ratio() {
        assert!(!is_exported(0.0, None));
        assert!(is_exported(1.0, None));
    }

    #[test]
    fn a_stranger_decides_nothing() {
        for sampled in [true, false] {
            assert!(!is_exported(0.0, Some(&parent(sampled, true))));
            assert!(is_exported(1.0, Some(&parent(sampled, true))));
        }
    }

    #[test]
    fn a_heeded_caller_decides() {
        for ratio in [0.0, 1.0] {
            assert!(is_exported(ratio, Some(&heeded(&parent(true, true)))));
            assert!(!is_exported(ratio, Some(&heeded(&parent(false, true)))));
        }
    }

    #[test]
    fn a_probe_is_exported_only_when_a_heeded_caller_wants_it() {
        let probe = |context: Context, heeded: bool| {
            let marks = [(PROBE, true), (HEEDED, heeded)].into_iter().filter(|(_, holds)| *holds);
            context.with_baggage(marks.map(|(name, _)| KeyValue::new(name, true)))
        };
        assert!(!is_exported(1.0, Some(&probe(Context::new(), false))));
        for sampled in [true, false] {
            assert!(!is_exported(1.0, Some(&probe(parent(sampled, true), false))));
            assert_eq!(is_exported(0.0, Some(&probe(parent(sampled, true), true))), sampled);
        }
    }

    #[test]
    fn what_happens_inside_follows_the_request_whoever_sent_it() {
        for ratio in [0.0, 1.0] {
            assert!(is_exported(ratio, Some(&parent(true, false))));
            assert!(!is_exported(ratio, Some(&heeded(&parent(false, false)))));
        }
    }
}
