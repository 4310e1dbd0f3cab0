//! The flood guard: requests counted by GCRA in this process, by who asks and by where from.
//!
//! Two counts, and a request needs both: the *share* of its caller, which is the session of a verified token or else the
//! address, and the *ceiling* of its address, which all sessions behind it have together. The ceiling is asked first, so
//! that it also bounds how many signatures an address can have checked. A further count for a few routes only, such as
//! exports by user, is one more [`Governor`](actix_governor::Governor) with a key of its own around their scope.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use actix_governor::governor::NotUntil;
use actix_governor::governor::clock::{Clock as _, DefaultClock, QuantaInstant};
use actix_governor::governor::middleware::{NoOpMiddleware, StateInformationMiddleware};
use actix_governor::{GovernorConfig, GovernorConfigBuilder, GovernorResult, KeyExtractor};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage as _, HttpResponse, HttpResponseBuilder, ResponseError as _};
use mif_domain::guesses::subscriber;
use mif_domain::sessions::SessionId;

use crate::extract::{RequestContext, verified};
use crate::problem::{ApiError, Code};

/// The policies by their names in `RateLimit-Policy`.
const SHARE: &str = "appelant";
const CEILING: &str = "adresse";
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// What the middleware adds of its own accord, in a format that nobody standardised.
const UNWANTED: [&str; 3] = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-whitelisted"];

/// How much is let through. No number may be 0.
#[derive(Debug, Clone, Copy)]
pub struct FloodLimits {
    /// Requests at once of a session, or of an address that shows no valid token.
    pub burst: u32,
    /// How many of them come back each second.
    pub per_second: u32,
    /// Requests a minute of an address, everybody behind it together, in a burst or spread out.
    pub per_address_per_minute: u32,
}

/// The shared counters of all workers of this process.
#[derive(Debug, Clone)]
pub struct FloodGuard {
    share: Arc<GovernorConfig<ByCaller, StateInformationMiddleware>>,
    ceiling: Arc<GovernorConfig<ByAddress, NoOpMiddleware<QuantaInstant>>>,
    told: Arc<Told>,
}

/// What clients are told.
#[derive(Debug, Clone)]
struct Told {
    policies: HeaderValue,
    per_second: u32,
}

impl FloodGuard {
    /// A guard with empty counters. `None` when a limit is 0.
    pub fn new(limits: FloodLimits) -> Option<Self> {
        let FloodLimits { burst, per_second, per_address_per_minute } = limits;
        let window = burst.div_ceil(per_second.max(1));
        let policies = format!("\"{SHARE}\";q={burst};w={window}, \"{CEILING}\";q={per_address_per_minute};w=60");
        let told = Told { policies: HeaderValue::from_str(&policies).ok()?, per_second };
        let told = Arc::new(told);
        let share = GovernorConfigBuilder::default()
            .nanoseconds_per_request(1_000_000_000_u64.checked_div(per_second.into())?)
            .burst_size(burst)
            .methods(counted_methods())
            .key_extractor(ByCaller(Arc::clone(&told)))
            .use_headers()
            .finish()?;
        let ceiling = GovernorConfigBuilder::default()
            .nanoseconds_per_request(60_000_000_000_u64.checked_div(per_address_per_minute.into())?)
            .burst_size(per_address_per_minute)
            .methods(counted_methods())
            .key_extractor(ByAddress(Arc::clone(&told)))
            .finish()?;
        Some(Self { share: Arc::new(share), ceiling: Arc::new(ceiling), told })
    }

    /// Stands in where nothing is counted.
    #[expect(clippy::expect_used, reason = "constants: the builder refuses nothing but a rate or a burst of 0")]
    pub(crate) fn off() -> Self {
        Self::new(FloodLimits { burst: 1, per_second: 1, per_address_per_minute: 1 }).expect("1 is a rate")
    }

    /// Forgets callers that have been quiet: to be called now and then, or the tables grow for ever.
    pub fn forget_quiet(&self) {
        let (share, ceiling) = (self.share.limiter(), self.ceiling.limiter());
        share.retain_recent();
        share.shrink_to_fit();
        ceiling.retain_recent();
        ceiling.shrink_to_fit();
    }

    pub(crate) fn share(&self) -> &GovernorConfig<ByCaller, StateInformationMiddleware> {
        &self.share
    }

    pub(crate) fn ceiling(&self) -> &GovernorConfig<ByAddress, NoOpMiddleware<QuantaInstant>> {
        &self.ceiling
    }

    /// Tells the caller of a counted request what is left of their share.
    pub(crate) fn tell<B: MessageBody>(&self, response: &mut ServiceResponse<B>) {
        let counted =
            response.request().extensions().get::<GovernorResult<ApiError>>().and_then(|result| match result {
                GovernorResult::Ok { burst_size: Some(burst), remaining: Some(left) } => Some((*burst, *left)),
                _ => None,
            });
        if counted.is_some() {
            let limit = metrics::counter!("http_limiter_decisions_total", "limit" => SHARE, "decision" => "allowed");
            limit.increment(1);
        }
        let headers = response.headers_mut();
        for name in UNWANTED {
            headers.remove(name);
        }
        // A refusal has told already, about the count that refused.
        if let Some((burst, left)) = counted.filter(|_| !headers.contains_key(LIMIT)) {
            let whole_again = burst.saturating_sub(left).div_ceil(self.told.per_second);
            announce(headers, &self.told, &format!("\"{SHARE}\";r={left};t={whole_again}"));
        }
    }
}

/// OPTIONS is the browser's question before the request, not a request.
fn counted_methods() -> Vec<Method> {
    vec![Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE]
}

/// The fields of draft-ietf-httpapi-ratelimit-headers-11: what is allowed (`q` in `w` seconds), what is left (`r`), and in
/// how many seconds there is more (`t`).
fn announce(headers: &mut HeaderMap, told: &Told, left: &str) {
    headers.insert(POLICY, told.policies.clone());
    if let Ok(left) = HeaderValue::from_str(left) {
        headers.insert(LIMIT, left);
    }
}

fn refusal(until: &NotUntil<QuantaInstant>, policy: &'static str, told: &Told) -> HttpResponse {
    metrics::counter!("http_limiter_decisions_total", "limit" => policy, "decision" => "refused").increment(1);
    let wait = until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
    let error = ApiError::from(Code::TooManyRequests).with_header(header::RETRY_AFTER, HeaderValue::from(wait));
    let mut response = error.error_response();
    announce(response.headers_mut(), told, &format!("\"{policy}\";r=0;t={wait}"));
    response
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    Session(SessionId),
    Address(IpAddr),
}

/// Counts by session when the token is one of ours and has not expired, by address otherwise.
#[derive(Debug, Clone)]
pub(crate) struct ByCaller(Arc<Told>);

impl KeyExtractor for ByCaller {
    type Key = Caller;
    type KeyExtractionError = ApiError;

    fn extract(&self, request: &ServiceRequest) -> Result<Caller, ApiError> {
        // An unverified token would let anybody take a share of their own, or use up somebody else's.
        Ok(verified(request.request())
            .map_or_else(|_| Caller::Address(address(request)), |it| Caller::Session(it.session_id())))
    }

    fn exceed_rate_limit_response(&self, until: &NotUntil<QuantaInstant>, _: HttpResponseBuilder) -> HttpResponse {
        refusal(until, SHARE, &self.0)
    }
}

/// Counts by canonical client address, IPv6 by its /64.
#[derive(Debug, Clone)]
pub(crate) struct ByAddress(Arc<Told>);

impl KeyExtractor for ByAddress {
    type Key = IpAddr;
    type KeyExtractionError = ApiError;

    fn extract(&self, request: &ServiceRequest) -> Result<IpAddr, ApiError> {
        Ok(address(request))
    }

    fn exceed_rate_limit_response(&self, until: &NotUntil<QuantaInstant>, _: HttpResponseBuilder) -> HttpResponse {
        refusal(until, CEILING, &self.0)
    }
}

fn address(request: &ServiceRequest) -> IpAddr {
    let client = request.extensions().get::<RequestContext>().map(|context| context.client);
    client.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), subscriber)
}
