//! A writer that remembers, and settings to start from.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use mif_telemetry::{LogFormat, OtlpProtocol, TelemetrySettings};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    pub(crate) fn lines(&self) -> Vec<String> {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

pub(crate) fn settings() -> TelemetrySettings {
    TelemetrySettings {
        format: LogFormat::Json,
        filter: "info".to_owned(),
        otlp_endpoint: None,
        otlp_protocol: OtlpProtocol::Grpc,
        service_name: "mif".to_owned(),
        service_version: "0.1.0",
        sample_ratio: 1.0,
    }
}
