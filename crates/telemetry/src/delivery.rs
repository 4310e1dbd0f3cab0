//! Whether spans get through: counted, and told when it changes instead of at every batch. A collector that is away is no
//! reason to wake somebody.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// An exporter that is watched.
#[derive(Debug)]
pub(crate) struct Watched<E> {
    inner: E,
    is_failing: AtomicBool,
}

impl<E> Watched<E> {
    pub(crate) const fn new(inner: E) -> Self {
        Self { inner, is_failing: AtomicBool::new(false) }
    }

    fn note(&self, outcome: &OTelSdkResult, spans: u64) {
        let result = if outcome.is_ok() { "delivered" } else { "lost" };
        metrics::counter!("mif_trace_spans_total", "result" => result).increment(spans);
        let failed_before = self.is_failing.swap(outcome.is_err(), Ordering::Relaxed);
        match outcome {
            Err(error) if !failed_before => {
                tracing::warn!(%error, "traces cannot be delivered: they are dropped until the collector takes them");
            }
            Ok(()) if failed_before => tracing::info!("traces are delivered again"),
            _ => {}
        }
    }
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let outcome = self.inner.export(batch).await;
        self.note(&outcome, spans);
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
