//! The REST API of MIF.
//!
//! A handler extracts, calls one use case of `application`, and maps the result: no rule lives here, and no adapter is
//! visible. What does live here is the wire: French names and words ([`wire`]), conventions such as cursors, `ETag` and
//! `Idempotency-Key` ([`extract`], [`answer`]), one error format ([`problem`]), and the OpenAPI document ([`openapi`]).
//! [`app`] builds the actix application and explains the order of its middleware.

mod address;
mod answer;
mod app;
mod deadline;
mod edge;
mod extract;
mod fallback;
mod guard;
mod openapi;
mod problem;
mod routes;
mod span;
mod state;
mod trace;
mod unread;
mod wire;

pub use address::TrustedProxies;
pub use app::app;
pub use guard::{FloodGuard, FloodLimits};
pub use openapi::document;
pub use state::{ApiState, HealthBoard, Lifecycle, MetricsPage};
