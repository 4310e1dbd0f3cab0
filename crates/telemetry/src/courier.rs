//! Carries spans to a collector that speaks OTLP over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response, ResponseBodyTooLarge};
use reqwest::redirect::Policy;
use tokio::runtime::Handle;

/// Like the gRPC exporter.
const WITHIN: Duration = Duration::from_secs(10);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A collector answers with a handful of bytes.
const ANSWER_BYTES: usize = 64 * 1024;

/// Sends on the runtime of the server, because the thread that exports has none.
#[derive(Debug)]
pub(crate) struct Courier {
    client: reqwest::Client,
    runtime: Handle,
}

impl Courier {
    pub(crate) fn new(runtime: Handle, secure: bool) -> Result<Self, reqwest::Error> {
        // Spans go where the settings say and nowhere else.
        let builder =
            reqwest::Client::builder().timeout(WITHIN).connect_timeout(CONNECT_WITHIN).redirect(Policy::none());
        // Without TLS nobody needs the certificates of the system, which a small image may not have.
        let builder = if secure { builder } else { builder.tls_certs_only([]) };
        Ok(Self { client: builder.build()?, runtime })
    }
}

#[async_trait]
impl HttpClient for Courier {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.runtime.spawn(async move { exchange(&client, request).await }).await?
    }
}

async fn exchange(client: &reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let mut answer = client.execute(request.try_into()?).await?;
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if body.len().saturating_add(piece.len()) > ANSWER_BYTES {
            return Err(Box::new(ResponseBodyTooLarge::new()));
        }
        body.extend_from_slice(&piece);
    }
    let mut response = Response::builder().status(answer.status()).body(Bytes::from(body))?;
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}
