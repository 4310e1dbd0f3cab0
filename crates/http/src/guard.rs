//! The flood guard: a ceiling of requests a minute and client address, counted by GCRA in this process.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use actix_governor::governor::NotUntil;
use actix_governor::governor::clock::{Clock as _, DefaultClock, QuantaInstant};
use actix_governor::governor::middleware::NoOpMiddleware;
use actix_governor::{GovernorConfig, GovernorConfigBuilder, KeyExtractor};
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpResponse, HttpResponseBuilder, ResponseError as _};

use crate::address::counted;
use crate::extract::RequestContext;
use crate::problem::{ApiError, Code};

/// The shared counters of all workers of this process.
#[derive(Debug, Clone)]
pub struct FloodGuard {
    config: Data<GovernorConfig<ByAddress, NoOpMiddleware<QuantaInstant>>>,
}

impl FloodGuard {
    /// A guard that lets `per_minute` requests of one address through, in a burst or spread out. `None` for 0.
    pub fn per_minute(per_minute: u32) -> Option<Self> {
        if per_minute == 0 {
            return None;
        }
        let config = GovernorConfigBuilder::default()
            .nanoseconds_per_request(60_000_000_000 / u64::from(per_minute))
            .burst_size(per_minute)
            // OPTIONS is the browser's question before the request, not a request.
            .methods(vec![Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .key_extractor(ByAddress)
            .finish()?;
        Some(Self { config: Data::from(Arc::new(config)) })
    }

    /// Stands in where nothing is counted.
    #[expect(clippy::expect_used, reason = "constants: the builder refuses nothing but a rate or a burst of 0")]
    pub(crate) fn off() -> Self {
        Self::per_minute(1).expect("1 is a rate")
    }

    /// Forgets addresses that have been quiet: to be called now and then, or the table grows for ever.
    pub fn forget_quiet(&self) {
        let limiter = self.config.limiter();
        limiter.retain_recent();
        limiter.shrink_to_fit();
    }

    pub(crate) fn config(&self) -> &GovernorConfig<ByAddress, NoOpMiddleware<QuantaInstant>> {
        &self.config
    }
}

/// Counts by canonical client address, IPv6 by its /64.
#[derive(Debug, Clone)]
pub(crate) struct ByAddress;

impl KeyExtractor for ByAddress {
    type Key = IpAddr;
    type KeyExtractionError = ApiError;

    fn extract(&self, request: &ServiceRequest) -> Result<IpAddr, ApiError> {
        let client = request.extensions().get::<RequestContext>().map(|context| context.client);
        Ok(client.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), counted))
    }

    fn exceed_rate_limit_response(&self, refusal: &NotUntil<QuantaInstant>, _: HttpResponseBuilder) -> HttpResponse {
        let wait = refusal.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
        ApiError::from(Code::TooManyRequests).with_header(header::RETRY_AFTER, HeaderValue::from(wait)).error_response()
    }
}
