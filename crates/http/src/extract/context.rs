//! What the edge found out about a request.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use mif_application::access::RequestInfo;
use mif_domain::sessions::ClientInfo;
use mif_domain::text::Line;
use mif_domain::users::Language;

use crate::problem::{ApiError, Code};

/// Who asks, under which name, in which language.
#[derive(Debug, Clone)]
pub(crate) struct RequestContext {
    pub(crate) request_id: String,
    pub(crate) trace_id: String,
    pub(crate) language: Language,
    pub(crate) client: IpAddr,
}

impl RequestContext {
    /// For the audit trail.
    pub(crate) fn info(&self) -> RequestInfo {
        RequestInfo { ip: Some(self.client.to_string()), request_id: Some(self.request_id.clone()) }
    }
}

impl FromRequest for RequestContext {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(|| Code::Internal.into()))
    }
}

/// What a session list shows about where a sign-in came from.
#[derive(Debug)]
pub(crate) struct Client(pub(crate) ClientInfo);

impl FromRequest for Client {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let address =
            request.extensions().get::<RequestContext>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |c| c.client);
        let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        // Agents longer than anybody reads are cut, not refused.
        let agent = agent.map(|agent| agent.chars().take(300).collect::<String>());
        ready(Ok(Self(ClientInfo {
            ip: Some(address.to_string()),
            user_agent: agent.and_then(|agent| Line::parse(&agent).ok()),
        })))
    }
}
